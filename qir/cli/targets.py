"""`qcompile targets`: the machines that are known."""

from __future__ import annotations

import json
from typing import Any

import click

from qir.targets.target import Target

__all__ = ["command"]


@click.command(name="targets")
@click.argument("name", required=False)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(name: str | None, form: str) -> None:
    """List the machines, or describe the one called NAME."""
    from qir.targets import all_targets, find

    if name is not None:
        row = describe(find(name))
        if form == "json":
            print(json.dumps(row, indent=2))
            return
        width = max(map(len, row))
        for key, value in row.items():
            if value not in (None, {}, []):
                print(f"{key:<{width}}  {_plain(value)}")
        return
    machines = all_targets()
    if form == "json":
        print(json.dumps([describe(t) for t in machines], indent=2))
        return
    width = max(len(t.name) for t in machines)
    from qir.targets.ibm import FRACTIONAL, offers_fractional

    for t in machines:
        more = sorted(FRACTIONAL - set(t.gates)) if offers_fractional(t) else []
        gates = " ".join(t.gates) + (f" ({' '.join(more)})" if more else "")
        state = f"retired {t.retired}" if t.retired else ""
        print(f"{t.name:<{width}}  {t.vendor:<6} {t.num_qubits:>4} qubits  {gates:<24}  {state}".rstrip())


def describe(target: Target) -> dict[str, Any]:
    """A target's facts as JSON-able data; `on_request` are the gates that `--gateset fractional` adds."""
    from qir.targets.ibm import FRACTIONAL, offers_fractional

    return {
        "name": target.name,
        "vendor": target.vendor,
        "family": target.family or None,
        "qubits": target.num_qubits,
        "gates": list(target.gates),
        "on_request": sorted(FRACTIONAL - set(target.gates)) if offers_fractional(target) else [],
        "entangler": target.entangler,
        "connections": "all" if target.all_to_all else len(target.connected),
        "features": sorted(target.features),
        "limits": dict(target.limits),
        "dt": target.timing.dt if target.timing else None,
        "simulator": target.simulator,
        "retired": target.retired,
        "source": target.source or None,
    }


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k} {v:g}" for k, v in value.items())
    if isinstance(value, list):
        return " ".join(map(str, value))
    return str(value)
