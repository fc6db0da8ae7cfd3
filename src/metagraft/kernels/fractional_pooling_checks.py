"""What fractional pooling and its gradients check before they run.

Source: tensorflow core/kernels/fractional_max_pool_op.cc, fractional_avg_pool_op.cc.
"""

from __future__ import annotations

from typing import NoReturn

import numpy as np

from metagraft.errors import InvalidArgumentError, UnimplementedError
from metagraft.graph.dtypes import as_dtype, kernel_name
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array
from metagraft.kernels.namespace import is_host, namespace
from metagraft.ops.fractional_pooling import FractionalAttrs

__all__ = [
    "check_average_grad",
    "check_max_grad",
    "check_pooled",
    "check_pooling",
]


def _refuse(text: str) -> NoReturn:
    raise InvalidArgumentError(None, None, text)


def check_pooling(attrs: FractionalAttrs, image: Array, what: str) -> None:
    """Check what is pooled.

    Args:
        attrs: Attributes of the op.
        image: Must be `[n, h, w, c]`.
        what: `max` or `average`.

    Raises:
        InvalidArgumentError: The image or an attribute does not fit.
        UnimplementedError: Images or channels are to be pooled.
    """
    if image.ndim != 4:
        _refuse("tensor_in must be 4-dimensional")
    for ratio in attrs.ratios:
        if not ratio >= 1:
            _refuse(f"pooling_ratio cannot be smaller than 1, got: {ratio}")
    if attrs.ratios[0] != 1 or attrs.ratios[3] != 1:
        raise UnimplementedError(
            None,
            None,
            f"Fractional {what} pooling is not yet supported on the batch nor channel"
            " dimension.",
        )
    if any(attrs.seeds) and not attrs.is_deterministic:
        _refuse("Both seed and seed2 should be 0 if deterministic is false.")
    for axis, (size, ratio) in enumerate(zip(image.shape, attrs.ratios, strict=True)):
        if not size >= np.float32(ratio):
            _refuse(
                "Pooling ratio is higher than input dimension size for dimension "
                f"{axis}. Input dim size: {size} pooling ratio: {ratio:g}"
            )


def check_max_grad(
    image: Array, pooled: Array, dy: Array, rows: Array, columns: Array
) -> None:
    """Check the operands of the gradient of maxima.

    Raises:
        InvalidArgumentError: A shape does not fit.
    """
    for name, value in (("orig_input", image), ("orig_output", pooled)):
        if value.ndim != 4:
            _refuse(f"{name} should be a tensor of rank 4, got {_described(value)}")
        if not value.size:
            _refuse(f"{name} must not be empty, got {_described(value)}")
    if rows.size * columns.size > image.size:
        _refuse(
            "Pooling region has more elements than the input tensor. "
            f"row_pooling_sequence: {_described(rows)}col_pooling_sequence: "
            f"{_described(columns)}orig_input: {_described(image)}"
        )
    for name, value in (("row", rows), ("col", columns)):
        if value.ndim != 1:
            _refuse(
                f"{name}_pooling_sequence must be a vector, received shape "
                f"{show(value.shape)}"
            )
    windows = [max(sequence.size - 1, 0) for sequence in (rows, columns)]
    # TF: reads and writes beyond its operands.
    if pooled.shape != (image.shape[0], *windows, image.shape[3]):
        _refuse("tensor_out_dup is not the same as tensor_out")
    if dy.size != pooled.size:
        _refuse(f"Invalid input backprop index: -1, {image.size}")


def check_pooled(image: Array, pooled: Array, largest: Array, first: Array) -> None:
    """Check that the maxima of an image are what was pooled; NaN is not.

    Args:
        image: `[n, h, w, c]`.
        pooled: The maxima that are given.
        largest: Those that were found, of the same shape.
        first: Where they were found; -1 for windows of nothing.

    Raises:
        InvalidArgumentError: They are not.
    """
    if namespace(largest, pooled, first) is not np:
        return
    limits = np.finfo if image.dtype.kind == "f" else np.iinfo
    found = np.where(first < 0, limits(image.dtype).min, largest)
    if not (found == pooled).all():
        _refuse("tensor_out_dup is not the same as tensor_out")
    if (first < 0).any():
        _refuse(f"Invalid input backprop index: -1, {image.size}")


def check_average_grad(sizes: Array, dy: Array, rows: Array, columns: Array) -> None:
    """Check the operands of the gradient of means.

    Raises:
        InvalidArgumentError: A shape does not fit, or a window begins before the image.
    """
    if sizes.shape != (4,):
        _refuse("original input tensor shape must be1-dimensional and 4 elements")
    if dy.ndim != 4:
        _refuse("out_backprop must be 4-dimensional")
    if not dy.size:
        _refuse("out_backprop must be positive for all dimension, got:0")
    sequences = (("row", rows, dy.shape[1]), ("col", columns, dy.shape[2]))
    for name, sequence, count in sequences:
        if sequence.size <= count:
            _refuse(
                f"Given out_backprop shape {show(dy.shape)}, {name}_seq_tensor must "
                f"have at least {count + 1} elements, but got {sequence.size}"
            )
    _check_sizes(sizes.tolist())
    for word, (_, sequence, count) in zip(("Row", "Column"), sequences, strict=True):
        if is_host(sequence) and (sequence.reshape(-1)[: count + 1] < 0).any():
            texts = [str(number) for number in sequence.reshape(-1)]
            width = max(map(len, texts))
            numbers = " ".join(text.rjust(width) for text in texts)
            _refuse(
                f"{word} sequence tensor values must not be negative, got {numbers}"
            )
    # TF: writes beyond the gradient.
    if (dy.shape[0], dy.shape[3]) != (sizes[0], sizes[3]):
        _refuse(
            f"out_backprop of shape {show(dy.shape)} does not fit an image of shape "
            f"{show(sizes.tolist())}"
        )


def _check_sizes(sizes: list[int]) -> None:
    names = ("Batch", "Rows", "Columns", "Depth")
    for name, size in zip(names, sizes, strict=True):
        if not size:
            _refuse(f"{name} dimension of input must not be 0")
        if size < 0:
            _refuse(f"Dimension {size} must be >= 0")


def _described(value: Array) -> str:
    """Return what TensorFlow tells of a tensor, but its values."""
    dtype = kernel_name(as_dtype(value.dtype))
    return f"Tensor<type: {dtype} shape: {show(value.shape)}>"
