"""Blocks of pixels in space, depth or batch; kernels in `kernels/space_depth.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.attrs import Attrs
from metagraft.graph.build import space_batch
from metagraft.graph.op_spec import GradientBuilder, OpSpec, Shapes
from metagraft.graph.operation import Operation
from metagraft.graph.shape_checks import merged, with_rank, with_rank_at_least
from metagraft.graph.shapes import Dims


def _divided(size: int | None, divisor: int) -> int | None:
    if size is None:
        return None
    if size % divisor:
        raise ValueError(
            f"Dimension size must be evenly divisible by {divisor} but is {size}"
        )
    return size // divisor


def _times(size: int | None, factor: int) -> int | None:
    product = None if size is None else size * factor
    if product is not None and product >= 1 << 63:
        raise ValueError(
            "Negative dimension size caused by overflow when multiplying "
            f"{size} and {factor}"
        )
    return product


def _ordered(
    data_format: bytes, n: int | None, h: int | None, w: int | None, c: int | None
) -> Dims:
    vector = (4,) if data_format == b"NCHW_VECT_C" else ()
    return (n, h, w, c) if data_format == b"NHWC" else (n, c, h, w, *vector)


def _nhwc(
    data_format: bytes, dims: Dims
) -> tuple[int | None, int | None, int | None, int | None]:
    if data_format == b"NHWC":
        n, h, w, c = with_rank(dims, 4)
    else:
        # TF: whatever the size of vectors is, theirs is taken to be 4.
        n, c, h, w, *_ = with_rank(dims, 5 if data_format == b"NCHW_VECT_C" else 4)
    return n, h, w, c


def space_to_depth_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """`[n, h, w, c]` -> `[n, h/b, w/b, c*b*b]`."""
    data_format, b = attrs["data_format"], attrs["block_size"]
    n, h, w, c = _nhwc(data_format, inputs[0])
    return (_ordered(data_format, n, _divided(h, b), _divided(w, b), _times(c, b * b)),)


def depth_to_space_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """`[n, h, w, c]` -> `[n, h*b, w*b, c/(b*b)]`."""
    data_format, b = attrs["data_format"], attrs["block_size"]
    n, h, w, c = _nhwc(data_format, inputs[0])
    return (_ordered(data_format, n, _times(h, b), _times(w, b), _divided(c, b * b)),)


def _refuse_vectors(op: Operation) -> bytes:
    data_format: bytes = op.attrs["data_format"]
    if data_format == b"NCHW_VECT_C":
        raise ValueError(
            f"Cannot compute {op.type} gradient with NCHW_VECT_C. NCHW_VECT_C requires"
            " qint8 data type."
        )
    return data_format


def space_to_depth_gradient(
    g: GradientBuilder, op: Operation, dy: Any
) -> Sequence[Any]:
    """The inverse."""
    data_format = _refuse_vectors(op)
    block_size = op.attrs["block_size"]
    inverse = g.op(
        "DepthToSpace", input=dy, block_size=block_size, data_format=data_format
    )
    return (inverse,)


def depth_to_space_gradient(
    g: GradientBuilder, op: Operation, dy: Any
) -> Sequence[Any]:
    """The inverse."""
    data_format = _refuse_vectors(op)
    block_size = op.attrs["block_size"]
    inverse = g.op(
        "SpaceToDepth", input=dy, block_size=block_size, data_format=data_format
    )
    return (inverse,)


# -- batch -------------------------------------------------------------------------


def _widths(inputs: Shapes, index: int, count: int) -> list[tuple[int, int]] | None:
    merged(with_rank(inputs[index], 2), (count, 2))
    value = inputs.value(index)
    if value is None:
        return None
    if (value < 0).any():
        what = "paddings" if inputs.op.type == "SpaceToBatchND" else "crops"
        raise ValueError(f"{what} cannot be negative")
    return [(int(a), int(b)) for a, b in value]


def _to_batch(
    dims: tuple[int | None, ...],
    blocks: list[int],
    widths: list[tuple[int, int]] | None,
) -> Dims:
    batch, sizes = dims[0], []
    for block in blocks:
        batch = _times(batch, block)
    for i, block in enumerate(blocks):
        size = dims[1 + i]
        padded = None if size is None or widths is None else size + sum(widths[i])
        sizes.append(_divided(padded, block))
    return (batch, *sizes, *dims[1 + len(blocks) :])


def _from_batch(
    dims: tuple[int | None, ...],
    blocks: list[int],
    widths: list[tuple[int, int]] | None,
) -> Dims:
    batch, sizes = dims[0], []
    for i, block in enumerate(blocks):
        size = dims[1 + i]
        batch = _divided(batch, block)
        cropped = (
            None if size is None or widths is None else size * block - sum(widths[i])
        )
        if cropped is not None and cropped < 0:
            assert size is not None
            assert widths is not None
            before, after = widths[i]
            left = size * block
            taken, left = (before, left) if before > left else (after, left - before)
            raise ValueError(
                f"Negative dimension size caused by subtracting {taken} from {left}"
            )
        sizes.append(cropped)
    return (batch, *sizes, *dims[1 + len(blocks) :])


def _nd_shape(inputs: Shapes, rule: Any) -> Sequence[Dims]:
    if inputs[1] is None or len(inputs[1]) != 1:
        raise ValueError("block_shape must have rank 1.")
    (count,) = inputs[1]
    if count is None:
        raise ValueError("block_shape must have known size.")
    dims = with_rank_at_least(inputs[0], count + 1)
    value, widths = inputs.value(1), _widths(inputs, 2, count)
    if dims is None:
        return (None,)
    if value is None:
        return ((*[None] * (count + 1), *dims[count + 1 :]),)
    blocks = [int(v) for v in value]
    if any(b < 1 for b in blocks):
        raise ValueError("block_shape must be positive")
    return (rule(dims, blocks, widths),)


def space_to_batch_nd_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Padded sizes divided by the blocks, the batch multiplied by them."""
    del attrs
    return _nd_shape(inputs, _to_batch)


def batch_to_space_nd_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Sizes multiplied by the blocks and cropped, the batch divided by them."""
    del attrs
    return _nd_shape(inputs, _from_batch)


def space_to_batch_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Like SpaceToBatchND with two equal blocks."""
    dims, blocks = with_rank(inputs[0], 4), [attrs["block_size"]] * 2
    return (_to_batch(dims, blocks, _widths(inputs, 1, 2)),)


def batch_to_space_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Like BatchToSpaceND with two equal blocks."""
    dims, blocks = with_rank(inputs[0], 4), [attrs["block_size"]] * 2
    return (_from_batch(dims, blocks, _widths(inputs, 1, 2)),)


def space_to_batch_nd_gradient(
    g: GradientBuilder, op: Operation, dy: Any
) -> Sequence[Any]:
    """The inverse."""
    _, block_shape, paddings = op.inputs
    inverse = g.op("BatchToSpaceND", input=dy, block_shape=block_shape, crops=paddings)
    return (inverse, None, None)


def batch_to_space_nd_gradient(
    g: GradientBuilder, op: Operation, dy: Any
) -> Sequence[Any]:
    """The inverse."""
    _, block_shape, crops = op.inputs
    inverse = g.op("SpaceToBatchND", input=dy, block_shape=block_shape, paddings=crops)
    return (inverse, None, None)


def space_to_batch_gradient(
    g: GradientBuilder, op: Operation, dy: Any
) -> Sequence[Any]:
    """The inverse."""
    del g
    block_size = op.attrs["block_size"]
    return (space_batch.batch_to_space(dy, op.inputs[1], block_size), None)


def batch_to_space_gradient(
    g: GradientBuilder, op: Operation, dy: Any
) -> Sequence[Any]:
    """The inverse."""
    del g
    block_size = op.attrs["block_size"]
    return (space_batch.space_to_batch(dy, op.inputs[1], block_size), None)


_SOURCE = "tensorflow core/ops/array_ops.cc"
_RULES: dict[str, tuple[Any, Any]] = {
    "SpaceToDepth": (space_to_depth_shape, space_to_depth_gradient),
    "DepthToSpace": (depth_to_space_shape, depth_to_space_gradient),
    "SpaceToBatch": (space_to_batch_shape, space_to_batch_gradient),
    "SpaceToBatchND": (space_to_batch_nd_shape, space_to_batch_nd_gradient),
    "BatchToSpace": (batch_to_space_shape, batch_to_space_gradient),
    "BatchToSpaceND": (batch_to_space_nd_shape, batch_to_space_nd_gradient),
}

OPS = tuple(
    OpSpec(name=name, shape=shape, gradient=gradient, source=_SOURCE)
    for name, (shape, gradient) in _RULES.items()
)
