"""What all optimizers have in common: gradients, slots and the order of updates.

An optimizer is a subclass that makes its slots (`_create_slots`), its hyperparameter
tensors (`_prepare`) and one update operation for a variable (`_apply_dense` and its
siblings). Programs subclass `Optimizer`, too, so these names are TensorFlow's.

Source: tensorflow python/training/optimizer.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from metagraft.api.resource_variable import ResourceVariable
from metagraft.api.state import assign_add
from metagraft.api.variable_collections import trainable_variables
from metagraft.api.variable_scope import get_variable, variable_scope
from metagraft.api.variables import Variable, make_variable
from metagraft.gradients import gradients
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op as apply_op
from metagraft.graph.build import array, math
from metagraft.graph.build.control_flow import group, tuple_
from metagraft.graph.composite import IndexedSlices
from metagraft.graph.conversion import (
    convert_to_tensor,
    internal_convert_to_tensor_or_indexed_slices,
)
from metagraft.graph.defaults import get_default_graph
from metagraft.graph.graph import Graph
from metagraft.graph.init_scope import init_scope
from metagraft.graph.keys import GraphKeys
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import (
    colocate_with,
    control_dependencies,
    get_collection,
    get_collection_ref,
    name_scope,
)
from metagraft.graph.structure import flatten
from metagraft.graph.tensor import Tensor
from metagraft.training import slot_creator
from metagraft.training.loss_functions import loss_of, variables_behind

GradientsAndVariables = list[tuple[Any, Any]]
_VariableKey = tuple[Graph, str]
_TRAINABLE_RESOURCES: Final = "trainable_resource_variables"
_STREAMING_PORTS: Final = "streaming_model_ports"


def _key(variable: Any) -> _VariableKey:
    return variable.op.graph, variable.op.name


class Optimizer:
    """Adds operations that change variables so that a loss gets smaller."""

    GATE_NONE: Final = 0
    GATE_OP: Final = 1
    GATE_GRAPH: Final = 2

    def __init__(
        self,
        use_locking: bool,
        name: str,
        use_own_namescope_for_non_slot_vars: bool = False,
    ) -> None:
        """Name an optimizer.

        Args:
            use_locking: Whether updates of reference variables lock them.
            name: Name scope of the updates, and part of the names of slots.
            use_own_namescope_for_non_slot_vars: Whether variables that belong to no
                other, such as powers of Adam's decays, are in a scope of that name.

        Raises:
            ValueError: There is no name.
        """
        if not name:
            raise ValueError("Must specify the optimizer name")
        self._use_locking = use_locking
        self._name = name
        self._non_slot_variable_scope: Any = None
        if use_own_namescope_for_non_slot_vars:
            with variable_scope(None, default_name=name) as scope:
                self._non_slot_variable_scope = scope
        # Slot name -> variable -> slot
        self._slots: dict[str, dict[_VariableKey, Variable]] = {}
        self._non_slot_dict: dict[tuple[str, Graph], Variable] = {}

    def get_name(self) -> str:
        """Return the name."""
        return self._name

    # -- what programs call ------------------------------------------------------------

    def minimize(
        self,
        loss: Any,
        global_step: Any = None,
        var_list: Any = None,
        gate_gradients: int = GATE_OP,
        aggregation_method: int | None = None,
        colocate_gradients_with_ops: bool = False,
        name: str | None = None,
        grad_loss: Any = None,
    ) -> Any:
        """Add gradients and updates.

        Args:
            loss: What gets smaller.
            global_step: A variable that is increased after the updates.
            var_list: The variables to change; trainable ones for None.
            gate_gradients: How gradients wait for each other: `GATE_NONE`, `GATE_OP`,
                `GATE_GRAPH`.
            aggregation_method: See `gradients`.
            colocate_gradients_with_ops: See `gradients`.
            name: Name of the returned operation.
            grad_loss: Gradient of the loss; ones for None.

        Returns:
            The operation that does all updates.

        Raises:
            ValueError: No variable has a gradient.
        """
        grads_and_vars = self.compute_gradients(
            loss,
            var_list=var_list,
            gate_gradients=gate_gradients,
            aggregation_method=aggregation_method,
            colocate_gradients_with_ops=colocate_gradients_with_ops,
            grad_loss=grad_loss,
        )
        if all(grad is None for grad, _ in grads_and_vars):
            raise ValueError(
                "No gradients provided for any variable, check your graph for ops that "
                "do not support gradients, between variables "
                f"{[str(v) for _, v in grads_and_vars]} and loss {loss}."
            )
        return self.apply_gradients(grads_and_vars, global_step=global_step, name=name)

    def compute_gradients(
        self,
        loss: Any,
        var_list: Any = None,
        gate_gradients: int = GATE_OP,
        aggregation_method: int | None = None,
        colocate_gradients_with_ops: bool = False,
        grad_loss: Any = None,
    ) -> GradientsAndVariables:
        """Add gradients; returns pairs of a gradient (or None) and its variable.

        The arguments are those of `minimize`.
        """
        if callable(loss):
            return self._gradients_of_function(
                loss, var_list, grad_loss, aggregation_method
            )
        loss = self._scale_loss(loss)
        if gate_gradients not in (self.GATE_NONE, self.GATE_OP, self.GATE_GRAPH):
            raise ValueError(
                "gate_gradients must be one of: Optimizer.GATE_NONE, "
                f"Optimizer.GATE_OP, Optimizer.GATE_GRAPH.  Not {gate_gradients}"
            )
        self._assert_valid_dtypes([loss])
        if grad_loss is not None:
            self._assert_valid_dtypes([grad_loss])
        variables = _variables_to_train(var_list)
        if not variables:
            raise ValueError("No variables to optimize.")
        grads = gradients(
            loss,
            [_target(variable) for variable in variables],
            grad_ys=grad_loss,
            gate_gradients=gate_gradients == self.GATE_OP,
            aggregation_method=aggregation_method,
            colocate_gradients_with_ops=colocate_gradients_with_ops,
        )
        if gate_gradients == self.GATE_GRAPH:
            grads = tuple_(grads)
        pairs = list(zip(grads, variables, strict=True))
        self._assert_valid_dtypes(
            [v for g, v in pairs if g is not None and v.dtype != dtypes.resource]
        )
        return pairs

    def _gradients_of_function(
        self,
        function: Callable[[], Any],
        var_list: Any,
        grad_loss: Any,
        aggregation_method: int | None,
    ) -> GradientsAndVariables:
        """Do what `compute_gradients` does, for a loss that is a function.

        Without `var_list`, the variables are those that the function reads.
        """
        loss = self._scale_loss(loss_of(function))
        if var_list is None:
            variables = variables_behind(loss, trainable_variables())
        else:
            variables = flatten(var_list)
        targets = [_target(variable) for variable in variables]
        with control_dependencies([loss]):
            grads = gradients(
                loss, targets, grad_loss, aggregation_method=aggregation_method
            )
        return list(zip(grads, variables, strict=True))

    def apply_gradients(
        self,
        grads_and_vars: Iterable[tuple[Any, Any]],
        global_step: Any = None,
        name: str | None = None,
        skip_gradients_aggregation: bool = False,
    ) -> Any:
        """Add updates.

        Args:
            grads_and_vars: Pairs of a gradient (or None) and a variable.
            global_step: A variable that is increased after the updates.
            name: Name of the returned operation.
            skip_gradients_aggregation: For strategies that distribute a program.

        Raises:
            TypeError: A gradient is not a tensor.
            ValueError: There is no variable with a gradient.
        """
        del skip_gradients_aggregation  # There is one replica.
        pairs = [(_as_gradient(g), v, _updater(v)) for g, v in grads_and_vars]
        if not pairs:
            raise ValueError("No variables provided.")
        changed = [v for g, v, _ in pairs if g is not None]
        if not changed:
            raise ValueError(
                "No gradients provided for any variable: "
                f"{[str(v) for _, v, _ in pairs]}."
            )
        with init_scope():
            self._create_slots(changed)
        with name_scope(name, self._name) as scope:
            self._prepare()
            update_ops = []
            for grad, variable, update in pairs:
                if grad is None:
                    continue
                with (
                    name_scope(f"update_{variable.op.name}"),
                    colocate_with(variable),
                ):
                    update_ops.append(update(self, grad, variable))
            applied = self._finish_and_count(update_ops, global_step, scope)
        train_ops = get_collection_ref(GraphKeys.TRAIN_OP)
        if applied not in train_ops:
            train_ops.append(applied)
        return applied

    def _finish_and_count(
        self, update_ops: list[Any], global_step: Any, scope: str
    ) -> Operation:
        """Return the operation that is done when all updates are, and the step."""
        if global_step is None:
            finished = self._finish(update_ops, scope)
        else:
            with (
                control_dependencies([self._finish(update_ops, "update")]),
                colocate_with(global_step),
            ):
                finished = _increased(global_step, scope)
        operation: Operation = finished.op if isinstance(finished, Tensor) else finished
        return operation

    # -- slots -------------------------------------------------------------------------

    def get_slot(self, var: Any, name: str) -> Variable | None:
        """Return the slot of a variable, or None."""
        return self._slots.get(name, {}).get(_key(var))

    def get_slot_names(self) -> list[str]:
        """Return the names of the kinds of slots."""
        return sorted(self._slots)

    def variables(self) -> list[Variable]:
        """Return the slots and other variables in the default graph, by name."""
        graph = get_default_graph()
        slots = [slot for named in self._slots.values() for slot in named.values()]
        found = [
            variable
            for variable in [*self._non_slot_variables(), *slots]
            if variable.op.graph is graph
        ]
        return sorted(found, key=lambda variable: variable.name)

    def _slot_dict(self, slot_name: str) -> dict[_VariableKey, Variable]:
        return self._slots.setdefault(slot_name, {})

    def _get_or_make_slot(
        self, var: Any, val: Any, slot_name: str, op_name: str
    ) -> Variable:
        slots = self._slot_dict(slot_name)
        if _key(var) not in slots:
            slots[_key(var)] = slot_creator.create_slot(var, val, op_name)
        return slots[_key(var)]

    def _get_or_make_slot_with_initializer(
        self,
        var: Any,
        initializer: Any,
        shape: Any,
        dtype: Any,
        slot_name: str,
        op_name: str,
    ) -> Variable:
        slots = self._slot_dict(slot_name)
        if _key(var) not in slots:
            slots[_key(var)] = slot_creator.create_slot_with_initializer(
                var, initializer, shape, dtype, op_name
            )
        return slots[_key(var)]

    def _zeros_slot(self, var: Any, slot_name: str, op_name: str) -> Variable:
        slots = self._slot_dict(slot_name)
        if _key(var) not in slots:
            slots[_key(var)] = slot_creator.create_zeros_slot(var, op_name)
        return slots[_key(var)]

    def _create_non_slot_variable(
        self, initial_value: Any, name: str, colocate_with: Any
    ) -> Variable:
        key = (name, colocate_with.graph)
        found = self._non_slot_dict.get(key)
        if found is None:
            found = self._made_beside(initial_value, name, colocate_with)
            self._non_slot_dict[key] = found
        return found

    def _made_beside(self, initial_value: Any, name: str, beside: Any) -> Variable:
        options: dict[str, Any] = {
            "name": name,
            "trainable": False,
            "use_resource": isinstance(beside, ResourceVariable),
        }
        with colocate_with(beside):
            if self._non_slot_variable_scope is None:
                return make_variable(initial_value, **options)
            with name_scope(""), variable_scope(self._non_slot_variable_scope):
                made: Variable = get_variable(initializer=initial_value, **options)
                return made

    def _get_non_slot_variable(
        self, name: str, graph: Graph | None = None
    ) -> Variable | None:
        return self._non_slot_dict.get((name, graph or get_default_graph()))

    def _non_slot_variables(self) -> list[Variable]:
        return list(self._non_slot_dict.values())

    # -- what subclasses define --------------------------------------------------------

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        """Make the slots of the variables."""

    def _prepare(self) -> None:
        """Make tensors of the hyperparameters."""

    def _apply_dense(self, grad: Tensor, var: Any) -> Any:
        """Add the update of a reference variable by a dense gradient."""
        raise NotImplementedError(f"{type(self).__name__} has no _apply_dense.")

    def _resource_apply_dense(self, grad: Tensor, handle: Any) -> Any:
        """Add the update of a resource variable by a dense gradient."""
        raise NotImplementedError(
            f"{type(self).__name__} has no _resource_apply_dense."
        )

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        """Add the update of rows of a reference variable; no index is repeated."""
        raise NotImplementedError(f"{type(self).__name__} has no _apply_sparse.")

    def _resource_apply_sparse(self, grad: Tensor, handle: Any, indices: Tensor) -> Any:
        """Add the update of rows of a resource variable; no index is repeated."""
        raise NotImplementedError(
            f"{type(self).__name__} has no _resource_apply_sparse."
        )

    def _apply_sparse_duplicate_indices(self, grad: IndexedSlices, var: Any) -> Any:
        """Add the update of rows of a reference variable; indices may be repeated."""
        values, indices = _without_repetition(grad.values, grad.indices)
        return self._apply_sparse(IndexedSlices(values, indices, grad.dense_shape), var)

    def _resource_apply_sparse_duplicate_indices(
        self, grad: Tensor, handle: Any, indices: Tensor
    ) -> Any:
        """Add the update of rows of a resource variable; indices may be repeated."""
        values, unique_indices = _without_repetition(grad, indices)
        return self._resource_apply_sparse(values, handle, unique_indices)

    def _finish(self, update_ops: list[Any], name_scope: str) -> Any:
        """Add what is done after all updates, and return one operation for all."""
        return group(*update_ops, name=name_scope)

    @staticmethod
    def _scale_loss(loss_value: Any) -> Any:
        return loss_value

    def _valid_dtypes(self) -> set[dtypes.DType]:
        """Types that losses and variables may have."""
        return {dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64}

    def _assert_valid_dtypes(self, tensors: Iterable[Any]) -> None:
        valid = self._valid_dtypes()
        for tensor in tensors:
            dtype = tensor.dtype.base_dtype
            if dtype not in valid:
                raise ValueError(
                    f"Invalid type {dtype!r} for {tensor.name}, expected: "
                    f"{list(valid)}."
                )

    def _call_if_callable(self, param: Any) -> Any:
        return param() if callable(param) else param

    def _update(
        self,
        rule: str,
        var: Any,
        slots: Mapping[str, Any],
        scalars: Mapping[str, Any],
        gradient: tuple[str, Tensor],
        indices: Tensor | None = None,
        **attributes: Any,
    ) -> Operation:
        """Add `[Resource][Sparse]Apply<rule>`.

        Args:
            rule: What updates are called, such as `Adam`.
            var: The variable.
            slots: Slots by the names of the op's input args.
            scalars: Hyperparameters by the names of the op's input args; they take
                the type of the variable.
            gradient: Name of the input arg, and the gradient.
            indices: Row numbers for a gradient of rows.
            **attributes: Attributes of the op.
        """
        is_resource = isinstance(var, ResourceVariable)
        dtype = var.dtype.base_dtype
        operands: dict[str, Any] = {"var": var, **slots}
        if is_resource:
            operands = {key: operand.handle for key, operand in operands.items()}
        for key, scalar in scalars.items():
            operands[key] = math.cast(scalar, dtype)
        operands[gradient[0]] = gradient[1]
        if indices is not None:
            operands["indices"] = indices
        prefix = ("Resource" if is_resource else "") + (
            "Sparse" if indices is not None else ""
        )
        updated = apply_op(
            f"{prefix}Apply{rule}",
            use_locking=self._use_locking,
            **operands,
            **attributes,
        )
        operation: Operation = updated.op if isinstance(updated, Tensor) else updated
        return operation


def _variables_to_train(var_list: Any) -> list[Any]:
    if var_list is None:
        listed = trainable_variables() + get_collection(_TRAINABLE_RESOURCES)
    else:
        listed = flatten(list(var_list) if isinstance(var_list, set) else var_list)
    return listed + get_collection(_STREAMING_PORTS)


def _target(variable: Any) -> Any:
    """What gradients are taken with respect to.

    Raises:
        NotImplementedError: It is neither a variable nor a tensor.
    """
    if isinstance(variable, Variable):
        return variable.gradient_source
    if isinstance(variable, Tensor):
        return variable
    raise NotImplementedError("Trying to optimize unsupported type ", variable)


def _as_gradient(grad: Any) -> Any:
    if grad is None:
        return None
    try:
        return internal_convert_to_tensor_or_indexed_slices(grad)
    except TypeError:
        raise TypeError(
            "Gradient must be convertible to a Tensor or IndexedSlices, or None: "
            f"{grad}"
        ) from None


def _increased(global_step: Any, scope: str) -> Any:
    """Add the operation that increases the global step; it has the optimizer's name."""
    if isinstance(global_step, ResourceVariable):
        one = convert_to_tensor(1, dtype=global_step.dtype)
        return apply_op(
            "AssignAddVariableOp", resource=global_step.handle, value=one, name=scope
        )
    return assign_add(global_step, 1, name=scope)


def _without_repetition(values: Tensor, indices: Tensor) -> tuple[Tensor, Tensor]:
    """Return the sums of the rows that have the same index, and every index once."""
    unique_indices, positions = apply_op("Unique", x=indices)
    summed = apply_op(
        "UnsortedSegmentSum",
        data=values,
        segment_ids=positions,
        num_segments=array.shape(unique_indices)[0],
    )
    return summed, unique_indices


# -- one update ------------------------------------------------------------------------

_Updater = Callable[[Optimizer, Any, Any], Any]


def _updater(variable: Any) -> _Updater:
    """Return the function that updates a variable of this kind.

    Raises:
        NotImplementedError: It is neither a variable nor a tensor.
    """
    if isinstance(variable, ResourceVariable):
        return _update_resource
    if isinstance(variable, Variable):
        return _update_reference
    if isinstance(variable, Tensor):
        return _refuse_tensor
    raise NotImplementedError("Trying to optimize unsupported type ", variable)


def _refuse_tensor(optimizer: Optimizer, grad: Any, variable: Tensor) -> Any:
    del optimizer, grad  # the same signature as its siblings
    raise NotImplementedError("Trying to update a Tensor ", variable)


def _update_reference(optimizer: Optimizer, grad: Any, variable: Any) -> Any:
    if isinstance(grad, IndexedSlices):
        _refuse_constraint(variable)
        return optimizer._apply_sparse_duplicate_indices(grad, variable)  # noqa: SLF001
    update = optimizer._apply_dense(grad, variable)  # noqa: SLF001 - same module
    return _constrained(variable, update)


def _update_resource(optimizer: Optimizer, grad: Any, variable: Any) -> Any:
    if isinstance(grad, IndexedSlices):
        _refuse_constraint(variable)
        return optimizer._resource_apply_sparse_duplicate_indices(  # noqa: SLF001
            grad.values, variable, grad.indices
        )
    update = optimizer._resource_apply_dense(grad, variable)  # noqa: SLF001
    return _constrained(variable, update)


def _refuse_constraint(variable: Any) -> None:
    if variable.constraint is not None:
        raise RuntimeError("Cannot use a constraint function on a sparse variable.")


def _constrained(variable: Any, update: Any) -> Any:
    if variable.constraint is None:
        return update
    with control_dependencies([update]):
        return variable.assign(variable.constraint(variable))
