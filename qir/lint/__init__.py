"""Lint rules over `Program` and `JobSpec`."""
