"""Patterns in space and time: pure functions of arrays."""
