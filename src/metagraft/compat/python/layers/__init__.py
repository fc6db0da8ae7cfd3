"""`tensorflow.python.layers`: layers, and what they share."""
