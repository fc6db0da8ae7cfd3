"""Checkpoints of version 2, tensor bundles; the layout is docs/formats/bundle.md."""
