"""`Defun`: Python functions as functions of a graph, the way of TensorFlow 1.

Source: tensorflow python/framework/function.py.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from metagraft.api.defun_graph import graph_of_function
from metagraft.graph import dtypes
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.defaults import get_default_graph
from metagraft.graph.dtypes import DType, as_dtype, from_enum
from metagraft.graph.function_call import call_attrs, call_by_name
from metagraft.graph.function_definition import function_def_from_graph
from metagraft.graph.function_graph import FunctionGraph
from metagraft.graph.graph import Graph
from metagraft.graph.tensor import Tensor
from metagraft.proto import FunctionDef, OpDef

__all__ = [
    "DefinedFunction",
    "Defun",
    "OverloadedFunction",
    "get_extra_args",
    "get_extra_inputs",
    "get_extra_vars",
]

_ANY_NUMBER: Final = 1_000_000


class Defun:
    """Decorate a Python function to become a function of the graphs that call it.

    The function gets tensors and returns tensors. Tensors of the surrounding graph that
    it uses become further arguments.

    Args:
        *input_types: The types of the arguments. Without them, the function is defined
            anew for every combination of types that it is called with.
        func_name: The function's name in graphs; by default the Python name and a hash
            of the definition.
        grad_func: A decorated function that is its gradient: of the arguments and of
            the gradients of the results.
        python_grad_func: Adds the nodes of the gradient instead; as a function
            registered by `tf.RegisterGradient`.
        out_names: Names of the results.
        shape_func: Returns the static shapes of the results of a call.
        capture_by_value: Whether nodes that the function uses from outside are copied
            into it.
        allowlisted_stateful_ops: Operations with state that may be copied so.
        capture_resource_var_by_value: Whether `tf.get_variable` inside gives the value
            of a resource variable, read outside.
        **kwargs: `noinline`, `compiled`, `separate_compiled_gradients`, `_implements`,
            `_reference` and `experimental_...`: attributes of the function.
    """

    def __init__(
        self,
        *input_types: Any,
        func_name: str | None = None,
        grad_func: Any = None,
        python_grad_func: Callable[..., Any] | None = None,
        out_names: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        """Keep the arguments for the function that is decorated."""
        self._input_types = input_types
        self._options: dict[str, Any] = {
            "func_name": func_name,
            "grad_func": grad_func,
            "python_grad_func": python_grad_func,
            "out_names": out_names,
            **kwargs,
        }

    def __call__(
        self, func: Callable[..., Any]
    ) -> DefinedFunction | OverloadedFunction:
        """Decorate `func`.

        Raises:
            ValueError: It has defaults or keyword arguments, or takes another number
                of arguments.
        """
        names, least, most = _positional(func)
        if self._input_types:
            count = len(self._input_types)
            if not least <= count <= most:
                raise ValueError(
                    "The number of tf.function input types is not compatible with the "
                    f"allowed arguments of {func}. The tf.function have {count} input "
                    f"types, while the python function allows minimum {least} and "
                    f"maximum {most} arguments."
                )
            return DefinedFunction(func, names, self._input_types, **self._options)
        if most == 0:
            return DefinedFunction(func, [], [], **self._options)
        return OverloadedFunction(func, names, **self._options)


def _positional(func: Any) -> tuple[list[str], int, int]:
    if not callable(func):
        raise ValueError(  # noqa: TRY004 - TensorFlow's class
            f"Function {func} must be a callable."
        )
    found = inspect.getfullargspec(func)
    if found.varkw or found.defaults:
        raise ValueError(
            "Functions with argument defaults or keywords arguments are not "
            f"supported. {func} has defaults {found.defaults} and keywords "
            f"{found.varkw}."
        )
    names = found.args[1:] if inspect.ismethod(func) else found.args
    return names, len(names), _ANY_NUMBER if found.varargs else len(names)


class DefinedFunction:
    """A function with declared types; its definition is made when first needed."""

    def __init__(
        self,
        func: Callable[..., Any],
        argnames: Sequence[str],
        input_types: Sequence[Any],
        func_name: str | None = None,
        grad_func: Any = None,
        python_grad_func: Callable[..., Any] | None = None,
        out_names: Sequence[str] | None = None,
        shape_func: Callable[[Any], Sequence[Any]] | None = None,
        capture_by_value: bool = False,
        allowlisted_stateful_ops: Any = None,
        capture_resource_var_by_value: bool = True,
        **kwargs: Any,
    ) -> None:
        """Keep everything for the definition; arguments as of `Defun`."""
        self._func = func
        self._input_types = tuple(input_types)
        self._func_name = func_name
        self._grad_func = grad_func
        self._python_grad_func = python_grad_func
        self._out_names = out_names
        self._shape_func = shape_func
        self._by_value = capture_by_value
        self._copied_stateful = set(allowlisted_stateful_ops or ())
        self._reads_outside = capture_resource_var_by_value
        self._options = kwargs
        self._arg_names = [
            argnames[i] if i < len(argnames) else f"arg{i}"
            for i in range(len(self._input_types))
        ]
        devices = get_default_graph().scopes.devices
        self._device = devices[-1] if devices else None
        self._definition: FunctionDef | None = None
        self._body: FunctionGraph | None = None
        self._is_being_defined = False

    # -- the definition ----------------------------------------------------------------

    @property
    def name(self) -> str:
        """The name in graphs."""
        return self.definition.signature.name

    @property
    def definition(self) -> FunctionDef:
        """The definition; the Python function is called the first time."""
        if self._definition is None:
            self._define()
        assert self._definition is not None
        return self._definition

    @property
    def cached_definition(self) -> FunctionDef:
        """The definition."""
        return self.definition

    @property
    def _signature(self) -> OpDef:
        return self.definition.signature

    @property
    def body(self) -> FunctionGraph:
        """The graph of the body."""
        if self._body is None:
            self._define()
        assert self._body is not None
        return self._body

    @property
    def declared_input_types(self) -> tuple[Any, ...]:
        """The types of the arguments, captured tensors left out."""
        return self._input_types

    @property
    def captured_inputs(self) -> list[Tensor]:
        """The tensors from outside that are further arguments."""
        return self.body.external_captures

    @property
    def stateful_ops(self) -> list[tuple[str, str]]:
        """Names and types of the operations inside that have state."""
        return [(o.name, o.type) for o in self.body.get_operations() if o.is_stateful]

    @property
    def grad_func_name(self) -> str | None:
        """The name of the gradient function."""
        return self._grad_func.name if self._grad_func else None

    @property
    def python_grad_func(self) -> Callable[..., Any] | None:
        """The Python function that adds the nodes of the gradient."""
        return self._python_grad_func

    def set_grad_func(self, grad_func: DefinedFunction) -> None:
        """Name the gradient function, once.

        Raises:
            ValueError: There is one.
        """
        if self._grad_func:
            raise ValueError(f"{self._func} already has a gradient function.")
        self._grad_func = grad_func

    def _define(self) -> None:
        if self._is_being_defined:
            raise ValueError(
                f"The function {self._func} calls itself; recursive functions cannot "
                "be defined."
            )
        self._is_being_defined = True
        try:
            body = graph_of_function(
                self._func,
                self._arg_names,
                self._input_types,
                name=self._func_name,
                device=self._device,
                by_value=self._by_value,
                copied_stateful=self._copied_stateful,
                reads_outside=self._reads_outside,
            )
        finally:
            self._is_being_defined = False
        base = self._func_name or body.name
        if not self._func_name and self._grad_func:
            base += f"_{self._grad_func.name}"
        definition = function_def_from_graph(
            body,
            base,
            body.inputs,
            body.outputs,
            output_names=self._out_names or (),
            append_hash=not self._func_name,
            description=self._func.__doc__ or "",
        )
        for key, value in call_attrs(base, **self._options).items():
            definition.attr[key].CopyFrom(value)
        self._definition, self._body = definition, body

    # -- calls -------------------------------------------------------------------------

    def add_to_graph(self, graph: Graph) -> None:
        """Add the definition to a graph, with the functions it calls and its gradient.

        Raises:
            InvalidArgumentError: A different function, or an op, has the name.
        """
        graph._add_function(self)  # noqa: SLF001 - TensorFlow's name for it
        for function in self.body._functions.values():  # noqa: SLF001 - as above
            graph._add_function_recursive(function)  # noqa: SLF001 - as above
        if self._grad_func:
            self._grad_func.add_to_graph(graph)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Add a call to the default graph.

        Args:
            *args: Values for the declared arguments.
            **kwargs: `name` of the call, and attributes as of `Defun`.

        Returns:
            The result; a tuple of several; the operation if there is none.

        Raises:
            ValueError: The number of arguments differs, or a type.
        """
        graph = get_default_graph()
        self.add_to_graph(graph)
        inputs = [convert_to_tensor(value) for value in args] + self.captured_inputs
        result, op = call_by_name(self._signature, inputs, **kwargs)
        if self._shape_func is not None:
            shapes = self._shape_func(op)
            if len(shapes) != len(op.outputs):
                raise ValueError(
                    f"shape_func {self._shape_func} produced {len(shapes)} shapes, "
                    f"which does not match {len(op.outputs)} outputs."
                )
            for tensor, shape in zip(op.outputs, shapes, strict=True):
                tensor.set_shape(shape)
        return result


class OverloadedFunction:
    """A function that is defined anew for each combination of argument types."""

    def __init__(
        self,
        func: Callable[..., Any],
        argnames: Sequence[str],
        func_name: str | None = None,
        grad_func: Any = None,
        python_grad_func: Callable[..., Any] | None = None,
        out_names: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        """Keep everything for the definitions; arguments as of `Defun`."""
        if grad_func is not None and not isinstance(grad_func, OverloadedFunction):
            raise TypeError(
                "The gradient function of a function without declared types must have "
                f"none either, got {grad_func!r}."
            )
        self._func = func
        self._argnames = argnames
        self._func_name = func_name
        self._grad_func = grad_func
        self._options: dict[str, Any] = {
            "python_grad_func": python_grad_func,
            "out_names": out_names,
            **kwargs,
        }
        self._defined: dict[str, DefinedFunction] = {}

    def instantiate(self, input_types: Sequence[DType]) -> DefinedFunction:
        """Return the function for arguments of the given types.

        Raises:
            ValueError: A type has no short name.
        """
        key = _short_names(input_types)
        found = self._defined.get(key)
        if found is None:
            name = None if self._func_name is None else f"{self._func_name}_{key}"
            found = DefinedFunction(
                self._func, self._argnames, input_types, name, **self._options
            )
            results = [from_enum(a.type) for a in found._signature.output_arg]  # noqa: SLF001
            if self._grad_func is not None:
                found.set_grad_func(
                    self._grad_func.instantiate([*input_types, *results])
                )
            self._defined[key] = found
        return found

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Add a call to the default graph; see `DefinedFunction`."""
        tensors = [convert_to_tensor(value) for value in args]
        return self.instantiate([t.dtype for t in tensors])(*tensors, **kwargs)


def _short_names(types: Sequence[DType]) -> str:
    unknown = [t for t in types if as_dtype(t) not in _SHORT_NAMES]
    if unknown:
        raise ValueError(
            f"Unsupported dtypes {unknown} in `types`. Supported dtypes are "
            f"{_SHORT_NAMES.keys()}."
        )
    return "".join(_SHORT_NAMES[as_dtype(t)] for t in types)


# `uint8` shares its name with `int8`, as in TensorFlow.
_SHORT_NAMES: Final[Mapping[DType, str]] = {
    dtypes.float16: "f16",
    dtypes.float32: "f32",
    dtypes.float64: "f64",
    dtypes.int32: "i32",
    dtypes.uint8: "i8",
    dtypes.uint16: "u16",
    dtypes.uint32: "u32",
    dtypes.uint64: "u64",
    dtypes.int16: "i16",
    dtypes.int8: "i8",
    dtypes.string: "s",
    dtypes.complex64: "c64",
    dtypes.complex128: "c128",
    dtypes.int64: "i64",
    dtypes.bool: "b",
    dtypes.qint8: "qi8",
    dtypes.quint8: "qu8",
    dtypes.qint16: "qi16",
    dtypes.quint16: "qu16",
    dtypes.qint32: "qi32",
    dtypes.bfloat16: "b16",
}


def get_extra_vars() -> list[Any]:
    """Return the variables that the function being defined has asked for so far."""
    graph = get_default_graph()
    return list(getattr(graph, "extra_variables", ()))


def get_extra_inputs() -> list[Tensor]:
    """Return the tensors outside that the function being defined has used so far."""
    outside = get_default_graph().outside
    return [] if outside is None else outside.external


def get_extra_args() -> list[Tensor]:
    """Return what stands for these inside."""
    outside = get_default_graph().outside
    return [] if outside is None else outside.internal
