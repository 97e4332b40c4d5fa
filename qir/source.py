"""Source texts and places in them: offset -> line and column, excerpt with a caret."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property

__all__ = ["Source", "Span"]


@dataclass(frozen=True, eq=False)
class Source:
    """A text with a name.

    `name` is the path as the user wrote it, `-` for standard input, or `<string>`.
    A program inside a JSON string is a source of its own: `pointer` is then the JSON
    Pointer (RFC 6901) of the string, and `name` that of the enclosing file.
    """

    text: str = field(repr=False)
    name: str = "<string>"
    pointer: str | None = None

    @cached_property
    def line_starts(self) -> list[int]:
        """Offset of the first character of every line (LF, CRLF and CR all end a line)."""
        starts = [0]
        text = self.text
        if "\r" not in text:
            position = text.find("\n")
            while position >= 0:
                starts.append(position + 1)
                position = text.find("\n", position + 1)
            return starts
        for i, character in enumerate(text):
            if character == "\n" or (character == "\r" and text[i + 1 : i + 2] != "\n"):
                starts.append(i + 1)
        return starts

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column, both counted from 1, of a character offset."""
        offset = max(0, min(offset, len(self.text)))
        line = bisect_right(self.line_starts, offset)
        return line, offset - self.line_starts[line - 1] + 1

    def line_text(self, line: int) -> str:
        """The text of a line (counted from 1) without its end."""
        starts = self.line_starts
        begin = starts[line - 1]
        end = starts[line] if line < len(starts) else len(self.text)
        return self.text[begin:end].rstrip("\r\n")

    def span(self, start: int, end: int | None = None) -> Span:
        """The span from `start` up to `end` (one character when `end` is missing)."""
        return Span(self, start, start + 1 if end is None else end)


@dataclass(frozen=True)
class Span:
    """A half-open range of character offsets in a source.  Lines and columns count from 1."""

    source: Source
    start: int
    end: int

    @property
    def line(self) -> int:
        return self.source.position(self.start)[0]

    @property
    def column(self) -> int:
        return self.source.position(self.start)[1]

    @property
    def end_line(self) -> int:
        return self.source.position(self.end)[0]

    @property
    def end_column(self) -> int:
        return self.source.position(self.end)[1]

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    def __str__(self) -> str:
        line, column = self.source.position(self.start)
        return f"{self.source.name}:{line}:{column}"

    def excerpt(self, width: int = 100) -> list[str]:
        """The line the span starts on, and a line of carets below it, cut to `width` columns."""
        line, column = self.source.position(self.start)
        text = self.source.line_text(line)
        length = max(1, min(self.end, self.start + len(text) - column + 1) - self.start)
        begin = 0
        if column - 1 > width * 3 // 4:
            begin = column - 1 - width // 2
        shown = "".join(c if c.isprintable() or c == "\t" else "\ufffd" for c in text[begin : begin + width])
        indent = "".join("\t" if c == "\t" else " " for c in text[begin : column - 1])
        carets = "^" * max(1, min(length, width - len(indent)))
        return [shown, indent + carets]
