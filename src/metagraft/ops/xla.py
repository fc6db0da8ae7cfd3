"""XLA's own operations, as exports of JAX programs have them; twin of `kernels/xla.py`.

Those that take functions are in `ops/xla_functions.py`.

Source: tensorflow compiler/tf2xla/ops/xla_ops.cc, compiler/tf2xla/python/xla.py,
python/ops/special_math_ops.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from google.protobuf.message import DecodeError

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.graph.dtypes import DType
from metagraft.graph.op_spec import (
    NOT_DIFFERENTIABLE,
    GradientBuilder,
    OpSpec,
    ShapeFunction,
    Shapes,
)
from metagraft.graph.operation import Operation
from metagraft.graph.shape_checks import merge_dim
from metagraft.graph.shapes import Dims
from metagraft.graph.tensor import Tensor
from metagraft.proto import (
    AttrValue,
    ConvolutionDimensionNumbers,
    DotDimensionNumbers,
    GatherDimensionNumbers,
    PrecisionConfig,
)

__all__ = ["OPS", "ConvolutionAttrs", "DotAttrs", "GatherAttrs", "precision_of"]

_SOURCE: Final = "tensorflow compiler/tf2xla/ops/xla_ops.cc"

_Numbers = TypeVar(
    "_Numbers",
    ConvolutionDimensionNumbers,
    DotDimensionNumbers,
    GatherDimensionNumbers,
    PrecisionConfig,
)


def precision_of(content: bytes) -> tuple[int, int]:
    """Return how precisely two operands are multiplied, as XLA numbers it."""
    found = list(_decoded(PrecisionConfig, content).operand_precision)
    return (found[0], found[1]) if len(found) == 2 else (0, 0)


def _decoded(kind: type[_Numbers], content: bytes) -> _Numbers:
    try:
        return kind.FromString(content)
    except DecodeError as error:
        text = f"Failed to parse {kind.DESCRIPTOR.name}: {error}"
        raise InvalidArgumentError(None, None, text) from error


# Messages are decoded when they are needed: TensorFlow imports nodes with damaged ones.


@dataclass(frozen=True, slots=True)
class DotAttrs:
    """Attributes of `XlaDot` and `XlaDotV2`.

    Attributes:
        numbers: The encoded `DotDimensionNumbers`.
        precision_config: The encoded `PrecisionConfig`.
        dtype: The type of the result; None if it is that of the operands.
    """

    numbers: bytes
    precision_config: bytes
    dtype: DType | None

    @classmethod
    def read(cls, attrs: Mapping[str, Any]) -> DotAttrs:
        """Read the attributes."""
        return cls(
            attrs["dimension_numbers"],
            attrs["precision_config"],
            attrs.get("preferred_element_type"),
        )

    @property
    def contracted(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Axes that are summed over, of both operands."""
        of = _decoded(DotDimensionNumbers, self.numbers)
        return tuple(of.lhs_contracting_dimensions), tuple(
            of.rhs_contracting_dimensions
        )

    @property
    def batch(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Axes that belong together, of both operands."""
        of = _decoded(DotDimensionNumbers, self.numbers)
        return tuple(of.lhs_batch_dimensions), tuple(of.rhs_batch_dimensions)

    @property
    def precision(self) -> tuple[int, int]:
        """Of both operands."""
        return precision_of(self.precision_config)


@dataclass(frozen=True, slots=True)
class ConvolutionAttrs:
    """Attributes of `XlaConv` and `XlaConvV2`.

    Attributes:
        numbers: The encoded `ConvolutionDimensionNumbers`.
        precision_config: The encoded `PrecisionConfig`.
        dtype: The type of the result; None if it is that of the operands.
        batch_group_count: Into how many groups the batch is split.
    """

    numbers: bytes
    precision_config: bytes
    dtype: DType | None
    batch_group_count: int

    @classmethod
    def read(cls, attrs: Mapping[str, Any]) -> ConvolutionAttrs:
        """Read the attributes."""
        return cls(
            attrs["dimension_numbers"],
            attrs["precision_config"],
            attrs.get("preferred_element_type"),
            attrs.get("batch_group_count", 1),
        )

    @property
    def image(self) -> tuple[int, ...]:
        """Axes of batch and channels, and the spatial ones, of the first operand."""
        of = _decoded(ConvolutionDimensionNumbers, self.numbers)
        spatial = of.input_spatial_dimensions
        return (of.input_batch_dimension, of.input_feature_dimension, *spatial)

    @property
    def kernel(self) -> tuple[int, ...]:
        """Axes of output and input channels, and the spatial ones."""
        of = _decoded(ConvolutionDimensionNumbers, self.numbers)
        channels = (
            of.kernel_output_feature_dimension,
            of.kernel_input_feature_dimension,
        )
        return (*channels, *of.kernel_spatial_dimensions)

    @property
    def result(self) -> tuple[int, ...]:
        """Axes of the result, as of the first operand."""
        of = _decoded(ConvolutionDimensionNumbers, self.numbers)
        spatial = of.output_spatial_dimensions
        return (of.output_batch_dimension, of.output_feature_dimension, *spatial)

    @property
    def precision(self) -> tuple[int, int]:
        """Of both operands."""
        return precision_of(self.precision_config)


@dataclass(frozen=True, slots=True)
class GatherAttrs:
    """Attributes of `XlaGather`: XLA's dimension numbers, and what is promised."""

    offset: tuple[int, ...]
    collapsed: tuple[int, ...]
    indexed: tuple[int, ...]
    index_axis: int
    batch: tuple[int, ...]
    index_batch: tuple[int, ...]
    is_sorted: bool

    @classmethod
    def read(cls, attrs: Mapping[str, Any]) -> GatherAttrs:
        """Read the attributes."""
        numbers = _decoded(GatherDimensionNumbers, attrs["dimension_numbers"])
        return cls(
            tuple(numbers.offset_dims),
            tuple(numbers.collapsed_slice_dims),
            tuple(numbers.start_index_map),
            numbers.index_vector_dim,
            tuple(numbers.operand_batching_dims),
            tuple(numbers.start_indices_batching_dims),
            attrs["indices_are_sorted"],
        )


# -- shapes ----------------------------------------------------------------------------


def unchanged_shapes(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The shapes of the operands."""
    return tuple(inputs[: len(inputs.op.outputs)])


def unknown_shapes(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """TensorFlow tells nothing."""
    return (None,) * len(inputs.op.outputs)


def same_rank_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """As many dimensions as the first operand has."""
    return (None if inputs[0] is None else (None,) * len(inputs[0]),)


def dot_shape(attrs: DotAttrs, inputs: Shapes) -> Sequence[Dims]:
    """Axes of the batch, then those of both operands that are not summed over."""
    left, right = inputs[0], inputs[1]
    if left is None or right is None:
        return (None,)
    for pairs in (attrs.batch, attrs.contracted):
        for i, j in zip(*pairs, strict=True):
            merge_dim(left[i], right[j])
    batch = [left[i] for i in attrs.batch[0]]
    kept = [
        [d for i, d in enumerate(dims) if i not in (*batched, *summed)]
        for dims, batched, summed in zip(
            (left, right), attrs.batch, attrs.contracted, strict=True
        )
    ]
    return ((*batch, *kept[0], *kept[1]),)


def dynamic_slice_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """The sizes that are asked for."""
    return (inputs.as_dims(2),)


def pad_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """More at both ends, and between neighbours."""
    dims = inputs[0]
    if dims is None:
        return (None,)
    low, high, interior = (inputs.value(i) for i in (2, 3, 4))
    if low is None or high is None or interior is None:
        return ((None,) * len(dims),)
    for name, values in (("low", low), ("high", high), ("interior", interior)):
        if len(values) != len(dims):
            raise ValueError(f"padding_{name} must be a 1D tensor of size {len(dims)}")
    if (interior < 0).any():
        raise ValueError("padding_interior must contain only non-negative values")
    return (
        tuple(
            None
            if size is None
            else size + max(size - 1, 0) * int(between) + int(before) + int(after)
            for size, before, after, between in zip(
                dims, low, high, interior, strict=True
            )
        ),
    )


def gather_shape(attrs: GatherAttrs, inputs: Shapes) -> Sequence[Dims]:
    """Axes of the indices, and among them those of the slices."""
    operand, indices, sizes = inputs[0], inputs[1], inputs.value(2)
    if operand is None or None in operand or indices is None or sizes is None:
        return (None,)
    gone = {*attrs.collapsed, *attrs.batch}
    slices = [int(size) for i, size in enumerate(sizes) if i not in gone]
    places = [size for i, size in enumerate(indices) if i != attrs.index_axis]
    rank = len(slices) + len(places)
    rest, offsets = iter(places), dict(zip(attrs.offset, slices, strict=True))
    return (tuple(offsets[i] if i in offsets else next(rest) for i in range(rank)),)


def einsum_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Every label has one size."""
    terms, _, output = attrs["equation"].decode().partition("->")
    sizes: dict[str, int | None] = {}
    for labels, dims in zip(terms.split(","), inputs, strict=True):
        if dims is None:
            continue
        if len(labels) != len(dims):
            raise ValueError(
                f"Expected {len(labels)} dimensions of '{labels}' in the equation, got"
                f" {len(dims)}."
            )
        for label, size in zip(labels, dims, strict=True):
            sizes[label] = merge_dim(sizes.get(label), size)
    return (tuple(sizes.get(label) for label in output),)


def random_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """The next state, and as many numbers as are asked for."""
    return inputs[1], inputs.as_dims(2)


def whole_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """The shape that the attribute gives."""
    del inputs
    return (attrs["full_shape"],)


def scalar_shape(_attrs: Attrs, _inputs: Shapes) -> Sequence[Dims]:
    """A number."""
    return ((),)


# -- gradients -------------------------------------------------------------------------


def einsum_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Sequence[Any]:
    """A product of the other operand and `dy`, labels changing places."""
    terms, _, output = op.get_attr("equation").decode().partition("->")
    left, right = terms.split(",")
    x, y = op.inputs
    return (
        g.op("XlaEinsum", a=dy, b=y, equation=f"{output},{right}->{left}"),
        g.op("XlaEinsum", a=dy, b=x, equation=f"{output},{left}->{right}"),
    )


def no_gradient_from_outside(
    _g: GradientBuilder, _op: Operation, _dy: Tensor
) -> Sequence[Any]:
    """Refused: gradients are to be asked for inside of what is compiled."""
    raise RuntimeError(
        "Gradient computation of graph in xla.compile() is prohibited because it can "
        "cause performance degradation."
        "Please move gradient computation inside xla.compile()."
    )


def sharding_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Sequence[Any]:
    """The gradient, divided alike."""
    sharding = op.get_attr("sharding")
    made: Tensor = g.op(
        "XlaSharding",
        input=dy,
        sharding=sharding,
        unspecified_dims=op.get_attr("unspecified_dims"),
    )
    made.op._set_attr(  # noqa: SLF001 - TensorFlow sets it, too
        "_XlaSharding", AttrValue(s=sharding)
    )
    return (made,)


def to_shard_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Sequence[Any]:
    """The whole gradient from one part of it."""
    made = g.op(
        "XlaSpmdShardToFullShape",
        input=dy,
        manual_sharding=op.get_attr("manual_sharding"),
        full_shape=op.inputs[0].shape.as_list(),
        dim=op.get_attr("dim"),
        unspecified_dims=op.get_attr("unspecified_dims"),
    )
    return (made,)


def to_whole_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Sequence[Any]:
    """A part of the gradient."""
    made = g.op(
        "XlaSpmdFullToShardShape",
        input=dy,
        manual_sharding=op.get_attr("manual_sharding"),
        dim=op.get_attr("dim"),
        unspecified_dims=op.get_attr("unspecified_dims"),
    )
    return (made,)


_READERS: Final[dict[str, Any]] = {
    "XlaConv": ConvolutionAttrs.read,
    "XlaConvV2": ConvolutionAttrs.read,
    "XlaDot": DotAttrs.read,
    "XlaDotV2": DotAttrs.read,
    "XlaGather": GatherAttrs.read,
}
_GRADIENTS: Final[dict[str, Any]] = {
    "XlaClusterOutput": no_gradient_from_outside,
    "XlaEinsum": einsum_gradient,
    "XlaSharding": sharding_gradient,
    "XlaSpmdFullToShardShape": to_shard_gradient,
    "XlaSpmdShardToFullShape": to_whole_gradient,
}
_SHAPES: Final[dict[str, ShapeFunction]] = {
    "XlaBroadcastHelper": unknown_shapes,
    "XlaClusterOutput": unchanged_shapes,
    "XlaConv": same_rank_shape,
    "XlaConvV2": same_rank_shape,
    "XlaDequantize": unknown_shapes,
    "XlaDot": dot_shape,
    "XlaDotV2": dot_shape,
    "XlaDynamicSlice": dynamic_slice_shape,
    "XlaDynamicUpdateSlice": unchanged_shapes,
    "XlaEinsum": einsum_shape,
    "XlaGather": gather_shape,
    "XlaKeyValueSort": unchanged_shapes,
    "XlaOptimizationBarrier": unchanged_shapes,
    "XlaPad": pad_shape,
    "XlaReducePrecision": unchanged_shapes,
    "XlaReplicaId": scalar_shape,
    "XlaRngBitGenerator": random_shape,
    "XlaSelfAdjointEig": unknown_shapes,
    "XlaSharding": unchanged_shapes,
    "XlaSort": unchanged_shapes,
    "XlaSpmdFullToShardShape": unchanged_shapes,
    "XlaSpmdShardToFullShape": whole_shape,
    "XlaSvd": unknown_shapes,
}
OPS = tuple(
    OpSpec(
        name=name,
        attrs=_READERS.get(name),
        shape=shape,
        gradient=_GRADIENTS.get(name, NOT_DIFFERENTIABLE),
        source=_SOURCE,
    )
    for name, shape in _SHAPES.items()
)
