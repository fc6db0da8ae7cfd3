"""`tensorflow.python.platform`: files, flags, logs, tests and the start of programs."""
