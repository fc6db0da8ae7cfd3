"""What tensors are while a plan is built: slots, references, and under which guards."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from metagraft.errors import InvalidArgumentError
from metagraft.runtime.plan import FRAME_SLOT, Guards
from metagraft.runtime.resources import VariableDeclaration
from metagraft.runtime.selected_reference import SelectedError, Selection

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation
    from metagraft.graph.tensor import Tensor

ConstantReader = Callable[["Operation"], Any]


@dataclass(slots=True, eq=False)
class PlanTensors:
    """The slots and guards of tensors, and the variables that they stand for.

    Attributes:
        constant_value: Returns the value of a `Const` operation.
    """

    constant_value: ConstantReader
    _fed: Collection[Tensor]
    _slots: dict[Tensor, int] = field(default_factory=dict)
    _variables: dict[Tensor, VariableDeclaration | Selection] = field(
        default_factory=dict
    )
    _constants: list[tuple[int, Any]] = field(default_factory=list)
    _guards: dict[Tensor | Operation, Guards] = field(default_factory=dict)
    _current: Guards = ()
    _n_slots: int = FRAME_SLOT + 1

    # -- slots ---------------------------------------------------------------------

    def new_slot(self) -> int:
        """Return a slot that nothing uses yet."""
        self._n_slots += 1
        return self._n_slots - 1

    def set_slot(self, tensor: Tensor, slot: int | None = None) -> int:
        """Give a tensor a slot unless it is fed; return the slot to write to."""
        slot = self.new_slot() if slot is None else slot
        self._slots.setdefault(tensor, slot)
        return slot

    def slot_of(self, tensor: Tensor) -> int | None:
        """Return the slot of a tensor, None if it stands for a variable."""
        return self._slots.get(tensor)

    def constant(self, tensor: Tensor, value: Any) -> None:
        """Give a tensor a value that never changes."""
        self._constants.append((self.set_slot(tensor), value))

    # -- branches ------------------------------------------------------------------

    def start_operation(self, op: Operation) -> None:
        """Find the guards of the operation that is planned next.

        An operation does not run if any of its inputs or control inputs did not.
        """
        if not self._guards:
            return
        found: set[tuple[int, bool]] = set()
        for tensor in op.inputs:
            found.update(self.guards(tensor))
        for control in op.control_inputs:
            found.update(self._guards.get(control, ()))
        self.set_current_guards(op, tuple(sorted(found)))

    @property
    def current_guards(self) -> Guards:
        """The guards of the operation that is being planned."""
        return self._current

    def set_current_guards(self, op: Operation, guards: Guards) -> None:
        """Set the guards of `op`, which is being planned."""
        self._current = guards
        if guards:
            self._guards[op] = guards
        else:
            self._guards.pop(op, None)

    def guards(self, tensor: Tensor) -> Guards:
        """Return the guards under which a tensor has a value."""
        if not self._guards or tensor in self._fed:
            return ()
        guards = self._guards.get(tensor)
        return self._guards.get(tensor.op, ()) if guards is None else guards

    def control_guards(self, op: Operation) -> Guards:
        """Return the guards of the control inputs of an operation."""
        return tuple(g for c in op.control_inputs for g in self._guards.get(c, ()))

    def set_guards(self, tensor: Tensor, guards: Guards) -> None:
        """Set the guards under which one output has a value."""
        self._guards[tensor] = tuple(sorted(set(guards)))

    # -- variables -----------------------------------------------------------------

    def stand_for(
        self, tensor: Tensor, declaration: VariableDeclaration | Selection
    ) -> None:
        """Make a tensor a reference to, or handle of, a variable unless it is fed."""
        if tensor not in self._slots:
            self._variables[tensor] = declaration

    def refer(
        self, tensor: Tensor, declaration: VariableDeclaration | Selection
    ) -> None:
        """Make a tensor that stands for a variable stand for another one."""
        self._variables[tensor] = declaration

    def forget(
        self, tensor: Tensor
    ) -> tuple[int | None, VariableDeclaration | Selection | None]:
        """Forget the slot of a tensor and what it stands for; return both."""
        return self._slots.pop(tensor, None), self._variables.pop(tensor, None)

    def is_fed(self, tensor: Tensor) -> bool:
        """Whether the value of a tensor comes from outside of the plan."""
        return tensor in self._fed

    def variable_behind(self, tensor: Tensor) -> VariableDeclaration | Selection | None:
        """Return the variable that a tensor refers to, if it does and is not fed."""
        return None if tensor in self._slots else self._variables.get(tensor)

    def variable(self, tensor: Tensor, op: Operation) -> VariableDeclaration:
        """Return the variable that an operand of `op` refers to.

        Raises:
            SelectedError: It refers to one of several.
        """
        declaration = self.reference(tensor, op)
        if isinstance(declaration, Selection):
            raise SelectedError(tensor, declaration)
        return declaration

    def reference(
        self, tensor: Tensor, op: Operation
    ) -> VariableDeclaration | Selection:
        """Return the variables that an operand of `op` refers to.

        Raises:
            InvalidArgumentError: The operand is no reference or handle of a variable
                that can be followed back through the graph.
        """
        declaration = self.variable_behind(tensor)
        if declaration is None:
            raise InvalidArgumentError(
                op.node_def,
                op,
                f"Operand '{tensor.name}' of '{op.name}' ({op.type}) must lead back "
                "to a variable, but is fed or comes from "
                f"'{tensor.op.name}' ({tensor.op.type}).",
            )
        return declaration
