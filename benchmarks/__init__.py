"""Benchmarks: Metagraft and TensorFlow measured side by side; see README.md."""
