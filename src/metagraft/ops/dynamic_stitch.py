"""Partitions and their reunion; kernels in `kernels/dynamic_stitch.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph import dtypes
from metagraft.graph.attrs import Attrs
from metagraft.graph.build import array
from metagraft.graph.build.math import cast, number_range
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.composite import IndexedSlices
from metagraft.graph.op_spec import GradientBuilder, OpSpec, Shapes
from metagraft.graph.operation import Operation
from metagraft.graph.shape_checks import merged
from metagraft.graph.shapes import Dims, dims_compatible, show


def dynamic_partition_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Some elements in each partition."""
    count: int = attrs["num_partitions"]
    data, partitions = inputs
    if data is None or partitions is None:
        return (None,) * count
    rank = len(partitions)
    if not dims_compatible(data[:rank], partitions):
        raise ValueError(
            f"Shapes must start alike: data {show(data)}, partitions {show(partitions)}"
        )
    return ((None, *data[rank:]),) * count


def dynamic_partition_gradient(
    g: GradientBuilder, op: Operation, *dys: Any
) -> Sequence[Any]:
    """Partition positions likewise, and put the gradients back there."""
    data, partitions = op.inputs
    prefix = array.shape(partitions)
    count = reduce_tensor("Prod", prefix)
    positions = array.reshape(number_range(count), prefix)
    placed = g.op(
        "DynamicPartition",
        data=positions,
        partitions=partitions,
        num_partitions=op.attrs["num_partitions"],
    )
    stitched = g.op("ParallelDynamicStitch", indices=placed, data=list(dys))
    return (array.reshape(stitched, array.shape(data)), None)


def dynamic_stitch_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """As many elements as the greatest index says."""
    count: int = attrs["N"]
    rest: Dims = None
    greatest: int | None = -1
    for i in range(count):
        indices, data = inputs[i], inputs[count + i]
        value = inputs.value(i)
        if value is None:
            greatest = None
        elif greatest is not None and value.size:
            greatest = max(greatest, int(value.max()))
        if indices is None or data is None:
            continue
        rank = len(indices)
        if not dims_compatible(data[:rank], indices):
            raise ValueError(
                f"Shapes must start alike: indices {show(indices)}, data {show(data)}"
            )
        rest = merged(rest, data[rank:])
    if rest is None:
        return (None,)
    return ((None if greatest is None else greatest + 1, *rest),)


def dynamic_stitch_gradient(
    g: GradientBuilder, op: Operation, dy: Any
) -> Sequence[Any]:
    """Every piece gets the rows at its indices."""
    count = len(op.inputs) // 2
    indices = [
        t if t.dtype == dtypes.int32 else cast(t, dtypes.int32)
        for t in op.inputs[:count]
    ]
    if isinstance(dy, IndexedSlices):
        rows = array.shape(op.outputs[0])[0]
        dy = g.op(
            "UnsortedSegmentSum",
            data=dy.values,
            segment_ids=dy.indices,
            num_segments=rows,
        )
    return [*[None] * count, *(array.gather(dy, i) for i in indices)]


_SOURCE = "tensorflow core/ops/data_flow_ops.cc"

OPS = (
    OpSpec(
        name="DynamicPartition",
        shape=dynamic_partition_shape,
        gradient=dynamic_partition_gradient,
        source=_SOURCE,
    ),
    *(
        OpSpec(
            name=name,
            shape=dynamic_stitch_shape,
            gradient=dynamic_stitch_gradient,
            source=_SOURCE,
        )
        for name in ("DynamicStitch", "ParallelDynamicStitch")
    ),
)
