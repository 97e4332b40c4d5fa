"""Write the reference pages that are derived from tables: `python docs/generate.py [--check]`.

rules.md from the codes, their pages and the rules' docstrings, gates.md from the gate table, targets.md from the
target records.  With --check nothing is written, and the exit status says whether they are current.
"""

from __future__ import annotations

import sys
from pathlib import Path

from qir.codes import CODES
from qir.gates import ALIASES, GATES
from qir.lint.manual import sections
from qir.targets import all_targets
from qir.targets.ibm import offers_fractional

HERE = Path(__file__).resolve().parent
NOTE = "<!-- Written by docs/generate.py. -->\n"
GROUPS = {
    "1": "Syntax and semantics",
    "2": "Circuit smells",
    "3": "Target rules",
    "4": "Payload and job rules",
    "5": "Cost and quality estimates",
    "9": "Internal",
}


def rules() -> str:
    """Every diagnostic code, with the manual page of the rule behind it."""
    lines = ["# Diagnostics", NOTE, "`qcompile explain CODE` prints the same. Codes are stable.", ""]
    for digit, title in GROUPS.items():
        lines += [f"## Q{digit}xx: {title}", ""]
        for row in sorted((r for r in CODES.values() if r.code[1] == digit), key=lambda r: r.code):
            lines += [f"### {row.code} `{row.slug}`", ""]
            for section in sections(row.slug):
                lines += [section, ""]
    return "\n".join(lines).rstrip() + "\n"


def gates() -> str:
    """The gate table."""
    names: dict[str, list[str]] = {}
    for alias, name in ALIASES.items():
        names.setdefault(name, []).append(alias)
    lines = ["# Gates", NOTE, "Angles are radians; those of native gates are turns.", ""]
    lines += ["| gate | qubits | angles | inverse | in stdgates.inc | IonQ name | also called |"]
    lines += ["|---|---|---|---|---|---|---|"]
    for row in GATES.values():
        ionq = row.ionq or (row.name + " (native)" if row.native == "ionq" else "")
        cells = [f"`{row.name}`", str(row.num_qubits), str(row.num_params), f"`{row.inverse}`", "yes" if row.std else "", ionq,
                 " ".join(sorted(names.get(row.name, [])))]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def targets() -> str:
    """The machines."""
    note = "Gates in brackets come with the gateset `fractional`."
    head = [note, "", "| name | vendor | qubits | gates | runs | in service | facts from |", "|---|---|---|---|---|---|---|"]
    lines = ["# Targets", NOTE, *head]
    for t in all_targets():
        gates = " ".join(t.gates) + (" (rx rzz)" if offers_fractional(t) else "")
        cells = [f"`{t.name}`", t.vendor, str(t.num_qubits), gates, " ".join(sorted(t.features)),
                 f"retired {t.retired}" if t.retired else "yes", t.source]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


PAGES = {"rules.md": rules, "gates.md": gates, "targets.md": targets}


def main(check: bool) -> int:
    stale = [n for n, make in PAGES.items() if not (HERE / n).exists() or (HERE / n).read_text("utf-8") != make()]
    for name in stale:
        if check:
            print(f"docs/{name} is not current: run python docs/generate.py", file=sys.stderr)
        else:
            (HERE / name).write_text(PAGES[name](), "utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    raise SystemExit(main("--check" in sys.argv[1:]))
