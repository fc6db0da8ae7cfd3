"""Checkpoints of version 1, tables of slices; the layout is docs/formats/slices.md."""
