"""What a step of a recurrent network is; `rnn_cells.py` has those of TensorFlow.

Source: tensorflow python/keras/layers/legacy_rnn/rnn_cell_impl.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from metagraft.api.layer import Layer
from metagraft.api.partitioned_variable import PartitionedVariable
from metagraft.api.rnn_shapes import zero_states
from metagraft.api.variable_scope import get_variable_scope, variable_scope
from metagraft.graph.build.array import shape
from metagraft.graph.constant_value import constant_value
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.keys import GraphKeys
from metagraft.graph.scopes import get_collection, name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["RNNCell", "check_cell"]


def check_cell(name: str, cell: Any) -> None:
    """Check that an argument can be used as a cell.

    Raises:
        TypeError: It lacks something that cells have.
    """
    missing = [
        f"'{attribute}' property is missing"
        for attribute in ("output_size", "state_size")
        if not hasattr(cell, attribute)
    ]
    if not (hasattr(cell, "get_initial_state") or hasattr(cell, "zero_state")):
        missing.append("either 'zero_state' or 'get_initial_state' method is required")
    if not callable(cell):
        missing.append("is not callable")
    if missing:
        raise TypeError(
            f"The argument {name!r} ({cell}) is not an RNNCell: {', '.join(missing)}."
        )


class RNNCell(Layer):
    """A layer that takes inputs and a state, and returns outputs and a new state.

    A derived class defines `state_size`, `output_size` and `call(inputs, state)`.
    """

    def __init__(
        self, trainable: bool = True, name: Any = None, dtype: Any = None, **kwargs: Any
    ) -> None:
        """Set the cell up; arguments as of `Layer`."""
        super().__init__(trainable=trainable, name=name, dtype=dtype, **kwargs)
        self._outer_scope: Any = None

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:
        """Add one step.

        Args:
            inputs: A tensor `[batch, input size]`, or a structure of them.
            state: The state, as `state_size` says, with the batch first.
            scope: Variable scope for the cell's variables.

        Returns:
            The outputs `[batch, output size]` and the new state.
        """
        if scope is not None:
            with variable_scope(scope, custom_getter=self._remember) as opened:
                return super().__call__(inputs, state, scope=opened)
        if self._outer_scope is None:
            self._outer_scope = variable_scope(
                get_variable_scope(), custom_getter=self._remember
            )
        with self._outer_scope:
            return super().__call__(inputs, state)

    def _remember(self, getter: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Get a variable and keep it with the layer's."""
        variable = getter(*args, **kwargs)
        trained = {id(v) for v in get_collection(GraphKeys.TRAINABLE_VARIABLES)}
        is_split = isinstance(variable, PartitionedVariable)
        is_trained = id(next(iter(variable)) if is_split else variable) in trained
        kept = self._trainable_weights if is_trained else self._non_trainable_weights
        if all(variable is not known for known in kept):
            kept.append(variable)
        return variable

    @property
    def state_size(self) -> Any:
        """Size of the state: a number, a `TensorShape`, or a structure of them."""
        raise NotImplementedError("Abstract method")

    @property
    def output_size(self) -> Any:
        """Size of the outputs: a number or a `TensorShape`."""
        raise NotImplementedError("Abstract method")

    def build(self, input_shape: Any) -> None:
        """Make no variables: a derived class may make them in `call`."""
        del input_shape

    def get_initial_state(
        self, inputs: Any = None, batch_size: Any = None, dtype: Any = None
    ) -> Any:
        """Return a zero state for inputs, or for a batch size and an element type.

        Raises:
            ValueError: They are not given, or do not fit the inputs.
        """
        if inputs is not None:
            inputs = convert_to_tensor(inputs, name="inputs")
            batch = inputs.shape.dims[0].value
            if batch_size is not None:
                is_tensor = isinstance(batch_size, Tensor)
                wanted = constant_value(batch_size) if is_tensor else batch_size
                if batch != wanted:
                    raise ValueError(
                        "batch size from input tensor is different from the input "
                        f"param. Input tensor batch: {batch}, batch_size: {batch_size}"
                    )
            if dtype is not None and inputs.dtype != dtype:
                raise ValueError(
                    "dtype from input tensor is different from the input param. Input "
                    f"tensor dtype: {inputs.dtype}, dtype: {dtype}"
                )
            batch_size = batch or shape(inputs)[0]
            dtype = inputs.dtype
        if batch_size is None or dtype is None:
            raise ValueError(
                "batch_size and dtype cannot be None while constructing initial state: "
                f"batch_size={batch_size}, dtype={dtype}"
            )
        return self.zero_state(batch_size, dtype)

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """Return a state of zeros.

        Args:
            batch_size: A number or a scalar tensor.
            dtype: The element type.
        """
        with name_scope(f"{type(self).__name__}ZeroState"):
            return zero_states(self.state_size, batch_size, dtype)
