"""`tensorflow.python.eager`: whether operations run at once."""
