"""Equivalence of circuits.  Shares no code with the passes; evaluates gates from their definitions."""
