"""Constants and placeholders; kernels in `kernels/constant.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from metagraft.graph.attrs import Attrs
from metagraft.graph.op_spec import (
    NO_RULE_YET,
    NOT_DIFFERENTIABLE,
    GradientBuilder,
    OpSpec,
    Shapes,
)
from metagraft.graph.operation import Operation
from metagraft.graph.shapes import Dims, dims_from_proto
from metagraft.graph.tensor_values import make_ndarray
from metagraft.proto import TensorProto

# The first GraphDef version in which a placeholder of shape [] is a scalar.
SCALAR_PLACEHOLDER_PRODUCER = 24


@dataclass(frozen=True)
class ConstAttrs:
    """The value of a constant, decoded when first needed."""

    value: TensorProto

    @classmethod
    def read(cls, attrs: Mapping[str, Any]) -> ConstAttrs:
        """Read the attributes of a node."""
        return cls(attrs["value"])

    @cached_property
    def array(self) -> npt.NDArray[Any]:
        """The value; every run shares it, so it refuses to be written to."""
        array = make_ndarray(self.value)
        array.flags.writeable = False
        return np.asarray(array)


def const_shape(attrs: ConstAttrs, _: Shapes) -> Sequence[Dims]:
    """The shape stored with the value."""
    return (dims_from_proto(attrs.value.tensor_shape),)


def immutable_const_shape(attrs: Attrs, _: Shapes) -> Sequence[Dims]:
    """The shape attribute."""
    return (attrs["shape"],)


def placeholder_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """The shape attribute; in files of old producers `[]` means unknown."""
    dims: Dims = attrs["shape"]
    if (
        dims == ()
        and inputs.op.graph.graph_def_versions.producer < SCALAR_PLACEHOLDER_PRODUCER
    ):
        return (None,)
    return (dims,)


def placeholder_v2_shape(attrs: Attrs, _: Shapes) -> Sequence[Dims]:
    """The shape attribute."""
    return (attrs["shape"],)


def placeholder_with_default_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """The shape attribute, which the default must fit."""
    from metagraft.graph.shape_checks import merged

    merged(inputs[0], attrs["shape"])
    return (attrs["shape"],)


def placeholder_with_default_gradient(
    g: GradientBuilder, op: Operation, dy: Any
) -> Sequence[Any]:
    """What flows back stops at nothing: the default takes it."""
    del g, op
    return (dy,)


_SOURCE = "tensorflow core/ops/array_ops.cc"

OPS = (
    OpSpec(
        name="Const",
        attrs=ConstAttrs.read,
        shape=const_shape,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
    ),
    OpSpec(
        name="HostConst",
        attrs=ConstAttrs.read,
        shape=const_shape,
        gradient=NO_RULE_YET,
        source=_SOURCE,
    ),
    OpSpec(name="ImmutableConst", shape=immutable_const_shape, source=_SOURCE),
    OpSpec(name="Placeholder", shape=placeholder_shape, source=_SOURCE),
    OpSpec(name="PlaceholderV2", shape=placeholder_v2_shape, source=_SOURCE),
    OpSpec(
        name="PlaceholderWithDefault",
        shape=placeholder_with_default_shape,
        gradient=placeholder_with_default_gradient,
        source=_SOURCE,
    ),
)
