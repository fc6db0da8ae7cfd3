"""Checkpoints of version 1, tables of slices; the layout is in README.md."""
