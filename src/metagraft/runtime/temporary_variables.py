"""Variables that one run makes, changes and takes away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from metagraft.errors import AlreadyExistsError, NotFoundError
from metagraft.formats.names import decode_name
from metagraft.kernels import Kernel
from metagraft.kernels.kernel import Array
from metagraft.runtime.plan_builder import PlanBuilder
from metagraft.runtime.resources import VariableDeclaration

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation

# No variable of a session is in it.
_CONTAINER: Final = "temporary variables of a run"


def plan_temporary(plan: PlanBuilder, op: Operation) -> None:
    """The output refers to a variable of the run; it begins with zeros.

    # TF: its memory holds what was there before.

    Raises:
        AlreadyExistsError: The run has one of this name.
    """
    declaration = _declared(op)
    if declaration.key in plan.written():
        raise AlreadyExistsError(
            op.node_def, op, f"Resource {declaration.name} (TmpVar) exists already."
        )
    slot = plan.new_slot()
    plan.add_node(op, _ZEROS, op.attrs, (), [slot])
    plan.write(declaration, slot, op)
    plan.stand_for(op.outputs[0], declaration)


def plan_destroy_temporary(plan: PlanBuilder, op: Operation) -> None:
    """Give out the value of such a variable and take it away.

    Raises:
        NotFoundError: The run has no variable of this name, or not any more.
    """
    declaration = plan.variable(op.inputs[0], op)
    name = decode_name(op.attrs["var_name"])
    if name not in ("", declaration.name) or plan.is_gone(declaration):
        raise NotFoundError(
            op.node_def, op, f"Resource {name} (TmpVar) does not exist."
        )
    plan.set_slot(op.outputs[0], plan.read(declaration, op))
    plan.write(declaration, None, op)


def _declared(op: Operation) -> VariableDeclaration:
    attrs = op.attrs
    return VariableDeclaration(
        container=_CONTAINER,
        name=decode_name(attrs["var_name"]) or op.name,
        dtype=attrs["dtype"],
        dims=attrs["shape"],
        is_resource=False,
    )


def _zeros(attrs: Mapping[str, Any]) -> tuple[Array]:
    return (np.zeros(attrs["shape"], attrs["dtype"].as_numpy_dtype),)


_ZEROS: Final = Kernel(_zeros)
