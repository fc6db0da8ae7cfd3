"""Functions of one tensor that also take the values of a sparse tensor.

Source: tensorflow python/ops/sparse_ops.py _UnaryMapValueDispatcher.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from metagraft.graph.composite import SparseTensor
from metagraft.graph.scopes import name_scope

__all__ = ["of_sparse_values"]

Function = Callable[..., Any]


def of_sparse_values(taken: str | None = None) -> Callable[[Function], Function]:
    """Let a function of one tensor map the values of sparse tensors, too.

    Args:
        taken: The name that the function gives to its node by default.
    """

    def decorate(function: Function) -> Function:
        @functools.wraps(function)
        def mapped(x: Any, name: str | None = None) -> Any:
            if not isinstance(x, SparseTensor):
                return function(x, name=name)
            if taken is not None:
                # TF: a failed try with the sparse tensor itself uses up the name.
                with name_scope(name, taken, [x]):
                    pass
            return SparseTensor(x.indices, function(x.values, name=name), x.dense_shape)

        return mapped

    return decorate
