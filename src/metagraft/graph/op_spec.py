"""What `ops/` adds to a catalogue entry: attribute record, shape function, gradient.

`graph/` infers shapes with these specs but does not know them: `spec_for` asks
`metagraft.ops`, which loads the family of an op when it is first needed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy.typing as npt

from metagraft.graph.dtypes import DType
from metagraft.graph.registered_ops import registered
from metagraft.graph.shapes import Dims

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation
    from metagraft.graph.tensor import Tensor


class NoGradient:
    """The reason why an op has no gradient rule."""

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        """Remember the reason in words."""
        self.reason = reason

    def __repr__(self) -> str:
        """Show the reason."""
        return f"NoGradient({self.reason!r})"


NOT_DIFFERENTIABLE: Final = NoGradient("not differentiable")
NO_RULE_YET: Final = NoGradient("no gradient rule")


class Shapes(tuple[Dims, ...]):
    """Shapes of an operation's inputs, and access to what else is known of them."""

    op: Operation

    def tensor(self, index: int) -> Tensor:
        """Input `index` itself."""
        return self.op.inputs[index]

    def dtype(self, index: int) -> DType:
        """Element type of input `index`."""
        return self.op.inputs[index].dtype

    def value(self, index: int) -> npt.NDArray[Any] | None:
        """The value of input `index` if it is constant, else None."""
        from metagraft.graph.folding import folded_value

        return folded_value(self.op.inputs[index])

    def as_dims(self, index: int) -> Dims:
        """Input `index` read as a shape; what is not constant in it is None.

        Args:
            index: The place of the input.

        Raises:
            ValueError: It is no vector, or a size is below -1, which stands for an
                unknown one.
        """
        from metagraft.graph.folding import constant_value_as_dims

        given = self[index]
        if given is not None and len(given) != 1:
            raise ValueError(f"Shape must be rank 1 but is rank {len(given)}")
        dims = constant_value_as_dims(self.op.inputs[index])
        if dims is not None and None in dims:
            known = self.value(index)
            wrong = [] if known is None else [v for v in known.tolist() if v < -1]
            if wrong:
                raise ValueError(f"Invalid value in tensor used for shape: {wrong[0]}")
        return dims

    def told_dims(self, index: int) -> Dims:
        """Input `index` read as a shape, or as a scalar -1 for an unknown one.

        Raises:
            ValueError: It has more axes, is another scalar or not known to be -1, or a
                size is below -1.
        """
        given = self[index]
        if given is not None and len(given) > 1:
            raise ValueError(f"Shape must be at most rank 1 but is rank {len(given)}")
        if given != ():
            return self.as_dims(index)
        value = self.value(index)
        if value is None:
            raise ValueError(
                "Received a shape scalar with unknown static value.  A static value of"
                " '-1' is required to represent an unknown shape."
            )
        if value != -1:
            raise ValueError(
                "Received an invalid shape scalar with a static value that is not '-1':"
                f" Tensor<type: {self.tensor(index).dtype.name} shape: [] values:"
                f" {value}>"
            )
        return None

    def handle(self, index: int) -> tuple[Dims, DType] | None:
        """Shape and type of the variable behind resource input `index`, if known."""
        from metagraft.graph.constant_value import variable_behind

        return variable_behind(self.op.inputs[index])


class GradientBuilder(Protocol):
    """What a gradient rule builds nodes with."""

    def op(self, op_type: str, /, *, name: str | None = None, **arguments: Any) -> Any:
        """Add an operation and return its outputs, as `apply_op.op` does."""


# `attrs` is whatever the spec's attribute reader returns, hence Any.
ShapeFunction = Callable[[Any, Shapes], Sequence[Dims]]
GradientRule = Callable[..., Sequence[Any]]
AttrReader = Callable[[Mapping[str, Any]], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpSpec:
    """The meaning of one op.

    Attributes:
        name: The op type; inputs, outputs and attributes are in the catalogue.
        shape: Returns the shape of every output from attributes and input shapes;
            None where nothing is known about them.
        gradient: Adds the nodes of the gradient, or says why there is none.
        attrs: Reads the attributes into a record, once per operation; without it the
            shape function and the kernel get a mapping of Python values.
        source: Where TensorFlow declares the op.
        ranks: The ranks that operands must have, a letter for each; see `check_ranks`.
    """

    name: str
    shape: ShapeFunction | None = None
    gradient: GradientRule | NoGradient = NO_RULE_YET
    attrs: AttrReader | None = None
    source: str = ""
    ranks: str = ""


def spec_for(op_type: str) -> OpSpec | None:
    """Return the spec of an op type, or None if nobody here knows what it means."""
    found = registered(op_type)
    return _built_in(op_type) if found is None else found.spec


@cache
def _built_in(op_type: str) -> OpSpec | None:
    # `ops` lies above `graph`, so it is looked up when needed, not imported.
    spec: OpSpec | None = import_module("metagraft.ops").spec_of(op_type)
    return spec
