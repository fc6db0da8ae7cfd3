"""Identity matrices, as TensorFlow's Python function adds their nodes.

Source: tensorflow python/ops/linalg_ops_impl.py eye.
"""

from __future__ import annotations

import numbers
from typing import Any

from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.matrix_diag import matrix_diag, matrix_set_diag
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["eye"]


def eye(
    num_rows: Any,
    num_columns: Any = None,
    batch_shape: Any = None,
    dtype: Any = dtypes.float32,
    name: str | None = None,
) -> Tensor:
    """Return an identity matrix, or a batch of them.

    Args:
        num_rows: Rows.
        num_columns: Columns; as many as rows by default.
        batch_shape: Shape of the batch; by default there is none.
        dtype: The element type.
        name: Name of the scope.

    Raises:
        TypeError: A size is no integer.
    """
    with name_scope(name, "eye", [num_rows, num_columns, batch_shape]):
        is_square = num_columns is None
        batch: Any = [] if batch_shape is None else batch_shape
        num_columns = num_rows if num_columns is None else num_columns
        length: Any
        if isinstance(num_rows, Tensor) or isinstance(num_columns, Tensor):
            length = op("Minimum", x=num_rows, y=num_columns)
        else:
            for value in (num_rows, num_columns):
                if not isinstance(value, numbers.Integral):
                    raise TypeError(
                        "Arguments `num_rows` and `num_columns` must be positive"
                        f" integer values. Received: num_rows={num_rows},"
                        f" num_columns={num_columns}"
                    )
            is_square = num_rows == num_columns
            length = min(num_rows, num_columns)
        matrix: Any = None
        if isinstance(batch, Tensor) or isinstance(length, Tensor):
            batch = convert_to_tensor(batch, name="shape", dtype=dtypes.int32)
            diagonal = array.concat((batch, [length]), axis=0)
            if not is_square:
                matrix = array.concat((batch, [num_rows, num_columns]), axis=0)
        else:
            diagonal = [*batch, length]
            matrix = [*batch, num_rows, num_columns]
        units = array.ones(diagonal, dtype=dtype)
        if is_square:
            return matrix_diag(units)
        return matrix_set_diag(array.zeros(matrix, dtype=dtype), units)
