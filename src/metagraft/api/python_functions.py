"""`tf.py_func`, `tf.numpy_function`, `tf.py_function`: nodes that call Python.

There are no eager tensors here. A function of `tf.py_function` gets NumPy arrays that
also have the method `numpy()`. It may compute with NumPy, and with functions of this
library: what these return are tensors of a graph of its own, which is run when the
function returns. Such a tensor has no value before that, so `numpy()` of it is refused.

Source: tensorflow python/ops/script_ops.py.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from metagraft.api import nest
from metagraft.gradients import gradients
from metagraft.graph.apply_op import apply_op
from metagraft.graph.composite import CompositeTensor, IndexedSlices, SparseTensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.dtypes import DType, as_dtype
from metagraft.graph.graph import Graph
from metagraft.graph.python_functions import PYTHON_FUNCTIONS, PythonFunction
from metagraft.graph.tensor import Tensor
from metagraft.graph.tensor_spec import TensorSpec
from metagraft.graph.tensor_values import as_array
from metagraft.graph.type_spec import TypeSpec
from metagraft.runtime.session import Session

__all__ = ["numpy_function", "py_func", "py_function"]


@dataclass(slots=True, weakref_slot=True, eq=False)
class _OfArrays:
    """A function that takes and returns NumPy arrays."""

    function: Callable[..., Any]

    def call(self, arguments: Sequence[Any]) -> Any:
        return self.function(*arguments)

    def gradient(self) -> PythonFunction | None:
        return None


class ArrayWithNumpy(np.ndarray[Any, Any]):
    """An array that can be asked for itself, as an eager tensor can."""

    def numpy(self) -> Any:
        """Return the plain array, or the value of a scalar."""
        plain = self.view(np.ndarray)
        return plain[()] if plain.ndim == 0 else plain


@dataclass(slots=True, weakref_slot=True, eq=False)
class _OfTensors:
    """A function that may compute with this library's functions.

    Attributes:
        function: It.
        types: Of what it returns.
        last: What it was called with last, for the gradient.
        keeps_last: Whether there is a gradient that needs this.
    """

    function: Callable[..., Any]
    types: Sequence[DType]
    last: Sequence[Any] = field(default=())
    keeps_last: bool = False

    def call(self, arguments: Sequence[Any]) -> Any:
        if self.keeps_last:
            self.last = arguments
        given = [_with_numpy(value) for value in arguments]
        with Graph().as_default() as graph:
            returned = self._listed(self.function(*given))
            tensors = [value for value in returned if isinstance(value, Tensor)]
            computed = iter(_run(graph, tensors, {}))
            return [
                next(computed)
                if isinstance(value, Tensor)
                else as_array(_plain(value), dtype)
                for value, dtype in zip(returned, self.types, strict=False)
            ]

    def _listed(self, returned: Any) -> list[Any]:
        if returned is None:
            return []
        values = returned if isinstance(returned, (list, tuple)) else [returned]
        return [
            convert_to_tensor(value, dtype) if isinstance(value, Tensor) else value
            for value, dtype in zip(values, self.types, strict=False)
        ]

    def gradient(self) -> PythonFunction | None:
        self.keeps_last = True
        return _GradientOfTensors(self)


@dataclass(slots=True, weakref_slot=True, eq=False)
class _GradientOfTensors:
    """What turns gradients of a function's outputs to those of its inputs."""

    of: _OfTensors

    def call(self, arguments: Sequence[Any]) -> Any:
        with Graph().as_default() as graph:
            xs = [convert_to_tensor(value) for value in self.of.last]
            returned = self.of.function(*xs)
            values = returned if isinstance(returned, (list, tuple)) else [returned]
            ys = [
                convert_to_tensor(value, dtype)
                for value, dtype in zip(values, self.of.types, strict=False)
            ]
            found = gradients(ys, xs, grad_ys=list(map(convert_to_tensor, arguments)))
            dxs = [
                convert_to_tensor(0.0, dtype=x.dtype) if dx is None else dx
                for x, dx in zip(xs, found, strict=True)
            ]
            return _run(graph, list(map(convert_to_tensor, dxs)), {})

    def gradient(self) -> PythonFunction | None:
        return None


def _run(graph: Graph, tensors: list[Tensor], feeds: dict[Tensor, Any]) -> list[Any]:
    if not tensors:
        return []
    with Session(graph=graph) as session:
        values: list[Any] = session.run(tensors, feeds)
        return values


def _with_numpy(value: Any) -> Any:
    array = np.empty((), object) if isinstance(value, bytes) else np.asarray(value)
    if isinstance(value, bytes):
        array[()] = value
    return array.view(ArrayWithNumpy)


def _plain(value: Any) -> Any:
    return value.view(np.ndarray) if isinstance(value, ArrayWithNumpy) else value


def py_func(
    func: Callable[..., Any],
    inp: Sequence[Any],
    Tout: Any,  # noqa: N803 - TensorFlow's name
    stateful: bool = True,
    name: str | None = None,
) -> Any:
    """Call a function of NumPy arrays when the graph runs.

    Args:
        func: Takes an array, a NumPy scalar or `bytes` for every input, and returns one
            value or a list of them. It is not stored in the graph: only this process
            can run it.
        inp: The inputs.
        Tout: The type of what it returns, or a list of types.
        stateful: Whether it may return something else for the same inputs.
        name: Name of the operation.

    Returns:
        A tensor, or a list of tensors if `Tout` is a list; the operation if that is
        empty.

    Raises:
        ValueError: `func` cannot be called.
    """
    _check_callable(func)
    kind = "PyFunc" if stateful else "PyFuncStateless"
    return _call(kind, _OfArrays(func), inp, Tout, name)


def numpy_function(
    func: Callable[..., Any] | None = None,
    inp: Sequence[Any] | None = None,
    Tout: Any = None,  # noqa: N803 - TensorFlow's name
    stateful: bool = True,
    name: str | None = None,
) -> Any:
    """Call a function of NumPy arrays when the graph runs, as `py_func` does.

    Without `func` it returns a decorator.

    Raises:
        TypeError: An argument is missing.
    """
    _check_types(Tout, "numpy_function")
    options = {"Tout": Tout, "stateful": stateful, "name": name}
    if func is None:
        return _decorator(numpy_function, "numpy_function", inp, options)
    return py_func(func, _demand_inputs(inp, "numpy_function"), Tout, stateful, name)


def py_function(
    func: Callable[..., Any] | None = None,
    inp: Sequence[Any] | None = None,
    Tout: Any = None,  # noqa: N803 - TensorFlow's name
    name: str | None = None,
) -> Any:
    """Call a function of arrays or tensors when the graph runs; it has a gradient.

    Without `func` it returns a decorator. The gradient calls the function again, with
    tensors: a function that asks its arguments for `numpy()` has none.

    Raises:
        TypeError: An argument is missing, or `Tout` is not of tensors.
        ValueError: `func` cannot be called.
    """
    _check_types(Tout, "py_function")
    if func is None:
        options = {"Tout": Tout, "name": name}
        return _decorator(py_function, "py_function", inp, options)
    inputs = _demand_inputs(inp, "py_function")
    _check_callable(func)
    if any(isinstance(part, _COMPOSITES) for part in (*inputs, *_listed_types(Tout))):
        return _call_of_composites(func, inputs, Tout, name)
    types = [_plain_type(each) for each in _listed_types(Tout)]
    return _call("EagerPyFunc", _OfTensors(func, types), inputs, Tout, name)


def _call_of_composites(
    func: Callable[..., Any], inputs: Sequence[Any], types: Any, name: str | None
) -> Any:
    """Call a function of tensors that have parts: the node takes and gives the parts.

    Raises:
        ValueError: In a run, the function returns other parts than `types` say.
    """
    forms = [each if isinstance(each, _COMPOSITES) else None for each in inputs]
    wanted = _listed_types(types)

    def of_parts(*parts: Any) -> list[Any]:
        left = iter(parts)
        given = [
            next(left) if form is None else _packed_composite(form, left)
            for form in forms
        ]
        returned = func(*given)
        listed = returned if isinstance(returned, (list, tuple)) else [returned]
        begin = (
            f"py_function: func={func} returned {listed!r}, which did not match"
            f" Tout={list(wanted)!r}.\nIn particular,"
        )
        return [
            part
            for value, each in zip(listed, wanted, strict=False)
            for part in _parts_of(value, each, begin)
        ]

    flat_types = [_plain_type(each) for each in nest.flatten(wanted, True)]
    made = _call(
        "EagerPyFunc",
        _OfTensors(of_parts, flat_types),
        [part for each in inputs for part in _parts_given(each)],
        flat_types,
        name,
    )
    packed = nest.pack_sequence_as(list(wanted), made, True) if wanted else made
    return packed if isinstance(types, (list, tuple)) else packed[0]


def _packed_composite(form: Any, parts: Iterator[Any]) -> Any:
    count = len(nest.flatten(form, True))
    tensors = [convert_to_tensor(next(parts)) for _ in range(count)]
    return nest.pack_sequence_as(form, tensors, True)


def _parts_given(value: Any) -> list[Any]:
    """Return the parts of an argument; lists are arrays."""
    is_composite = isinstance(value, _COMPOSITES)
    return list(nest.flatten(value, True)) if is_composite else [value]


def _parts_of(value: Any, wanted: Any, begin: str) -> list[Any]:
    """Return the tensors that a value consists of.

    Args:
        value: It.
        wanted: What it has to be.
        begin: How the error begins if it is something else.
    """
    has_parts = isinstance(wanted, TypeSpec) and not isinstance(wanted, TensorSpec)
    if has_parts and wanted.is_compatible_with(value):
        return nest.flatten(value, True)
    if has_parts or isinstance(value, _COMPOSITES):
        found = f"compatible with {wanted!r}" if has_parts else "a Tensor"
        raise ValueError(f"{begin} {value!r} is not {found}.")
    return [value]


# Have parts, or describe what has.
_COMPOSITES = (CompositeTensor, SparseTensor, IndexedSlices, TypeSpec)


def _plain_type(dtype: Any) -> DType:
    return as_dtype(dtype.dtype if isinstance(dtype, TensorSpec) else dtype)


def _listed_types(types: Any) -> list[Any]:
    return list(types) if isinstance(types, (list, tuple)) else [types]


def _check_callable(func: Any) -> None:
    if not callable(func):
        raise ValueError(  # noqa: TRY004 - TensorFlow's class
            f"Expected func to be callable. Received func={func} of type {type(func)}."
        )


def _call(
    kind: str, function: PythonFunction, inputs: Sequence[Any], types: Any, name: Any
) -> Any:
    token = PYTHON_FUNCTIONS.add(function)
    more = {"is_async": False} if kind == "EagerPyFunc" else {}
    made = apply_op(
        kind,
        input=list(inputs),
        token=token,
        Tout=[_plain_type(each) for each in _listed_types(types)],
        name=name,
        **more,
    )
    if not isinstance(types, (list, tuple)):
        return made.outputs[0]
    # TF: only ops with state are returned where there is no output.
    return list(made.outputs) or ([] if kind == "PyFuncStateless" else made)


def _check_types(types: Any, function: str) -> None:
    if types is None:
        raise TypeError(
            "Missing required argument: 'Tout'\n"
            f"  If using tf.{function} as a decorator, set `Tout`\n"
            "  **by name** above the function:\n"
            f"  `@tf.{function}(Tout=tout)`"
        )


def _demand_inputs(inputs: Sequence[Any] | None, function: str) -> Sequence[Any]:
    if inputs is None:
        raise TypeError(
            "Missing argument `inp`:\n"
            "  You must set the `inp` argument (the list of arguments to the\n"
            f"  function), unless you use `tf.{function}` as a decorator"
            "(`func=None`)."
        )
    return inputs


def _decorator(
    caller: Callable[..., Any], name: str, inputs: Any, options: dict[str, Any]
) -> Callable[..., Any]:
    if inputs is not None:
        raise TypeError(
            f"Don't set the `inp` argument when using tf.{name} as a decorator "
            "(`func=None`)."
        )

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*arguments: Any) -> Any:
            return caller(function, inp=arguments, **options)

        return call

    return decorate
