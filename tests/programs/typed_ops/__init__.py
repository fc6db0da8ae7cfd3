"""Ops that are made in every type that TensorFlow's CPU has a kernel for."""
