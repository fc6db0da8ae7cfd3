"""The functions people call to build graphs, one module per family."""
