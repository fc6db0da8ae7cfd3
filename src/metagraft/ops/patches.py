"""Patches of images and volumes; kernels in `kernels/patches.py`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.indexed_slices import as_dense
from metagraft.graph.build.math import cast, number_range
from metagraft.graph.build.sparse import sparse_dense_product, sparse_slice
from metagraft.graph.composite import SparseTensor
from metagraft.graph.op_spec import GradientBuilder, OpSpec, Shapes
from metagraft.graph.operation import Operation
from metagraft.graph.shape_checks import with_rank
from metagraft.graph.shapes import Dims


@dataclass(frozen=True, slots=True)
class PatchAttrs:
    """Attributes of both ops, spatial axes only.

    Attributes:
        ksizes: Size of a patch along each axis.
        strides: How far patches are apart.
        rates: How far the elements of a patch are apart.
        is_same: Whether the operand is padded (SAME) or not (VALID).
        not_only_space: Which of the first three says something of batch or channels,
            which no kernel does; "" for none.
    """

    ksizes: tuple[int, ...]
    strides: tuple[int, ...]
    rates: tuple[int, ...]
    is_same: bool
    not_only_space: str = ""

    @classmethod
    def read(cls, attrs: Mapping[str, Any]) -> PatchAttrs:
        """Read the attributes of a node.

        Raises:
            ValueError: There are too many sizes, strides or rates.
        """
        op, rank = ("Image", 4) if "rates" in attrs else ("Volume", 5)
        rates = attrs["rates"] if "rates" in attrs else [1] * rank
        lists = {"ksizes": attrs["ksizes"], "strides": attrs["strides"], "rates": rates}
        for name, values in lists.items():
            if len(values) != rank:
                shown = "stride" if name == "strides" else name
                raise ValueError(
                    f"Extract{op}Patches requires the {shown} attribute to contain"
                    f" {rank} values, but got: {len(values)}"
                )
        ksizes, strides, rates = (
            tuple(int(v) for v in values[1:-1]) for values in lists.values()
        )
        outside = [n for n, v in lists.items() if v[0] != 1 or v[-1] != 1]
        is_same = attrs["padding"] == b"SAME"
        return cls(ksizes, strides, rates, is_same, outside[0] if outside else "")

    @property
    def extents(self) -> tuple[int, ...]:
        """How much of each axis a patch spans."""
        return tuple(
            (k - 1) * r + 1 for k, r in zip(self.ksizes, self.rates, strict=True)
        )

    def output_sizes(self, sizes: Sequence[int]) -> tuple[int, ...]:
        """How many patches there are along each axis.

        Raises:
            ValueError: A patch is larger than the axis and one step, or no step.
        """
        return tuple(
            self._count(*each)
            for each in zip(sizes, self.strides, self.extents, strict=True)
        )

    def _count(self, size: int, stride: int, extent: int) -> int:
        if stride <= 0:
            raise ValueError(f"Stride must be > 0, but got {stride}")
        if self.is_same:
            return -(-size // stride)
        room = size - extent + stride
        if room <= -stride:
            raise ValueError(
                f"Computed output size would be negative: {-(-room // stride)} "
                f"[input_size: {size}, effective_filter_size: {extent}, "
                f"stride: {stride}]"
            )
        return max(room // stride, 0)

    def padding_widths(
        self, sizes: Sequence[int], outputs: Sequence[int]
    ) -> list[tuple[int, int]]:
        """How much is added before and after each axis; less than none is left out."""
        if not self.is_same:
            return [(0, 0)] * len(sizes)
        widths = []
        for size, output, stride, extent in zip(
            sizes, outputs, self.strides, self.extents, strict=True
        ):
            total = (output - 1) * stride + extent - size
            if len(sizes) == 2:
                total = max(total, 0)
            # TF: patches of volumes that are further apart than large begin later.
            before = int(total / 2)
            widths.append((before, total - before))
        return widths


def patches_shape(attrs: PatchAttrs, inputs: Shapes) -> Sequence[Dims]:
    """`[n, patches..., elements of a patch * c]`.

    TF: leaves out an axis of volumes of which a size is not known.
    """
    dims = with_rank(inputs[0], len(attrs.ksizes) + 2)
    count = math.prod(attrs.ksizes)
    depth = dims[-1]
    if count == 0:
        depth = 0
    elif depth is not None:  # TF: takes -1 for what is not known
        depth = None if count == -1 else depth * count
    if depth is not None and depth < 0:
        raise ValueError(
            "Negative dimension size caused by overflow when multiplying "
            f"{dims[-1]} and {count}"
        )
    spatial = dims[1:-1]
    sizes = [
        None
        if size is None
        else PatchAttrs((k,), (s,), (r,), attrs.is_same).output_sizes((size,))[0]
        for size, k, s, r in zip(
            spatial, attrs.ksizes, attrs.strides, attrs.rates, strict=True
        )
    ]
    return ((dims[0], *sizes, depth),)


def image_patches_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """Add up what every pixel gave: pixels are numbered, and so are the patches'."""
    attrs = {name: op.attrs[name] for name in ("ksizes", "strides", "rates", "padding")}
    shape = array.shape(op.inputs[0], out_type=dtypes.int64)
    batch, rows, columns, channels = array.unstack(shape)
    out_shape = array.shape(op.outputs[0], out_type=dtypes.int64)
    out_rows, out_columns = array.unstack(out_shape[1:3])
    _, k_rows, k_columns, _ = attrs["ksizes"]
    count = rows * columns
    numbers = number_range(1, count + 1, dtype=dtypes.float32)
    numbers = array.reshape(numbers, (1, rows, columns, 1))
    origins = cast(g.op("ExtractImagePatches", images=numbers, **attrs), dtypes.int64)
    expanded = array.transpose(
        array.reshape(
            as_dense(dy),
            (batch, out_rows, out_columns, k_rows, k_columns, channels),
        ),
        (1, 2, 3, 4, 0, 5),
    )
    flat = array.reshape(expanded, (-1, batch * channels))
    segments = array.reshape(origins, [-1]) - 1
    summed = g.op(
        "UnsortedSegmentSum", data=flat, segment_ids=segments, num_segments=count
    )
    pixels = array.reshape(summed, (rows, columns, batch, channels))
    return (array.transpose(pixels, (2, 0, 1, 3)),)


def volume_patches_gradient(
    g: GradientBuilder, op: Operation, dy: Any
) -> Sequence[Any]:
    """Multiply with the matrix of ones where a voxel went into a patch."""
    attrs = {name: op.attrs[name] for name in ("ksizes", "strides", "padding")}
    # TF: a size that is not known raises TypeError, as below.
    sizes: list[Any] = op.inputs[0].shape.as_list()[1:4]
    outputs: list[Any] = op.outputs[0].shape.as_list()[1:4]
    shape = array.shape(op.inputs[0])
    batch, channels = shape[0], shape[4]
    kernel = attrs["ksizes"][1:4]
    # Voxels count from one; nothing came from padding, which is 0.
    origins = 1 + math.prod(sizes)
    voxels = number_range(1, origins, dtype=dtypes.int64)
    voxels = array.reshape(voxels, (1, *sizes, 1))
    patched = g.op("ExtractVolumePatches", input=voxels, **attrs)
    places = math.prod(outputs) * math.prod(kernel)
    numbers = array.reshape(
        number_range(places, dtype=dtypes.int64), (1, *outputs, math.prod(kernel))
    )
    pairs = array.concat(
        [array.expand_dims(patched, axis=-1), array.expand_dims(numbers, axis=-1)],
        axis=-1,
    )
    pairs = array.reshape(pairs, (-1, 2))
    whole = SparseTensor(pairs, array.ones([places], dy.dtype), (origins, places))
    matrix = sparse_slice(whole, (1, 0), (origins - 1, places))
    expanded = array.transpose(
        array.reshape(as_dense(dy), (batch, *outputs, *kernel, channels)),
        (1, 2, 3, 4, 5, 6, 0, 7),
    )
    flat = array.reshape(expanded, (-1, batch * channels))
    summed = sparse_dense_product(matrix, flat)
    result = array.reshape(summed, (*sizes, batch, channels))
    return (array.transpose(result, (3, 0, 1, 2, 4)),)


_SOURCE = "tensorflow core/ops/array_ops.cc"

OPS = (
    OpSpec(
        name="ExtractImagePatches",
        attrs=PatchAttrs.read,
        shape=patches_shape,
        gradient=image_patches_gradient,
        source=_SOURCE,
    ),
    OpSpec(
        name="ExtractVolumePatches",
        attrs=PatchAttrs.read,
        shape=patches_shape,
        gradient=volume_patches_gradient,
        source=_SOURCE,
    ),
)
