"""The values of a layer's variables, and what its losses and updates depend on.

Source: tf_keras engine/base_layer_v1.py, backend.py.
"""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

import numpy as np

from metagraft.api import nest
from metagraft.api.variables import Variable
from metagraft.graph.composite import CompositeTensor, SparseTensor
from metagraft.graph.conversion import is_tensor_like
from metagraft.graph.defaults import get_default_session
from metagraft.graph.operation import Operation
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor

__all__ = ["LayerValues"]


class LayerValues:
    """Values of variables, and losses and updates by what they depend on."""

    _build_input_shape: Any = None
    # The losses that were added with inputs, by their ids.
    _conditional_losses: set[int]
    # Each update, and the inputs of the call that added it.
    _update_inputs: list[tuple[Any, Any]]
    name: Any
    losses: Any
    updates: Any
    weights: Any

    @abstractmethod
    def build(self, input_shape: Any) -> None:
        """Make the variables."""

    # -- values ------------------------------------------------------------------------

    def get_weights(self) -> list[Any]:
        """Return the values of all variables, trained ones first, as arrays.

        Raises:
            RuntimeError: There is no default session.
        """
        weights = self.weights
        values: list[Any] = self._session().run(weights) if weights else []
        return values

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Give all variables values, trained ones first.

        Args:
            weights: Arrays.

        Raises:
            RuntimeError: There is no default session.
            ValueError: There are more or fewer than variables, or a shape differs.
        """
        variables = self.weights
        if len(variables) != len(weights):
            raise ValueError(
                f'You called `set_weights(weights)` on layer "{self.name}" with a'
                f" weight list of length {len(weights)}, but the layer was expecting"
                f" {len(variables)} weights. Provided weights: {str(weights)[:50]}..."
            )
        pairs = list(zip(variables, weights, strict=True))
        for variable, value in pairs:
            shape = getattr(value, "shape", ())
            if not variable.shape.is_compatible_with(shape):
                raise ValueError(
                    f"Layer weight shape {variable.shape} not compatible with provided"
                    f" weight shape {shape}"
                )
        for variable, value in pairs:
            dtype = variable.dtype.base_dtype.as_numpy_dtype
            variable.load(np.asarray(value, dtype=dtype), self._session())

    def _session(self) -> Any:
        # TF: Keras makes a session of its own, and initializes what is not.
        session = get_default_session()
        if session is None:
            raise RuntimeError(
                f"Values of layer {self.name!r} are in a session: enter one with"
                " `with tf.Session():`."
            )
        return session

    def get_build_config(self) -> dict[str, Any] | None:
        """Return the shape of the inputs that it was built for, None before."""
        shape = self._build_input_shape
        if shape is None:
            return None
        as_tuple = nest.map_structure(
            lambda one: tuple(one.as_list()) if isinstance(one, TensorShape) else one,
            shape,
        )
        return {"input_shape": as_tuple}

    def build_from_config(self, config: Mapping[str, Any]) -> None:
        """Build it for what `get_build_config` returned."""
        shape = config["input_shape"]
        if shape is not None:
            self.build(TensorShape(shape))

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Copy all but tensors and variables."""
        result = type(self).__new__(type(self))
        memo[id(self)] = result
        for name, value in vars(self).items():
            if name == "_scope":
                copied = copy.copy(value)
            elif any(_is_of_graph(leaf) for leaf in nest.flatten(value)):
                copied = copy.copy(value) if isinstance(value, list | dict) else value
            else:
                copied = copy.deepcopy(value, memo)
            setattr(result, name, copied)
        return result

    # -- what losses and updates depend on ---------------------------------------------

    def get_losses_for(self, inputs: Any) -> list[Any]:
        """Return the losses that depend on inputs.

        Args:
            inputs: Tensors; None for the losses that were added without any.

        Raises:
            TypeError: They are no tensors.
        """
        losses, kept = self.losses, self._conditional_losses
        if inputs is None:
            return [loss for loss in losses if id(loss) not in kept]
        losses = [loss for loss in losses if id(loss) in kept]
        reached = _reached(inputs)
        return [loss for loss in losses if loss.op in reached]

    def get_updates_for(self, inputs: Any) -> list[Any]:
        """Return the updates that depend on inputs.

        Args:
            inputs: Tensors; None for the updates that depend on no input of a call.

        Raises:
            TypeError: They are no tensors.
        """
        updates = self.updates
        conditional = [
            update
            for update, given in self._update_inputs
            if given is not None and _operation(update) in _reached(given)
        ]
        if inputs is None:
            return [update for update in updates if update not in conditional]
        reached = _reached(inputs)
        return [
            one for one in conditional if one in updates and _operation(one) in reached
        ]


def _is_of_graph(value: Any) -> bool:
    return isinstance(value, Operation | SparseTensor | CompositeTensor) or (
        is_tensor_like(value)
    )


def _operation(value: Any) -> Any:
    return value if isinstance(value, Operation) else value.op


def _reached(inputs: Any) -> set[Operation]:
    """Return all operations that depend on tensors."""
    start: list[Any] = []
    for value in nest.flatten(inputs):
        if not isinstance(value, Tensor | Operation | Variable):
            raise TypeError(
                f"Expected tf.Operation, tf.Variable, or tf.Tensor. Received: {value}"
            )
        start.append(value)
    found: set[Operation] = set()
    pending = [_operation(value) for value in start]
    while pending:
        operation = pending.pop()
        if operation not in found:
            found.add(operation)
            pending.extend(_consumers(operation.outputs))
    return found


def _consumers(tensors: Iterable[Tensor]) -> list[Operation]:
    return [operation for tensor in tensors for operation in tensor.consumers()]
