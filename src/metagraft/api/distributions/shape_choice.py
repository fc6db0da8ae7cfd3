"""A vector chosen by a condition that may be known only when run.

Source: tensorflow python/ops/distributions/util.py pick_vector.
"""

from __future__ import annotations

from typing import Any

from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.math import select, select_v2
from metagraft.graph.constant_value import constant_value
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope

__all__ = ["chosen_vector"]


def chosen_vector(
    cond: Any, true_vector: Any, false_vector: Any, name: str = "pick_vector"
) -> Any:
    """`true_vector` if `cond` holds, else `false_vector`, whatever their lengths.

    Raises:
        TypeError: `cond` is not bool, or the types of the vectors differ.
    """
    with name_scope(name, values=(cond, true_vector, false_vector)):
        cond = convert_to_tensor(cond, name="cond")
        if cond.dtype != dtypes.bool:
            raise TypeError(f"{cond}.dtype={cond.dtype} which is not {dtypes.bool}")
        known = constant_value(cond)
        if known is not None:
            return true_vector if known else false_vector
        yes = convert_to_tensor(true_vector, name="true_vector")
        no = convert_to_tensor(false_vector, name="false_vector")
        if yes.dtype != no.dtype:
            raise TypeError(
                f"{yes}.dtype={yes.dtype} does not match {no}.dtype={no.dtype}"
            )
        length = array.shape(yes)[0]
        joined = array.concat([yes, no], 0)
        begin, size = [select_v2(cond, 0, length)], [select(cond, length, -1)]
        return array.slice_(joined, begin, size)
