"""`python -m qir` is `qcompile`."""

from qir.cli import main

main()
