"""Findings as text for programs: JSON, SARIF 2.1.0, GitHub annotations."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import PurePath, PurePosixPath, PureWindowsPath
from typing import Any
from urllib.parse import quote

from qir.codes import CODES
from qir.diagnostics import Diagnostic, Severity

__all__ = ["Finding", "github", "sarif", "to_json"]

Finding = tuple[str, Diagnostic]
"""The file as the user named it, and what was found in it."""

_LEVEL = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def to_json(findings: Iterable[Finding]) -> str:
    """The list of the command line's contract; lines and columns count from 1."""
    return json.dumps([d.to_dict(file) for file, d in findings], indent=2, ensure_ascii=False) + "\n"


def github(findings: Iterable[Finding]) -> str:
    """Workflow commands that GitHub shows as annotations."""
    lines = []
    for file, d in findings:
        kind = {"error": "error", "warning": "warning"}.get(d.severity.value, "notice")
        where = f"file={_property(file)}"
        if d.span is not None:
            where += f",line={d.span.line},col={d.span.column},endLine={d.span.end_line},endColumn={d.span.end_column}"
        text = d.message + (f" ({d.pointer})" if d.pointer else "") + (f"\nhelp: {d.help}" if d.help else "")
        lines.append(f"::{kind} {where},title={_property(f'{d.code} {d.slug}')}::{_data(text)}")
    return "".join(line + "\n" for line in lines)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def sarif(findings: Sequence[Finding], version: str) -> str:
    """One SARIF 2.1.0 run.  Columns count UTF-16 code units, as the format wants by default."""
    from qir.lint.manual import explain

    used = sorted({d.slug for _, d in findings}, key=lambda slug: CODES[slug].code)
    index = {slug: i for i, slug in enumerate(used)}
    rules = [
        {
            "id": CODES[slug].code,
            "name": slug,
            "shortDescription": {"text": CODES[slug].meaning},
            "help": {"text": explain(slug)},
        }
        for slug in used
    ]
    seen: dict[str, int] = {}
    results = []
    for file, d in findings:
        identity = f"{d.code}|{file}|{d.message}"
        seen[identity] = seen.get(identity, 0) + 1
        fingerprint = sha256(f"{identity}|{seen[identity]}".encode()).hexdigest()[:32]
        results.append(
            {
                "ruleId": d.code,
                "ruleIndex": index[d.slug],
                "level": _LEVEL[d.severity],
                "message": {"text": d.message + (f"\nhelp: {d.help}" if d.help else "")},
                "locations": [_location(file, d)],
                "partialFingerprints": {"qcompile/v1": fingerprint},
            }
        )
    driver = {"name": "qcompile", "version": version, "rules": rules}
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "utf16CodeUnits", "results": results}],
    }
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _location(file: str, d: Diagnostic) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": _artifact(file)}
    if d.span is not None:
        physical["region"] = {
            "startLine": d.span.line,
            "startColumn": _utf16(d, d.span.line, d.span.column),
            "endLine": d.span.end_line,
            "endColumn": _utf16(d, d.span.end_line, d.span.end_column),
        }
    location: dict[str, Any] = {"physicalLocation": physical}
    if d.pointer is not None:
        location["logicalLocations"] = [{"fullyQualifiedName": d.pointer or "/", "kind": "value"}]
    return location


def _utf16(d: Diagnostic, line: int, column: int) -> int:
    assert d.span is not None
    before = d.span.source.line_text(line)[: column - 1]
    return len(before.encode("utf-16-le", "surrogatepass")) // 2 + 1


def _artifact(file: str) -> dict[str, str]:
    """A percent-encoded relative URI with a base, or a `file:` URI for an absolute path."""
    windows = PureWindowsPath(file)
    path: PurePath = windows if windows.drive else PurePosixPath(file.replace("\\", "/"))
    if path.is_absolute():
        return {"uri": path.as_uri()}
    return {"uri": quote(path.as_posix()), "uriBaseId": "%SRCROOT%"}
