"""`tensorflow.python.client`: sessions and devices."""
