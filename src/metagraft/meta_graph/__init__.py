"""MetaGraphs: export, import, scopes, collections, stripping, debug information."""
