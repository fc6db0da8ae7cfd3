"""Running graphs: `Session` and what stands behind it.

JAX is imported by the first program that is compiled, not by this package.
"""
