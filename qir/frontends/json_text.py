"""Strict JSON with places, as the readers use it; see `qir.json_text`."""

from __future__ import annotations

from qir.json_text import Document, Path, embedded, is_int, is_number, kind_of, parse, pointer

__all__ = ["Document", "Path", "embedded", "is_int", "is_number", "kind_of", "parse", "pointer"]
