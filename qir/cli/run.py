"""`qcompile run`: programs and payloads on the built-in simulator."""

from __future__ import annotations

import json
from pathlib import Path

import click

from qir.cli.common import read_json
from qir.cli.compile import parse_observables

__all__ = ["command"]


@click.command(name="run")
@click.argument("source", metavar="SOURCE|PAYLOAD")
@click.option("--shots", type=click.IntRange(1), metavar="N", help="Repetitions; default the job's own, else 1024.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the measurements.")
@click.option("--observable", "observables", multiple=True, metavar="'ZZ'|JSON",
              help="Print expectation values instead of counts.")
@click.option("--values", metavar="FILE", help="JSON file with parameter values.")
def command(source: str, shots: int | None, seed: int, observables: tuple[str, ...], values: str | None) -> None:
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
    )
    print(json.dumps(result.to_dict(), indent=2))
