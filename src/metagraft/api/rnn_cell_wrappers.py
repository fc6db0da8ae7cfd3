"""Cells made of cells: stacked, with dropout, with a shortcut, on a device.

Source: tensorflow python/keras/layers/legacy_rnn/rnn_cell_impl.py,
rnn_cell_wrapper_impl.py.
"""

from __future__ import annotations

import hashlib
import itertools
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Self

from metagraft.api.math import floor
from metagraft.api.nn_activation import dropout
from metagraft.api.random import random_uniform
from metagraft.api.rnn_cell import RNNCell, check_cell
from metagraft.api.rnn_cells import LSTMStateTuple
from metagraft.api.variable_scope import variable_scope
from metagraft.graph.build.array import concat, slice_
from metagraft.graph.build.math import divide
from metagraft.graph.constant_value import constant_value
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import device as device_scope
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import TensorShape
from metagraft.graph.structure import (
    check_same_structure,
    flatten,
    is_nested,
    map_structure,
    pack_like,
)
from metagraft.graph.tensor_array import TensorArray

__all__ = ["DeviceWrapper", "DropoutWrapper", "MultiRNNCell", "ResidualWrapper"]

_LOG: Final = logging.getLogger("metagraft")


class MultiRNNCell(RNNCell):
    """Cells on top of each other."""

    def __init__(self, cells: Sequence[Any], state_is_tuple: bool = True) -> None:
        """Stack cells.

        Args:
            cells: The cells, the first one takes the inputs.
            state_is_tuple: Whether the state is a tuple of theirs; else all are joined.

        Raises:
            ValueError: There is no cell; a cell's state is a tuple although the whole
                is not to be one.
            TypeError: `cells` is no list.
        """
        super().__init__()
        if not cells:
            raise ValueError("Must specify at least one cell for MultiRNNCell.")
        if not is_nested(cells):
            raise TypeError(f"cells must be a list or tuple, but saw: {cells}.")
        if len({id(cell) for cell in cells}) < len(cells):
            _LOG.warning(
                "At least two cells provided to MultiRNNCell are the same object and "
                "will share weights."
            )
        self._cells = cells
        self._tracked_parts.update((f"cell-{n}", c) for n, c in enumerate(cells))
        self._state_is_tuple = state_is_tuple
        sizes = [cell.state_size for cell in cells]
        if not state_is_tuple and any(is_nested(size) for size in sizes):
            raise ValueError(
                "Some cells return tuples of states, but the flag state_is_tuple is "
                f"not set.  State sizes are: {sizes}"
            )

    @property
    def state_size(self) -> Any:
        """Sizes of the cells' states."""
        sizes = tuple(cell.state_size for cell in self._cells)
        return sizes if self._state_is_tuple else sum(sizes)

    @property
    def output_size(self) -> Any:
        """Size of the last cell's outputs."""
        return self._cells[-1].output_size

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """Return a state of zeros; arguments as of `RNNCell`."""
        with name_scope(f"{type(self).__name__}ZeroState"):
            if not self._state_is_tuple:
                return super().zero_state(batch_size, dtype)
            return tuple(cell.zero_state(batch_size, dtype) for cell in self._cells)

    @property
    def trainable_weights(self) -> list[Any]:
        """Variables of the cells that are trained."""
        if not self.trainable:
            return []
        return [v for c in self._cells for v in getattr(c, "trainable_weights", ())]

    @property
    def non_trainable_weights(self) -> list[Any]:
        """Variables of the cells that are not trained."""
        fixed = [
            v for c in self._cells for v in getattr(c, "non_trainable_weights", ())
        ]
        if self.trainable:
            return fixed
        return [
            v for c in self._cells for v in getattr(c, "trainable_weights", ())
        ] + fixed

    def call(self, inputs: Any, state: Any) -> Any:
        """Add one step of every cell."""
        if self._state_is_tuple and not is_nested(state):
            raise ValueError(
                f"Expected state to be a tuple of length {len(self.state_size)}, but "
                f"received: {state}"
            )
        position = 0
        new_states = []
        for index, cell in enumerate(self._cells):
            with variable_scope(f"cell_{index}"):
                if self._state_is_tuple:
                    current = state[index]
                else:
                    current = slice_(state, [0, position], [-1, cell.state_size])
                    position += cell.state_size
                inputs, new_state = cell(inputs, current)
                new_states.append(new_state)
        if self._state_is_tuple:
            return inputs, tuple(new_states)
        return inputs, concat(new_states, 1)


class _Wrapper(RNNCell):
    """A cell around another."""

    def __init__(self, cell: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_cell("cell", cell)
        self.cell = cell
        self._tracked_parts["cell"] = cell

    @property
    def wrapped_cell(self) -> Any:
        """The cell inside."""
        return self.cell

    @property
    def state_size(self) -> Any:
        """Size of the inner cell's state."""
        return self.cell.state_size

    @property
    def output_size(self) -> Any:
        """Size of the inner cell's outputs."""
        return self.cell.output_size

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """Return the inner cell's state of zeros."""
        with name_scope(f"{type(self).__name__}ZeroState"):
            return self.cell.zero_state(batch_size, dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments, the cell described by its class and arguments."""
        inner = self.cell
        cell = {"class_name": type(inner).__name__, "config": inner.get_config()}
        return {**super().get_config(), "cell": cell, **self._own_config()}

    def _own_config(self) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Any = None) -> Self:
        """Make a wrapper of what `get_config` returned, with a cell put in.

        Raises:
            ValueError: The cell is a description.
        """
        del custom_objects
        arguments = dict(config)
        try:
            check_cell("cell", arguments["cell"])
        except TypeError:
            raise ValueError(
                "RNNCellWrapper cannot reconstruct the wrapped cell. Please overwrite"
                " the cell in the config with a RNNCell instance."
            ) from None
        return cls(**arguments)

    def _step(self, inputs: Any, state: Any, scope: Any) -> tuple[Any, Any]:
        found: tuple[Any, Any] = self.cell(inputs, state, scope=scope)
        return found


class DropoutWrapper(_Wrapper):
    """A cell whose inputs, outputs or state lose elements at random."""

    def __init__(
        self,
        cell: Any,
        input_keep_prob: Any = 1.0,
        output_keep_prob: Any = 1.0,
        state_keep_prob: Any = 1.0,
        variational_recurrent: bool = False,
        input_size: Any = None,
        dtype: Any = None,
        seed: int | None = None,
        dropout_state_filter_visitor: Callable[[Any], Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Wrap a cell.

        Args:
            cell: The cell.
            input_keep_prob: How likely an input stays; a number or a tensor.
            output_keep_prob: How likely an output stays.
            state_keep_prob: How likely an element of the new state stays.
            variational_recurrent: Whether the same elements are lost at every step.
            input_size: Size of the inputs, needed for that.
            dtype: Element type, needed for that.
            seed: Seed of the random numbers.
            dropout_state_filter_visitor: Says of every part of the state whether it may
                lose elements; by default all but the memory of an LSTM.
            **kwargs: As of `Layer`.

        Raises:
            ValueError: A probability lies outside [0, 1], or an argument is missing.
            TypeError: `cell` is no cell, or the visitor no function.
        """
        super().__init__(cell, dtype=dtype, **kwargs)
        if dropout_state_filter_visitor is not None and not callable(
            dropout_state_filter_visitor
        ):
            raise TypeError("dropout_state_filter_visitor must be callable")
        self._filter = dropout_state_filter_visitor or _all_but_memory
        self._seed = seed
        self._input_size = input_size
        self._noise: dict[str, Any] = {"input": None, "state": None, "output": None}
        self._is_variational = variational_recurrent
        with name_scope("DropoutWrapperInit"):
            self._chances = {
                part: _probability(f"{part}_keep_prob", value)
                for part, value in (
                    ("input", input_keep_prob),
                    ("state", state_keep_prob),
                    ("output", output_keep_prob),
                )
            }
        if variational_recurrent:
            self._add_noise(input_size, dtype)

    def _own_config(self) -> dict[str, Any]:
        """Return its arguments.

        Raises:
            ValueError: A function says which parts of the state lose elements.
        """
        if self._filter is not _all_but_memory:
            # TF: keeps the function's name or bytecode.
            raise ValueError(
                "A DropoutWrapper with a dropout_state_filter_visitor has no config."
            )
        return {
            "input_keep_prob": self._chances["input"],
            "output_keep_prob": self._chances["output"],
            "state_keep_prob": self._chances["state"],
            "variational_recurrent": self._is_variational,
            "input_size": self._input_size,
            "seed": self._seed,
        }

    def _add_noise(self, input_size: Any, dtype: Any) -> None:
        if dtype is None:
            raise ValueError("When variational_recurrent=True, dtype must be provided")
        sizes = {"state": self.state_size, "output": self.output_size}
        if _drops(self._chances["input"]):
            if input_size is None:
                raise ValueError(
                    "When variational_recurrent=True and input_keep_prob < 1.0 or is "
                    "unknown, input_size must be provided"
                )
            sizes = {"input": input_size, **sizes}
        for part, structure in sizes.items():
            numbers = itertools.count()

            def noise(size: Any, part: str = part, numbers: Any = numbers) -> Any:
                shape = concat(([1], TensorShape(size).as_list()), 0)
                seed = self._seed_of(part, next(numbers))
                return random_uniform(shape, seed=seed, dtype=dtype)

            self._noise[part] = map_structure(noise, structure)

    def _seed_of(self, part: str, index: int) -> int | None:
        if self._seed is None:
            return None
        text = f"{self._seed}{part}_{index}"
        digest = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
        return int(digest[:8], 16) & 0x7FFFFFFF

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:
        """Add one step; arguments as of `RNNCell`."""
        if _drops(self._chances["input"]):
            inputs = self._dropped("input", inputs, map_structure(_always, inputs))
        output, new_state = self._step(inputs, state, scope)
        if _drops(self._chances["state"]):
            wanted = _wanted_parts(self._filter, new_state)
            new_state = self._dropped("state", new_state, wanted)
        if _drops(self._chances["output"]):
            output = self._dropped("output", output, map_structure(_always, output))
        return output, new_state

    def _dropped(self, part: str, values: Any, wanted: Any) -> Any:
        """Apply dropout to the parts of a structure that are wanted."""
        keep, noise = self._chances[part], self._noise[part]
        numbers = itertools.count()

        def one(is_wanted: Any, value: Any, value_noise: Any) -> Any:
            index = next(numbers)
            if is_wanted is False:
                return value
            if not self._is_variational:
                return dropout(value, rate=1.0 - keep, seed=self._seed_of(part, index))
            stays = floor(keep + value_noise)
            kept = divide(value, keep) * stays
            kept.set_shape(value.shape)
            return kept

        return _map_up_to(wanted, one, values, noise)


class ResidualWrapper(_Wrapper):
    """A cell whose inputs are added to its outputs."""

    def __init__(
        self,
        cell: Any,
        residual_fn: Callable[[Any, Any], Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Wrap a cell.

        Args:
            cell: The cell.
            residual_fn: Takes inputs and outputs and returns the outputs; by default
                their sum.
            **kwargs: As of `Layer`.
        """
        super().__init__(cell, **kwargs)
        self._residual = residual_fn or _sum

    def _own_config(self) -> dict[str, Any]:
        """Return nothing more.

        Raises:
            ValueError: A function joins inputs and outputs.
        """
        if self._residual is not _sum:
            # TF: keeps the function's name or bytecode.
            raise ValueError("A ResidualWrapper with a residual_fn has no config.")
        return {}

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:
        """Add one step; arguments as of `RNNCell`."""
        outputs, new_state = self._step(inputs, state, scope)
        return self._residual(inputs, outputs), new_state


class DeviceWrapper(_Wrapper):
    """A cell on a device."""

    def __init__(self, cell: Any, device: Any, **kwargs: Any) -> None:
        """Wrap a cell.

        Args:
            cell: The cell.
            device: A device or a device function.
            **kwargs: As of `Layer`.
        """
        super().__init__(cell, **kwargs)
        self._device = device

    def _own_config(self) -> dict[str, Any]:
        return {"device": self._device}

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """Return the inner cell's state of zeros, on the device."""
        with name_scope(f"{type(self).__name__}ZeroState"), device_scope(self._device):
            return self.cell.zero_state(batch_size, dtype)

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:
        """Add one step; arguments as of `RNNCell`."""
        with device_scope(self._device):
            return self._step(inputs, state, scope)


def _probability(name: str, value: Any) -> Any:
    tensor = convert_to_tensor(value)
    known = constant_value(tensor)
    if known is None:
        return tensor
    if not 0 <= known <= 1:
        raise ValueError(f"Parameter {name} must be between 0 and 1: {known}")
    return float(known)


def _drops(keep: Any) -> bool:
    return not isinstance(keep, float) or keep < 1


def _always(_: Any) -> bool:
    return True


def _all_but_memory(part: Any) -> Any:
    if isinstance(part, LSTMStateTuple):
        return LSTMStateTuple(c=False, h=True)
    return not isinstance(part, TensorArray)


def _sum(inputs: Any, outputs: Any) -> Any:
    check_same_structure(inputs, outputs)
    pairs = list(zip(flatten(inputs), flatten(outputs), strict=True))
    for given, made in pairs:
        given.shape.assert_is_compatible_with(made.shape)
    return pack_like(outputs, [given + made for given, made in pairs])


def _wanted_parts(visit: Callable[[Any], Any], value: Any) -> Any:
    """Ask of every part of a structure whether it is wanted.

    Returns:
        A structure of True and False; a part that is not wanted as a whole is False.
    """
    answer = visit(value)
    if not is_nested(value) or answer is False:
        return bool(answer)
    answers = [True] * len(value) if isinstance(answer, bool) else list(answer)
    parts = [
        _wanted_parts(visit, part) if wanted else False
        for wanted, part in zip(answers, value, strict=True)
    ]
    return _like(value, parts)


def _map_up_to(
    shallow: Any, function: Callable[..., Any], value: Any, other: Any
) -> Any:
    """Apply a function wherever a structure of answers has an answer."""
    if not is_nested(shallow):
        return function(shallow, value, other)
    others = [None] * len(shallow) if other is None else other
    parts = [
        _map_up_to(*row)
        for row in zip(shallow, itertools.repeat(function), value, others, strict=False)
    ]
    return _like(value, parts)


def _like(structure: Any, parts: list[Any]) -> Any:
    kind: Any = type(structure)
    return kind(*parts) if hasattr(structure, "_fields") else kind(parts)
