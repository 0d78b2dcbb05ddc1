"""Measurements against named peers in the same run: one command each, printed as a table."""
