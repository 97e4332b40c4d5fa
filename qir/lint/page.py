"""What a page of the manual holds."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["HEAD", "Page", "program"]

HEAD = 'OPENQASM 3.1;\ninclude "stdgates.inc";\n'


class Page(NamedTuple):
    """The page of a code that no single rule stands behind.

    why: what is wrong with it, and what it leads to.    wrong, right: a program that triggers the code and one
    that does not, both complete but for the two lines of `HEAD`; empty where a few lines cannot show it.
    fix: what to do.
    """

    why: str
    wrong: str
    right: str
    fix: str

    def text(self) -> str:
        """The page in words and indented examples."""
        parts = [f"Why it matters: {self.why}"]
        if self.wrong:
            parts.append("Example:\n\n" + _indented(self.wrong))
        if self.right:
            parts.append("Better:\n\n" + _indented(self.right))
        parts.append(f"How to fix it: {self.fix}")
        return "\n\n".join(parts)


def program(example: str) -> str:
    """The whole program that an example stands for."""
    return example if example.lstrip().startswith(("OPENQASM", "//", "{", "[")) else HEAD + example


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.strip("\n").splitlines())
