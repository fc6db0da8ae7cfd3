"""Messages of `tensorflow.core.profiler`: what a profile of a graph is made of."""
