"""Messages under TensorFlow's module names.

`tensorflow.core.x.y_pb2` is `metagraft.compat.core.x.y_pb2`, where all its messages are
in `metagraft.proto`.
"""
