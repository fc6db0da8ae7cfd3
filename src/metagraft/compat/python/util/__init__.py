"""`tensorflow.python.util`: structures, text, functions inspected."""
