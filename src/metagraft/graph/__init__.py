"""The graph: storage, names, scopes, types, shapes and how nodes are built."""
