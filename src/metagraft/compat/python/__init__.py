"""Modules of `tensorflow.python` that programs import although they are not public.

`tensorflow.python.x.y` is `metagraft.compat.python.x.y`, where it is built.
"""
