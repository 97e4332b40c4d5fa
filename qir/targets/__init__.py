"""Machines as records."""
