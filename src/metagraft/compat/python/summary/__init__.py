"""`tensorflow.python.summary`: summaries."""
