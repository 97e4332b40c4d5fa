"""OpenQASM 3 and 2: text to `Program`."""
