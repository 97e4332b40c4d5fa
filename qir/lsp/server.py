"""The protocol side of the language server, on pygls."""

from __future__ import annotations

import asyncio

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer

from qir.diagnostics import Diagnostic, Severity
from qir.errors import QirError
from qir.lsp.features import Document, open_document
from qir.source import Source, Span
from qir.version import VERSION

__all__ = ["make_server"]

_PAUSE = 0.005
"""Seconds to wait for the next change, so that fast typing does not queue up."""

_SEVERITY = {
    Severity.ERROR: lsp.DiagnosticSeverity.Error,
    Severity.WARNING: lsp.DiagnosticSeverity.Warning,
    Severity.INFO: lsp.DiagnosticSeverity.Information,
}
_KIND = {
    "gate": lsp.CompletionItemKind.Function,
    "def": lsp.CompletionItemKind.Function,
    "keyword": lsp.CompletionItemKind.Keyword,
    "const": lsp.CompletionItemKind.Constant,
}


def make_server(target: str | None = None) -> LanguageServer:
    """A server that lints for `target`, or for no machine in particular."""
    server = LanguageServer("qcompile", VERSION, text_document_sync_kind=lsp.TextDocumentSyncKind.Incremental)
    documents: dict[str, tuple[int | None, Document]] = {}

    def document(uri: str) -> Document:
        text = server.workspace.get_text_document(uri)
        known = documents.get(uri)
        if known is None or known[0] != text.version or known[1].source.text != text.source:
            documents[uri] = (text.version, open_document(Source(text.source, uri), target))
        return documents[uri][1]

    def publish(uri: str) -> None:
        try:
            found = document(uri)
        except QirError:
            return
        items = [_diagnostic(d, found.source) for d in found.diagnostics]
        version = server.workspace.get_text_document(uri).version
        server.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri=uri, diagnostics=items, version=version))

    @server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: lsp.DidOpenTextDocumentParams) -> None:
        publish(params.text_document.uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    async def changed(params: lsp.DidChangeTextDocumentParams) -> None:
        # Of changes that arrive together only the last is looked at.
        await asyncio.sleep(_PAUSE)
        text = server.workspace.text_documents.get(params.text_document.uri)
        if text is not None and text.version == params.text_document.version:
            publish(params.text_document.uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: lsp.DidCloseTextDocumentParams) -> None:
        uri = params.text_document.uri
        documents.pop(uri, None)
        server.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri=uri, diagnostics=[]))

    @server.feature(lsp.TEXT_DOCUMENT_HOVER)
    def hover(params: lsp.HoverParams) -> lsp.Hover | None:
        found = document(params.text_document.uri)
        answer = found.hover(_offset(found.source, params.position))
        if answer is None:
            return None
        return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, answer[0]), _range(answer[1]))

    @server.feature(lsp.TEXT_DOCUMENT_DEFINITION)
    def definition(params: lsp.DefinitionParams) -> lsp.Location | None:
        found = document(params.text_document.uri)
        span = found.definition(_offset(found.source, params.position))
        if span is None or span.source is not found.source:
            return None
        return lsp.Location(params.text_document.uri, _range(span))

    @server.feature(lsp.TEXT_DOCUMENT_COMPLETION)
    def completion(params: lsp.CompletionParams) -> list[lsp.CompletionItem]:
        found = document(params.text_document.uri)
        other = lsp.CompletionItemKind.Variable
        return [
            lsp.CompletionItem(label=c.label, kind=_KIND.get(c.kind, other), detail=c.detail or c.kind)
            for c in found.completions(_offset(found.source, params.position))
        ]

    @server.feature(lsp.TEXT_DOCUMENT_CODE_ACTION, lsp.CodeActionOptions([lsp.CodeActionKind.QuickFix]))
    def actions(params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        uri = params.text_document.uri
        found = document(uri)
        begin, end = (_offset(found.source, p) for p in (params.range.start, params.range.end))
        result = []
        for d in found.diagnostics:
            if d.fix is None or d.span is None or d.span.source is not found.source or d.span.start > end or d.span.end < begin:
                continue
            edits = [lsp.TextEdit(_range(found.source.span(e.start, e.end)), e.text) for e in d.fix.edits]
            result.append(
                lsp.CodeAction(
                    title=d.fix.title or f"Fix {d.code}",
                    kind=lsp.CodeActionKind.QuickFix,
                    diagnostics=[_diagnostic(d, found.source)],
                    edit=lsp.WorkspaceEdit(changes={uri: edits}),
                    is_preferred=d.fix.safe,
                )
            )
        return result

    return server


def _diagnostic(d: Diagnostic, source: Source) -> lsp.Diagnostic:
    span = d.span if d.span is not None and d.span.source is source else source.span(0, 0)
    message = d.message + (f"\nhelp: {d.help}" if d.help else "")
    return lsp.Diagnostic(_range(span), message, severity=_SEVERITY[d.severity], code=d.code, source="qcompile")


def _range(span: Span) -> lsp.Range:
    return lsp.Range(_position(span.source, span.start), _position(span.source, span.end))


def _position(source: Source, offset: int) -> lsp.Position:
    """Lines from 0, columns in UTF-16 code units, as the protocol wants."""
    line, column = source.position(offset)
    before = source.line_text(line)[: column - 1]
    return lsp.Position(line - 1, len(before.encode("utf-16-le", "surrogatepass")) // 2)


def _offset(source: Source, position: lsp.Position) -> int:
    line = min(position.line + 1, len(source.line_starts))
    text = source.line_text(line)
    units = text.encode("utf-16-le", "surrogatepass")[: 2 * position.character]
    return source.line_starts[line - 1] + len(units.decode("utf-16-le", "ignore"))
