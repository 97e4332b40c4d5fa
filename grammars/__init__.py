"""Grammar files, read with `importlib.resources`."""
