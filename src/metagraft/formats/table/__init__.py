"""Sorted tables, as in checkpoint indexes; the layout is docs/formats/table.md."""
