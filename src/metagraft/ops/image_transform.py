"""Projections of images; kernels in `kernels/image_transform.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph import dtypes
from metagraft.graph.attrs import Attrs
from metagraft.graph.build import array
from metagraft.graph.conversion import constant, convert_to_tensor
from metagraft.graph.op_spec import GradientBuilder, NoGradient, OpSpec, Shapes
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import name_scope
from metagraft.graph.shape_checks import with_rank
from metagraft.graph.shapes import Dims
from metagraft.graph.tensor import Tensor
from metagraft.ops.image_size import size_dims

_TYPES = (
    dtypes.uint8,
    dtypes.int32,
    dtypes.int64,
    dtypes.float16,
    dtypes.float32,
    dtypes.float64,
)


def projective_transform_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """`[n, *output_shape, c]`; the kernel checks the transforms."""
    n, _, _, c = with_rank(inputs[0], 4)
    return ((n, *size_dims(inputs, 2), c),)


def same_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """The shape of the images."""
    return (inputs[0],)


def _as_matrices(transforms: Tensor) -> Tensor:
    """`[n, 8]` -> `[n, 3, 3]`, the last number being 1."""
    with name_scope("flat_transforms_to_matrices"):
        rows = array.reshape(transforms, constant([-1, 8]))
        count = array.shape(rows)[0]
        last = array.ones([count, 1])
        return array.reshape(array.concat([rows, last], axis=1), constant([-1, 3, 3]))


def _as_transforms(matrices: Tensor) -> Any:
    """`[n, 3, 3]` -> `[n, 8]`, divided by the last number."""
    with name_scope("matrices_to_flat_transforms"):
        rows: Any = array.reshape(matrices, constant([-1, 9]))
        rows = rows / rows[:, 8:9]
        return rows[:, :8]


def projective_transform_gradient(
    g: GradientBuilder, op: Operation, dy: Any
) -> Sequence[Any]:
    """Project back: exact for rotations and shifts by whole pixels.

    Raises:
        TypeError: The images or the transforms are of a wrong kind.
    """
    images = op.inputs[0]
    transforms = convert_to_tensor(
        op.inputs[1], name="transforms", dtype=dtypes.float32
    )
    if images.dtype.base_dtype not in _TYPES:
        raise TypeError(f"Invalid dtype {images.dtype}.")
    rank = transforms.get_shape().ndims
    if rank == 1:
        transforms = transforms[None]
    elif rank != 2:
        raise TypeError("Transforms should have rank 1 or 2.")
    inverse = g.op("MatrixInverse", input=_as_matrices(transforms))
    arguments: dict[str, Any] = {"fill_value": 0.0} if op.type.endswith("V3") else {}
    back = _as_transforms(inverse)
    result = g.op(
        op.type,
        images=dy,
        transforms=back,
        output_shape=array.shape(images)[1:3],
        interpolation=op.attrs["interpolation"],
        fill_mode=op.attrs["fill_mode"],
        **arguments,
    )
    return (result, *([None] * (len(op.inputs) - 1)))


_SOURCE = "tensorflow core/ops/image_ops.cc"

OPS = (
    OpSpec(
        name="ImageProjectiveTransform",
        shape=same_shape,
        gradient=NoGradient("TensorFlow registers none"),
        source="tensorflow 1.15 contrib/image/ops/image_ops.cc",
    ),
    OpSpec(
        name="ImageProjectiveTransformV2",
        shape=projective_transform_shape,
        gradient=projective_transform_gradient,
        source=_SOURCE,
    ),
    OpSpec(
        name="ImageProjectiveTransformV3",
        shape=projective_transform_shape,
        gradient=projective_transform_gradient,
        source=_SOURCE,
    ),
)
