"""Readers: each turns a `Source` into a `Program`."""
