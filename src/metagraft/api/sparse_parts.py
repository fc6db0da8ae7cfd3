"""Sparse tensors put together and taken apart (`tf.sparse.concat` and its kin).

Source: tensorflow python/ops/sparse_ops.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.renamed_arguments import renamed_argument
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.build.sparse import as_sparse, sparse_slice
from metagraft.graph.composite import SparseTensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.shapes import Dims, TensorShape, is_static
from metagraft.graph.tensor import Tensor

__all__ = ["sparse_concat", "sparse_slice", "sparse_split"]


def sparse_concat(
    axis: Any,
    sp_inputs: Any,
    name: str | None = None,
    expand_nonconcat_dim: bool = False,
    concat_dim: Any = None,
    expand_nonconcat_dims: bool | None = None,
) -> SparseTensor:
    """Put sparse tensors together along an axis.

    Args:
        axis: The axis.
        sp_inputs: The sparse tensors, as a list or tuple.
        name: Name of the operation.
        expand_nonconcat_dim: Whether other axes may differ: the largest counts.
        concat_dim: Old name of `axis`.
        expand_nonconcat_dims: Another name of `expand_nonconcat_dim`.

    Raises:
        TypeError: `sp_inputs` is no list of sparse tensors.
    """
    axis = renamed_argument("axis", axis, "concat_dim", concat_dim)
    # TF: the other name is refused beside the default of this one.
    if expand_nonconcat_dims is not None:
        expand_nonconcat_dim = expand_nonconcat_dims
    if not isinstance(sp_inputs, list | tuple):
        raise TypeError("Inputs must be a list or tuple.")
    inputs = [as_sparse(one) for one in sp_inputs]
    if len(inputs) == 1:
        return inputs[0]
    shapes = [one.dense_shape for one in inputs]
    if expand_nonconcat_dim:
        shapes = _widened(shapes, axis)
    indices, values, shape = op(
        "SparseConcat",
        indices=[one.indices for one in inputs],
        values=[one.values for one in inputs],
        shapes=shapes,
        concat_dim=axis,
        name=name,
    )
    known = [one.shape.dims_tuple for one in inputs]
    dims = _joined_dims(known, axis, expand=expand_nonconcat_dim)
    if all(is_static(one) for one in known):
        shape = convert_to_tensor(list(dims or ()), dtype=dtypes.int64)
        return SparseTensor(indices, values, shape)
    result = SparseTensor(indices, values, shape)
    result.set_shape(TensorShape(dims))
    return result


def _widened(shapes: list[Tensor], axis: int) -> list[Tensor]:
    """The largest size of each axis but the one along which they are put together."""
    rows = array.concat([array.reshape(shape, [1, -1]) for shape in shapes], 0)
    largest = reduce_tensor("Max", rows, 0)

    def widened(shape: Tensor) -> Tensor:
        result: Tensor = array.concat(
            [
                largest[:axis],
                shape[-1:] if axis == -1 else shape[axis : axis + 1],
                [] if axis == -1 else largest[axis + 1 :],
            ],
            0,
        )
        return result

    return [widened(shape) for shape in shapes]


def _joined_dims(shapes: list[Dims], axis: int, *, expand: bool) -> Dims:
    """What is known of the shape of the whole."""
    ranked = [list(shape) for shape in shapes if shape is not None]
    if len(ranked) < len(shapes):
        return None
    joined = list(ranked[0])
    if expand:
        joined = [_largest([shape[i] for shape in ranked]) for i in range(len(joined))]
    along = [shape[axis] for shape in ranked]
    sizes = [size for size in along if size is not None]
    joined[axis] = sum(sizes) if len(sizes) == len(along) else None
    return tuple(joined)


def _largest(sizes: list[int | None]) -> int | None:
    known = [size for size in sizes if size is not None]
    return max(known) if len(known) == len(sizes) else None


class _KeywordRequired:
    """What stands where no argument may."""

    def __repr__(self) -> str:
        """Show what it asks for."""
        return "KeywordRequired()"


def sparse_split(
    keyword_required: Any = _KeywordRequired(),  # noqa: B008 - it is never changed
    sp_input: Any = None,
    num_split: int | None = None,
    axis: Any = None,
    name: str | None = None,
    split_dim: Any = None,
) -> list[SparseTensor]:
    """Split a sparse tensor into parts along an axis.

    Args:
        keyword_required: Nothing: the arguments are given by name.
        sp_input: The sparse tensor.
        num_split: The number of parts; the first are larger if they cannot be equal.
        axis: The axis.
        name: Name of the operation.
        split_dim: Old name of `axis`.

    Raises:
        ValueError: An argument is missing or given without its name.
    """
    if not isinstance(keyword_required, _KeywordRequired):
        raise ValueError(  # noqa: TRY004 - TensorFlow's class
            "Keyword arguments are required for this function."
        )
    if sp_input is None:
        raise ValueError("sp_input is required")
    if num_split is None:
        raise ValueError("num_split is required")
    if axis is None and split_dim is None:
        raise ValueError("axis is required")
    axis = renamed_argument("axis", axis, "split_dim", split_dim)
    sp_input = as_sparse(sp_input)
    indices, values, shapes = op(
        "SparseSplit",
        split_dim=axis,
        indices=sp_input.indices,
        values=sp_input.values,
        shape=sp_input.dense_shape,
        num_split=num_split,
        name=name,
    )
    return [
        SparseTensor(indices[part], values[part], shapes[part])
        for part in range(num_split)
    ]
