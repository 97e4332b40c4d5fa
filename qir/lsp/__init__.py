"""The language server, `qcompile lsp`.  Needs the extra `lsp` (pygls)."""
