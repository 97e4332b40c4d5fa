"""`qcompile run`: programs and payloads on the built-in simulator."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from qir.cli.common import read_json
from qir.cli.compile import parse_observables
from qir.errors import UsageError

__all__ = ["command"]


@click.command(name="run")
@click.argument("source", metavar="SOURCE|PAYLOAD")
@click.option("--shots", type=click.IntRange(1), metavar="N", help="Repetitions; default the job's own, else 1024.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the measurements.")
@click.option("--observable", "observables", multiple=True, metavar="'ZZ'|JSON",
              help="Print expectation values instead of counts.")
@click.option("--values", metavar="FILE", help="JSON file with parameter values.")
@click.option("--noise", metavar="MODEL|JSON", help="IonQ's noise model by name (aria-1, forte-1, …) or its noise object; "
              "default the job's own.")
def command(
    source: str, shots: int | None, seed: int, observables: tuple[str, ...], values: str | None, noise: str | None
) -> None:
    """Run SOURCE on the built-in simulator and print the results as JSON.

    SOURCE may be a program or a job body of either vendor, so that a payload can be tried before
    it is sent.
    """
    from qir.simulator import simulate

    observed = parse_observables(observables)
    result = simulate(
        Path(source),
        shots=shots if shots is not None or observed is not None else 1024,
        seed=seed,
        observables=observed,
        parameter_values=read_json(values, "parameter values") if values else None,
        noise=_noise(noise),
    )
    print(json.dumps(result.to_dict(), indent=2))


def _noise(text: str | None) -> Any:
    if text is None or not text.lstrip().startswith("{"):
        return text
    try:
        return json.loads(text)
    except ValueError as reason:
        raise UsageError(f"--noise is not JSON: {reason}") from None
