"""Messages of `tensorflow.core.framework`: graphs, tensors, summaries, statistics."""
