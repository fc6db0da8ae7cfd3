"""Namespaces of other libraries, in Metagraft's own."""
