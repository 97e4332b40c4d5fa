"""Optimisation and decomposition passes, one a file."""
