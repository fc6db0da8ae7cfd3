"""`tf.GradientTape`: gradients of what is added inside a block.

Source: tensorflow python/eager/backprop.py.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from metagraft.api import logging
from metagraft.api.checks import assert_equal
from metagraft.api.nest import flatten, pack_sequence_as
from metagraft.api.type_specs import is_composite
from metagraft.api.variable_collections import trainable_variables
from metagraft.api.while_loop import while_loop
from metagraft.gradients import UnconnectedGradients
from metagraft.gradients.differentiable import is_differentiable_type
from metagraft.gradients.tape import Tape, origin
from metagraft.graph.build import array
from metagraft.graph.composite import CompositeTensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.defaults import get_default_graph
from metagraft.graph.scopes import control_dependencies
from metagraft.graph.tensor import Tensor
from metagraft.graph.tensor_array import TensorArray
from metagraft.graph.variable import GraphVariable

__all__ = ["GradientTape"]

_USED_UP = (
    "A non-persistent GradientTape can only be used to compute one set of gradients"
    " (or jacobians)"
)


class GradientTape:
    """Records operations that depend on what is watched, to differentiate them.

    Trainable variables behind handles are watched when they are read.
    """

    def __init__(
        self, persistent: bool = False, watch_accessed_variables: bool = True
    ) -> None:
        """Make a tape; it records inside of its block.

        Args:
            persistent: Whether `gradient` may be called more than once.
            watch_accessed_variables: Whether trainable variables are watched that are
                read inside of the block.
        """
        self._persistent = persistent
        self._watches_reads = watch_accessed_variables
        self._tape: Tape | None = None
        self._recording = False
        self._watched: dict[Any, None] = {}

    def __enter__(self) -> GradientTape:
        """Begin to record."""
        self._start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        """End recording."""
        if self._recording:
            self._stop()

    def _start(self) -> None:
        if self._recording:
            raise ValueError(
                "Tape is still recording, This can happen if you try to re-enter an"
                " already-active tape."
            )
        if self._tape is None:
            self._tape = Tape(get_default_graph())
            self._watched = {}
        self._tape.start()
        self._recording = True

    def _stop(self) -> Tape:
        if not self._recording or self._tape is None:
            raise ValueError("Tape is not recording.")
        self._tape.stop()
        self._recording = False
        return self._tape

    @contextlib.contextmanager
    def _also_recording(self) -> Iterator[None]:
        if self._recording:
            yield
            return
        self._start()
        try:
            yield
        finally:
            self._stop()

    def watch(self, tensor: Any) -> None:
        """Count tensors and variables as no constants in what is added from now on.

        Args:
            tensor: Tensors, composite tensors, variables behind handles.

        Raises:
            ValueError: There is something else, or the tape is not recording.
        """
        parts = list(_parts(tensor))
        if self._tape is None:
            raise ValueError("Tape is not recording.")
        for part in parts:
            if not is_differentiable_type(part.dtype):
                logging.log_first_n(
                    logging.WARN,
                    "The dtype of the watched tensor must be floating (e.g."
                    " tf.float32), got %r",
                    5,
                    part.dtype,
                )
            if isinstance(part, GraphVariable):
                self._watched[part] = None
            self._tape.watch(_handle_or_self(part))

    @contextlib.contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Return a block in which nothing is recorded.

        Raises:
            RuntimeError: The tape is not recording.
        """
        if self._tape is None:
            raise RuntimeError(
                "Trying to stop recording a tape which is not recording."
            )
        self._stop()
        try:
            yield
        finally:
            self._start()

    def reset(self) -> None:
        """Forget what was recorded and watched.

        Raises:
            ValueError: The tape is not recording.
        """
        self._stop()
        self._tape = None
        self._start()

    def watched_variables(self) -> tuple[Any, ...]:
        """Return the variables that are watched, in the order they were first read."""
        if self._tape is not None:
            self._watch_variables_read(self._tape)
        return tuple(self._watched)

    def _watch_variables_read(self, tape: Tape) -> None:
        if not self._watches_reads:
            return
        by_handle = {
            variable.handle: variable
            for variable in trainable_variables()
            if variable.is_resource
        }
        if not by_handle:
            return
        for _, op in tape.operations():
            for x in map(origin, op.inputs):
                if x in by_handle:
                    self._watched[by_handle[x]] = None
                    tape.watched[x] = 0

    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
    ) -> Any:
        """Add nodes that compute the gradients of the sum of targets.

        Args:
            target: Tensors, nested as you like.
            sources: Tensors and variables behind handles, nested as you like.
            output_gradients: The gradient of each target; ones by default.
            unconnected_gradients: What a source has that no target depends on, `none`
                or `zero`.

        Returns:
            Gradients, nested as the sources are.

        Raises:
            NotImplementedError: A branch or a loop is in between.
            RuntimeError: The tape is used up.
            TypeError: There is no target.
            ValueError: A target or a source is of another kind.
        """
        tape = self._usable()
        if self._recording and not self._persistent:
            self._stop()
        if target is None:
            raise TypeError(
                "Argument `target` should be a list or nested structure of Tensors,"
                " Variables or CompositeTensors to be differentiated, but received"
                " None."
            )
        fill = _as_unconnected(unconnected_gradients)
        self._watch_variables_read(tape)
        targets = [
            part for one in flatten(target) for part in _differentiable_parts(one)
        ]
        given = flatten(sources)
        groups = [_differentiable_parts(one) for one in given]
        parts = [part for group in groups for part in group]
        found = tape.gradient(
            targets, parts, _output_gradients(output_gradients, len(targets))
        )
        if fill is UnconnectedGradients.ZERO:
            found = [
                _zeros_like(one) if grad is None else grad
                for one, grad in zip(parts, found, strict=True)
            ]
        if not self._persistent:
            self._tape = None
        left = iter(found)
        results = [
            _in_form(one, [next(left) for _ in group])
            for one, group in zip(given, groups, strict=True)
        ]
        return pack_sequence_as(sources, results)

    def jacobian(
        self,
        target: Any,
        sources: Any,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
        parallel_iterations: int | None = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """Add a loop that computes the gradient of each element of a target.

        Args:
            target: A tensor.
            sources: Tensors and variables, nested as you like.
            unconnected_gradients: What a source has that the target does not depend on.
            parallel_iterations: How many steps may run at a time.
            experimental_use_pfor: Whether TensorFlow makes one step of the loop.

        Returns:
            For each source a tensor of the target's shape and then the source's.

        Raises:
            RuntimeError: The tape is used up.
        """
        # TF: does the steps at once if told so; here the compiler may.
        del experimental_use_pfor
        self._usable()
        flat_sources = flatten(sources)
        shape = array.shape(target)
        with self._also_recording():
            target = array.reshape(target, [-1])

        def row(i: Tensor) -> list[Any]:
            with self._also_recording():
                y = array.gather(target, i)
            return list(self.gradient(y, flat_sources, None, unconnected_gradients))

        found = self._over_rows(row, target, flat_sources, parallel_iterations)
        results = []
        for rows in found:
            if rows is not None:
                whole = array.concat([shape, array.shape(rows)[1:]], axis=0)
                rows = array.reshape(rows, whole)  # noqa: PLW2901
            results.append(rows)
        return pack_sequence_as(sources, results)

    def batch_jacobian(
        self,
        target: Tensor,
        source: Tensor,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
        parallel_iterations: int | None = None,
        experimental_use_pfor: bool = True,
    ) -> Tensor:
        """Add a loop that computes the jacobian of each example of a batch.

        Args:
            target: `[batch, ...]`; an example depends on that of the source only.
            source: `[batch, ...]`.
            unconnected_gradients: Zeros or nothing where they are not connected.
            parallel_iterations: How many steps may run at a time.
            experimental_use_pfor: Whether TensorFlow makes one step of the loop.

        Raises:
            RuntimeError: The tape is used up.
            ValueError: The batches differ in size.
        """
        del experimental_use_pfor
        self._usable()
        shapes = (
            target.shape.with_rank_at_least(2),
            source.shape.with_rank_at_least(2),
        )
        if not all(shape[:1].is_compatible_with(shapes[0][:1]) for shape in shapes):
            raise ValueError(
                f"Need first dimension of target shape ({target.shape}) and source"
                f" shape ({source.shape}) to match."
            )
        target_shape, source_shape = array.shape(target), array.shape(source)
        batch = target_shape[0]
        with (
            self._also_recording(),
            control_dependencies([assert_equal(batch, source_shape[0])]),
        ):
            flat = array.reshape(target, [batch, -1])

        def column(i: Tensor) -> list[Any]:
            with self._also_recording():
                y = array.gather(flat, i, axis=1)
            return [self.gradient(y, source, None, unconnected_gradients)]

        columns = array.transpose(flat)
        (found,) = self._over_rows(column, columns, [source], parallel_iterations)
        if found is None:
            return array.zeros(
                array.concat([target_shape, source_shape[1:]], 0), source.dtype
            )
        whole = array.concat([target_shape, array.shape(found)[2:]], axis=0)
        swapped = array.reshape(found, [array.shape(found)[0], batch, -1])
        result: Tensor = array.reshape(array.transpose(swapped, [1, 0, 2]), whole)
        return result

    def _over_rows(
        self,
        row: Callable[[Tensor], list[Any]],
        rows: Tensor,
        sources: Sequence[Any],
        parallel_iterations: int | None,
    ) -> list[Any]:
        """Return what a function gives for each row, stacked; None where it is None."""
        size = rows.shape[0].value
        count: Any = array.shape(rows)[0] if size is None else size
        is_connected = [True] * len(sources)

        def step(i: Tensor, *arrays: Any) -> list[Any]:
            written = []
            for place, (grad, kept) in enumerate(zip(row(i), arrays, strict=True)):
                is_connected[place] = grad is not None
                value = array.zeros([], rows.dtype) if grad is None else grad
                written.append(kept.write(i, convert_to_tensor(value)))
            return [i + 1, *written]

        begin = [TensorArray(rows.dtype, size=count) for _ in sources]
        _, *arrays = while_loop(
            lambda i, *_: i < count,
            step,
            [0, *begin],
            parallel_iterations=parallel_iterations or 10,
        )
        return [
            kept.stack() if connected else None
            for kept, connected in zip(arrays, is_connected, strict=True)
        ]

    def _usable(self) -> Tape:
        if self._tape is None:
            raise RuntimeError(_USED_UP)
        return self._tape


def _parts(value: Any) -> Iterator[Any]:
    """Return the tensors and variables that a structure is made of."""
    for one in flatten(value):
        if isinstance(one, Tensor | GraphVariable):
            yield one
        elif is_composite(one):
            yield from _differentiable_parts(one)
        else:
            raise ValueError(
                f"Passed in object {one} of type {type(one).__name__!r}, not tf.Tensor"
                " or tf.Variable or ExtensionType."
            )


def _handle_or_self(value: Any) -> Tensor:
    if isinstance(value, GraphVariable):
        if not value.is_resource:
            raise ValueError(
                "tf.GradientTape takes variables behind handles, made with"
                f" use_resource=True; {value} is behind a reference."
            )
        return value.gradient_source
    tensor: Tensor = value
    return tensor


def _differentiable_parts(value: Any) -> list[Tensor]:
    """Return the tensors of a value that can change a little."""
    if isinstance(value, CompositeTensor):
        return [_handle_or_self(part) for part in value.gradient_parts()]
    if is_composite(value):
        return [value.values]
    if not isinstance(value, Tensor | GraphVariable):
        raise ValueError(  # noqa: TRY004 - TensorFlow's class
            f"Type {type(value).__name__} is not supported as a gradient."
        )
    return [_handle_or_self(value)]


def _in_form(source: Any, grads: list[Any]) -> Any:
    """Return the gradient of a composite tensor as such."""
    if isinstance(source, CompositeTensor):
        return source.with_gradients(grads)
    (grad,) = grads
    return grad


def _output_gradients(given: Any, count: int) -> list[Any]:
    if given is None:
        return [None] * count
    parts = flatten(given)
    if len(parts) != count:
        raise ValueError(
            f"GradientTape.gradient: {len(parts)} output_gradients for {count} targets."
        )
    return [None if one is None else convert_to_tensor(one) for one in parts]


def _as_unconnected(value: Any) -> UnconnectedGradients:
    try:
        return UnconnectedGradients(value)
    except ValueError:
        raise ValueError(
            f"Unknown value for unconnected_gradients: {value!r}"
        ) from None


def _zeros_like(tensor: Tensor) -> Any:
    return array.zeros_like(tensor)
