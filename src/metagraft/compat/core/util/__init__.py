"""Messages of `tensorflow.core.util`: events and slices of checkpoints."""
