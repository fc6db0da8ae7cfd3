"""Profiles of graphs (`tf.profiler`): parameters, float operations, time and memory."""
