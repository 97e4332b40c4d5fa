"""`qcompile verify A B`."""

from __future__ import annotations

import click

from qir.errors import ParseError, UsageError

__all__ = ["command"]


@click.command(name="verify")
@click.argument("a")
@click.argument("b")
@click.option("--assume-zero", is_flag=True, help="Compare only what they do to |0...0>.")
def command(a: str, b: str, assume_zero: bool) -> int:
    """Tell whether two files mean the same circuit.

    A and B may be in any supported format, so a source can be held against its payload; - is standard
    input.  A payload starts in |0...0>, wherever the program's qubits were placed.  Exit status 0 when
    proved or tested, 1 when refuted, 5 when it could not be decided.

    \b
    qcompile bell.qasm -t qpu.forte-1 | qcompile verify bell.qasm -
    """
    from qir.comparison import comparable
    from qir.frontends import open_source, read
    from qir.verify import equivalent

    programs = [read(open_source(name)) for name in (a, b)]
    problems = [d for p in programs if p.has_errors for d in p.diagnostics]
    if problems:
        raise ParseError(problems)
    for name, program in zip((a, b), programs):
        if len(program.circuits) != 1:
            raise UsageError(f"{name} holds {len(program.circuits)} circuits; verify compares one with one")
    circuits = comparable(*programs)
    result = equivalent(*circuits, assume_zero=assume_zero)
    if result.verdict == "refuted" and not assume_zero and any(p.job is not None for p in programs):
        # A job body does not say where the program's qubits were placed; all it can run on is |0...0>.
        result = equivalent(*circuits, assume_zero=True)
        if result.equivalent:
            print("on the input |0...0>, which is all that a job runs on:")
    print(result)
    return {"proved": 0, "tested": 0, "refuted": 1}.get(result.verdict, 5)
