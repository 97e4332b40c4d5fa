"""`qcompile serve`: a local service to rehearse on."""

from __future__ import annotations

import sys

import click

from qir.serve.app import serve
from qir.serve.faults import parse_steps
from qir.serve.store import Store

__all__ = ["command"]


@click.command(name="serve")
@click.option("--port", type=click.IntRange(1, 65535), default=8080, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True,
              help="Address to listen on; other machines stay out by default.")
@click.option("--faults", default="ok", show_default=True, metavar="STEPS",
              help="What happens to the next submissions: drop,ok.")
@click.option("--latency", type=float, default=0.0, show_default=True, metavar="S",
              help="Seconds before a submission is answered.")
@click.option("--queue-time", type=float, default=0.0, show_default=True, metavar="S",
              help="Seconds a job waits before it runs.")
@click.option("--fractional", is_flag=True, help="IBM's machines take fractional gates (rx, rzz).")
def command(port: int, host: str, faults: str, latency: float, queue_time: float, fractional: bool) -> None:
    """Run a local service with both vendors' APIs on the built-in simulator.

    \b
    qcompile serve --port 8080
    qcompile submit examples/bell.qasm -t qpu.forte-1 --shots 100 --url http://127.0.0.1:8080/v0.4 --wait
    qcompile submit examples/bell.qasm -t ibm_fez --shots 100 --url http://127.0.0.1:8080 --wait

    Steps of --faults: ok, drop, drop-before, cut, html, hang, dribble, bomb, twice, redirect, after:503,
    before:429, slow:2, lag:3; the last one repeats.
    """
    parse_steps(faults)
    print(f"serving IonQ at http://{host}:{port}/v0.4 and IBM at http://{host}:{port}", file=sys.stderr)
    serve(port, host, store=Store(queue_time), faults=faults, latency=latency, fractional=fractional)
