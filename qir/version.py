"""The version, in one place for everything that names it."""

__all__ = ["VERSION"]

VERSION = "0.1.0"
