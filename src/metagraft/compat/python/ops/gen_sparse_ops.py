"""`tensorflow.python.ops.gen_sparse_ops`: functions of single ops."""

from __future__ import annotations

from metagraft.api.op_functions import positional_functions

__getattr__, __dir__ = positional_functions(__name__, globals())
