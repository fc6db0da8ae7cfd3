"""Modules of `tensorflow.python.ops`."""
