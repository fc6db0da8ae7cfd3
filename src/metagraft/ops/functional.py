"""Operations that take functions: calls, branches and loops.

What they compute is in the functions of the graph's library, which
`runtime/function_lowering.py` puts in their place before a run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from metagraft.graph.function_shapes import result_shapes
from metagraft.graph.op_spec import NO_RULE_YET, NOT_DIFFERENTIABLE, OpSpec, Shapes
from metagraft.graph.shapes import Dims

_SOURCE = "tensorflow core/ops/functional_ops.cc"


def call_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """What the body of the function says of its results."""
    return result_shapes(inputs.op, attrs["f"].name, inputs)


def unknown_shapes(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """Nothing is known of the results."""
    del attrs
    return (None,) * len(inputs.op.outputs)


def declared_shapes(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """The shapes in `output_shapes`; unknown if that is empty."""
    shapes: list[Dims] = attrs["output_shapes"]
    count = len(inputs.op.outputs)
    if not shapes:
        return (None,) * count
    _check_count(shapes, count)
    return tuple(shapes)


def while_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """The shapes in `output_shapes`; those of the inputs if that is empty."""
    shapes: list[Dims] = attrs.get("output_shapes") or []
    if not shapes:
        return tuple(inputs)
    _check_count(shapes, len(inputs))
    return tuple(shapes)


def _check_count(shapes: Sequence[Dims], count: int) -> None:
    if len(shapes) != count:
        raise ValueError(
            "`output_shapes` must be the same length as num outputs "
            f"({len(shapes)} vs. {count}"
        )


def symbolic_gradient_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """A gradient has the shape of the argument that it belongs to."""
    count = len(attrs["Tout"])
    if len(inputs) < count:
        raise ValueError("len(inputs) < len(outputs)")
    return tuple(
        inputs[i] if (behind := inputs.handle(i)) is None else behind[0]
        for i in range(count)
    )


def scalar_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """A scalar."""
    del attrs, inputs
    return ((),)


def fake_param_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """The shape that the attribute gives."""
    del inputs
    return (attrs["shape"],)


OPS = (
    *(
        OpSpec(name=name, shape=call_shape, gradient=NO_RULE_YET, source=_SOURCE)
        for name in ("PartitionedCall", "StatefulPartitionedCall")
    ),
    *(
        OpSpec(name=name, shape=unknown_shapes, gradient=NO_RULE_YET, source=_SOURCE)
        for name in (
            "_If",
            "RemoteCall",
            "For",
            "BatchFunction",
            "XlaLaunch",
            "XlaLaunchV2",
        )
    ),
    *(
        OpSpec(name=name, shape=declared_shapes, gradient=NO_RULE_YET, source=_SOURCE)
        for name in ("If", "StatelessIf", "Case", "StatelessCase")
    ),
    *(
        OpSpec(name=name, shape=while_shape, gradient=NO_RULE_YET, source=_SOURCE)
        for name in ("While", "StatelessWhile", "_While")
    ),
    OpSpec(name="SymbolicGradient", shape=symbolic_gradient_shape, source=_SOURCE),
    *(
        OpSpec(
            name=name,
            shape=scalar_shape,
            gradient=NOT_DIFFERENTIABLE,
            source=_SOURCE,
        )
        for name in ("ToBool", "DeviceIndex")
    ),
    OpSpec(
        name="FakeParam",
        shape=fake_param_shape,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
    ),
)
