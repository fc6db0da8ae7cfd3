"""Functions of shapes, of ragged tensors: their shape, parts and other divisions.

Source: tensorflow python/ops/ragged/ragged_array_ops.py, dynamic_ragged_shape.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api import array as dense
from metagraft.api.arithmetic import floordiv
from metagraft.api.checks import assert_equal, assert_non_negative
from metagraft.api.ragged_arrays import positive_axis
from metagraft.api.ragged_factories import as_values
from metagraft.api.ragged_shape import DynamicRaggedShape
from metagraft.api.ragged_tensor import RaggedTensor
from metagraft.api.repeat import repeat
from metagraft.api.shape_checks import assert_integer
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.control_flow import with_dependencies
from metagraft.graph.build.math import cast, cumsum
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope

__all__ = ["fill", "ones", "reshape", "shape", "split", "zeros"]


def shape(
    input: Any,
    name: str | None = None,
    out_type: Any = dtypes.int32,
) -> DynamicRaggedShape:
    """Return the shape of a ragged tensor."""
    with name_scope(name, "RaggedShape", [input]):
        values = as_values(input, name="input")
        return DynamicRaggedShape.from_tensor(values, out_type)


def reshape(tensor: Any, shape: Any, name: str | None = None) -> Any:
    """Divide values otherwise, or give them another shape.

    Args:
        tensor: A tensor, ragged or not.
        shape: A shape, ragged or not.
        name: None.

    Raises:
        TypeError: A name is given.
    """
    if name is not None:
        # TF: does not take ragged tensors with a name, nor tells why.
        raise TypeError("tf.reshape takes no name with ragged tensors or shapes.")
    values = as_values(tensor, name="tensor")
    if isinstance(values, RaggedTensor):
        values = values.values
    if isinstance(shape, DynamicRaggedShape):
        return shape.with_rows(array.reshape(values, shape.inner_shape))
    return array.reshape(values, convert_to_tensor(shape, name="shape"))


def ones(shape: Any, dtype: Any = dtypes.float32, name: str | None = None) -> Any:
    """Return ones of a ragged shape."""
    return shape.with_rows(array.ones(shape.inner_shape, dtype, name))


def zeros(shape: Any, dtype: Any = dtypes.float32, name: str | None = None) -> Any:
    """Return zeros of a ragged shape."""
    return shape.with_rows(array.zeros(shape.inner_shape, dtype, name))


def fill(dims: Any, value: Any, name: str | None = None) -> Any:
    """Return one value everywhere in a ragged shape."""
    return dims.with_rows(dense.fill(dims.inner_shape, value, name))


def split(
    value: Any,
    num_or_size_splits: Any,
    axis: int = 0,
    num: int | None = None,
    name: str | None = None,
) -> list[Any]:
    """Take a ragged tensor apart along an axis that is not ragged.

    Args:
        value: A ragged tensor.
        num_or_size_splits: How many equal parts, or their sizes.
        axis: The axis.
        num: How many sizes there are, if that is not known.
        name: Name of the scope.

    Raises:
        TypeError: The sizes are no vector of integers.
        ValueError: The axis is ragged, or it is not known how many parts there are.
    """
    with name_scope(name, "RaggedSplit"):
        ragged = as_values(value, name="value")
        if isinstance(num_or_size_splits, int) and num_or_size_splits == 1:
            return [ragged]
        assert_integer(
            num_or_size_splits,
            message=(
                "`num_or_size_splits` must be an `int` or 1-D list or `Tensor` of"
                " integers."
            ),
        )
        whole = DynamicRaggedShape.from_tensor(ragged)
        place = positive_axis(axis, whole.rank, "axis", "ndims")
        try:
            size = whole[place]
        except ValueError:
            raise ValueError(
                "Cannot split a ragged dimension. Got `value` with shape"
                f" {whole} and `axis` {place}."
            ) from None
        count, lengths = _parts(size, num_or_size_splits, num)
        ends = array.concat([[0], cumsum(lengths)], axis=0)
        checks = [
            assert_non_negative(
                num_or_size_splits,
                message="`num_or_size_splits` must be non-negative.",
            ),
            assert_equal(
                count,
                array.shape(lengths)[0],
                message="`num` is inconsistent with `num_or_size_split.shape[0]`.",
            ),
            assert_equal(
                cast(size, ends.dtype),
                ends[-1],
                message=(
                    "Cannot exactly split the `axis` dimension of `value` with the"
                    " given `num_or_size_split`."
                ),
            ),
        ]
        ends = with_dependencies(checks, ends)
        before = (slice(None),) * place
        return [ragged[(*before, slice(ends[i], ends[i + 1]))] for i in range(count)]


def _parts(size: Any, wanted: Any, num: int | None) -> tuple[int, Any]:
    """Return how many parts there are, and their sizes."""
    if isinstance(wanted, int):
        if wanted < 1:
            raise ValueError(
                f"`num_or_size_splits` must be >=1 if it is an `int`.Received {wanted}."
            )
        return wanted, repeat(floordiv(size, wanted), wanted)
    lengths = convert_to_tensor(wanted)
    rank = lengths.shape.ndims
    if rank is not None and rank != 1:
        raise TypeError(
            "`num_or_size_splits` must be an `int` or 1-D list or `Tensor`. Received"
            f" {wanted}."
        )
    known = None if rank is None else lengths.shape[0].value
    if known is None:
        if num is None:
            raise ValueError(
                "`num` must be specified as an `int` when the size of"
                f" `num_or_size_split` is statically unknown. Received `num`: {num}"
                f" and `num_or_size_split`: {wanted}."
            )
        return num, lengths
    if num is not None and num != known:
        raise ValueError(
            "`num` does not match the size of `num_or_size_split`. Received `num`:"
            f" {num} and size of `num_or_size_split`: {known}."
        )
    return known, lengths
