"""Reductions over given axes (`tf.reduce_sum` and its kin).

Source: tensorflow python/ops/math_ops.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.renamed_arguments import renamed_argument
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.math import cast
from metagraft.graph.build.reductions import reduce_logsumexp as logsumexp
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = [
    "arg_max",
    "arg_min",
    "argmax",
    "argmin",
    "count_nonzero",
    "reduce_all",
    "reduce_any",
    "reduce_euclidean_norm",
    "reduce_logsumexp",
    "reduce_max",
    "reduce_mean",
    "reduce_min",
    "reduce_prod",
    "reduce_std",
    "reduce_sum",
    "reduce_variance",
]


def reduce_sum(
    input_tensor: Any,
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: bool | None = None,
) -> Tensor:
    """The sum over `axis`, or of all elements.

    Args:
        input_tensor: A tensor.
        axis: The axes, one or several; None for all.
        keepdims: Whether reduced axes stay, with size 1.
        name: Name of the operation.
        reduction_indices: The old name of `axis`.
        keep_dims: The old name of `keepdims`.

    Raises:
        ValueError: An argument is given under both names.
    """
    axis = renamed_argument("axis", axis, "reduction_indices", reduction_indices)
    keepdims = renamed_argument("keepdims", keepdims, "keep_dims", keep_dims)
    return reduce_tensor("Sum", input_tensor, axis, keepdims, name)


def reduce_mean(
    input_tensor: Any,
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: bool | None = None,
) -> Tensor:
    """The mean over `axis`, or of all elements.

    Args:
        input_tensor: A tensor.
        axis: The axes, one or several; None for all.
        keepdims: Whether reduced axes stay, with size 1.
        name: Name of the operation.
        reduction_indices: The old name of `axis`.
        keep_dims: The old name of `keepdims`.

    Raises:
        ValueError: An argument is given under both names.
    """
    axis = renamed_argument("axis", axis, "reduction_indices", reduction_indices)
    keepdims = renamed_argument("keepdims", keepdims, "keep_dims", keep_dims)
    return reduce_tensor("Mean", input_tensor, axis, keepdims, name)


def reduce_prod(
    input_tensor: Any,
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: bool | None = None,
) -> Tensor:
    """The product over `axis`, or of all elements.

    Args:
        input_tensor: A tensor.
        axis: The axes, one or several; None for all.
        keepdims: Whether reduced axes stay, with size 1.
        name: Name of the operation.
        reduction_indices: The old name of `axis`.
        keep_dims: The old name of `keepdims`.

    Raises:
        ValueError: An argument is given under both names.
    """
    axis = renamed_argument("axis", axis, "reduction_indices", reduction_indices)
    keepdims = renamed_argument("keepdims", keepdims, "keep_dims", keep_dims)
    return reduce_tensor("Prod", input_tensor, axis, keepdims, name)


def reduce_max(
    input_tensor: Any,
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: bool | None = None,
) -> Tensor:
    """The largest element over `axis`, or of all.

    Args:
        input_tensor: A tensor.
        axis: The axes, one or several; None for all.
        keepdims: Whether reduced axes stay, with size 1.
        name: Name of the operation.
        reduction_indices: The old name of `axis`.
        keep_dims: The old name of `keepdims`.

    Raises:
        ValueError: An argument is given under both names.
    """
    axis = renamed_argument("axis", axis, "reduction_indices", reduction_indices)
    keepdims = renamed_argument("keepdims", keepdims, "keep_dims", keep_dims)
    return reduce_tensor("Max", input_tensor, axis, keepdims, name)


def reduce_min(
    input_tensor: Any,
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: bool | None = None,
) -> Tensor:
    """The smallest element over `axis`, or of all.

    Args:
        input_tensor: A tensor.
        axis: The axes, one or several; None for all.
        keepdims: Whether reduced axes stay, with size 1.
        name: Name of the operation.
        reduction_indices: The old name of `axis`.
        keep_dims: The old name of `keepdims`.

    Raises:
        ValueError: An argument is given under both names.
    """
    axis = renamed_argument("axis", axis, "reduction_indices", reduction_indices)
    keepdims = renamed_argument("keepdims", keepdims, "keep_dims", keep_dims)
    return reduce_tensor("Min", input_tensor, axis, keepdims, name)


def reduce_all(
    input_tensor: Any,
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: bool | None = None,
) -> Tensor:
    """Whether all elements over `axis` are true.

    Args:
        input_tensor: A tensor.
        axis: The axes, one or several; None for all.
        keepdims: Whether reduced axes stay, with size 1.
        name: Name of the operation.
        reduction_indices: The old name of `axis`.
        keep_dims: The old name of `keepdims`.

    Raises:
        ValueError: An argument is given under both names.
    """
    axis = renamed_argument("axis", axis, "reduction_indices", reduction_indices)
    keepdims = renamed_argument("keepdims", keepdims, "keep_dims", keep_dims)
    return reduce_tensor("All", input_tensor, axis, keepdims, name)


def reduce_any(
    input_tensor: Any,
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: bool | None = None,
) -> Tensor:
    """Whether any element over `axis` is true.

    Args:
        input_tensor: A tensor.
        axis: The axes, one or several; None for all.
        keepdims: Whether reduced axes stay, with size 1.
        name: Name of the operation.
        reduction_indices: The old name of `axis`.
        keep_dims: The old name of `keepdims`.

    Raises:
        ValueError: An argument is given under both names.
    """
    axis = renamed_argument("axis", axis, "reduction_indices", reduction_indices)
    keepdims = renamed_argument("keepdims", keepdims, "keep_dims", keep_dims)
    return reduce_tensor("Any", input_tensor, axis, keepdims, name)


def reduce_logsumexp(
    input_tensor: Any,
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: bool | None = None,
) -> Tensor:
    """`log(sum(exp(x)))` over `axis`, without overflow.

    Args:
        input_tensor: A tensor.
        axis: The axes, one or several; None for all.
        keepdims: Whether reduced axes stay, with size 1.
        name: Name of the operation.
        reduction_indices: The old name of `axis`.
        keep_dims: The old name of `keepdims`.

    Raises:
        ValueError: An argument is given under both names.
    """
    axis = renamed_argument("axis", axis, "reduction_indices", reduction_indices)
    keepdims = renamed_argument("keepdims", keepdims, "keep_dims", keep_dims)
    return logsumexp(input_tensor, axis, keepdims, name)


def reduce_euclidean_norm(
    input_tensor: Any,
    axis: Any = None,
    keepdims: bool = False,
    name: str | None = None,
) -> Tensor:
    """The square root of the sum of squares over `axis`."""
    return reduce_tensor("EuclideanNorm", input_tensor, axis, keepdims, name)


def reduce_variance(
    input_tensor: Any,
    axis: Any = None,
    keepdims: bool = False,
    name: str | None = None,
) -> Tensor:
    """The mean squared distance from the mean.

    Raises:
        TypeError: The elements are integers.
    """
    with name_scope(name or "reduce_variance"):
        x = convert_to_tensor(input_tensor)
        means = reduce_tensor("Mean", x, axis, keepdims=True)
        if means.dtype.is_integer:
            raise TypeError(
                "Input must be either real or complex. Received integer type"
                f" {means.dtype}."
            )
        distance = x - means
        if distance.dtype.is_complex:
            product = op("Mul", x=op("Conj", input=distance), y=distance)
            squares = op("Real", input=product, Tout=distance.dtype.real_dtype)
        else:
            squares = op("Square", x=distance)
        return reduce_tensor("Mean", squares, axis, keepdims)


def reduce_std(
    input_tensor: Any,
    axis: Any = None,
    keepdims: bool = False,
    name: str | None = None,
) -> Tensor:
    """The square root of `reduce_variance`."""
    with name_scope(name or "reduce_std"):
        x = convert_to_tensor(input_tensor)
        return op("Sqrt", x=reduce_variance(x, axis=axis, keepdims=keepdims))


def count_nonzero(
    input_tensor: Any = None,
    axis: Any = None,
    keepdims: bool | None = None,
    dtype: Any = dtypes.int64,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: bool | None = None,
    input: Any = None,
) -> Tensor:
    """How many elements over `axis` are not zero (not empty, for strings).

    Raises:
        ValueError: An argument is given under both names.
    """
    keepdims = renamed_argument("keepdims", keepdims, "keep_dims", keep_dims)
    input_tensor = renamed_argument("input", input, "input_tensor", input_tensor)
    axis = renamed_argument("axis", axis, "reduction_indices", reduction_indices)
    with name_scope(name, "count_nonzero", [input_tensor]):
        x = convert_to_tensor(input_tensor, name="input")
        is_nonzero = x
        if x.dtype != dtypes.bool:
            zero = array.zeros([], dtype=x.dtype)
            is_nonzero = op("NotEqual", x=x, y=zero)
        ones = cast(is_nonzero, dtypes.int64)
        total: Tensor = cast(reduce_tensor("Sum", ones, axis, keepdims), dtype=dtype)
        return total


def argmax(
    input: Any,
    axis: Any = None,
    name: str | None = None,
    dimension: Any = None,
    output_type: Any = dtypes.int64,
) -> Tensor:
    """The index of the largest element along `axis`, the first if there are several.

    Raises:
        ValueError: The axis is given under both names.
        TypeError: The axis is not an integer.
    """
    axis = renamed_argument("axis", axis, "dimension", dimension)
    dimension = _checked_axis(0 if axis is None else axis)
    return op(
        "ArgMax", input=input, dimension=dimension, output_type=output_type, name=name
    )


def argmin(
    input: Any,
    axis: Any = None,
    name: str | None = None,
    dimension: Any = None,
    output_type: Any = dtypes.int64,
) -> Tensor:
    """The index of the smallest element along `axis`, the first if there are several.

    Raises:
        ValueError: The axis is given under both names.
    """
    axis = renamed_argument("axis", axis, "dimension", dimension)
    return op(
        "ArgMin",
        input=input,
        dimension=0 if axis is None else axis,
        output_type=output_type,
        name=name,
    )


def arg_max(
    input: Any,
    dimension: Any,
    output_type: Any = dtypes.int64,
    name: str | None = None,
) -> Tensor:
    """The index of the largest element along `dimension`."""
    return op(
        "ArgMax", input=input, dimension=dimension, output_type=output_type, name=name
    )


def arg_min(
    input: Any,
    dimension: Any,
    output_type: Any = dtypes.int64,
    name: str | None = None,
) -> Tensor:
    """The index of the smallest element along `dimension`."""
    return op(
        "ArgMin", input=input, dimension=dimension, output_type=output_type, name=name
    )


def _checked_axis(axis: Any) -> Any:
    """Return an axis ArgMax takes: small integer types are widened."""
    if not hasattr(axis, "dtype"):
        if not isinstance(axis, int):
            raise TypeError("axis must be int or Tensor with integer datatype")
        return axis
    dtype = dtypes.as_dtype(axis.dtype).base_dtype
    if dtype in (dtypes.int32, dtypes.int64):
        return axis
    if dtype in (dtypes.int8, dtypes.uint8, dtypes.int16, dtypes.uint16):
        return cast(axis, dtypes.int32)
    raise TypeError(f"axis tensor dtypes {axis.dtype} is not supported")
