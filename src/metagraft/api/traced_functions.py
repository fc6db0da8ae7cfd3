"""`tf.function` in graphs: Python functions as functions of the graph's library.

A function is traced once for every combination of types, shapes and Python values
that it is called with in one graph; each call adds one `PartitionedCall`.

# TF: rewrites Python's `if` and `while` over tensors into `tf.cond` and `tf.while_loop`
# (AutoGraph); here they raise, and the `tf` functions have to be written.

Source: tensorflow python/eager/polymorphic_function/.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial, update_wrapper
from typing import Any, Final
from weakref import WeakKeyDictionary

import numpy as np

from metagraft.api import nest
from metagraft.api.decorators import deprecated_argument_lookup
from metagraft.api.function_attributes import (
    IMPLEMENTS,
    IS_UNORDERED,
    attribute_values,
    function_attributes,
)
from metagraft.api.function_tracing import (
    add_placeholder,
    packed_like,
    trace,
)
from metagraft.api.type_specs import is_composite, spec_of_composite
from metagraft.errors import UnimplementedError
from metagraft.graph.build.traced_calls import add_call
from metagraft.graph.built_function import BuiltFunction, numbered_name
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.defaults import executing_eagerly, get_default_graph
from metagraft.graph.function_graph import FunctionGraph
from metagraft.graph.graph import Graph
from metagraft.graph.graph_collections import Collections
from metagraft.graph.keys import GraphKeys
from metagraft.graph.structure import (
    flatten,
    is_nested,
    map_structure,
    pack_like,
)
from metagraft.graph.tensor import Tensor
from metagraft.graph.tensor_spec import TensorSpec
from metagraft.graph.type_spec import CompositeSpec, TypeSpec
from metagraft.proto import AttrValue, FunctionDef

__all__ = ["ConcreteFunction", "TracedFunction", "function"]

_SHARED: Final = (
    GraphKeys.GLOBAL_VARIABLES,
    GraphKeys.LOCAL_VARIABLES,
    GraphKeys.TRAINABLE_VARIABLES,
)


def function(
    func: Callable[..., Any] | None = None,
    input_signature: Sequence[Any] | None = None,
    autograph: bool = True,
    jit_compile: bool | None = None,
    reduce_retracing: bool = False,
    experimental_implements: str | None = None,
    experimental_autograph_options: Any = None,
    experimental_attributes: Mapping[str, Any] | None = None,
    experimental_relax_shapes: bool | None = None,
    experimental_compile: bool | None = None,
    experimental_follow_type_hints: bool | None = None,
) -> Any:
    """Decorate a Python function to become a function of the graphs that call it.

    Args:
        func: The function; without it a decorator is returned.
        input_signature: A `TensorSpec` for every argument: one trace serves all calls.
        autograph: Accepted for compatibility: Python's `if` and `while` over tensors
            are not rewritten.
        jit_compile: Whether the function is to be compiled as a whole: noted in its
            definition and calls, no more, since all that can be compiled is.
        reduce_retracing: Accepted for compatibility; it is only about speed.
        experimental_implements: What the function computes, by a name that is noted in
            its definition; every argument becomes a tensor.
        experimental_autograph_options: Accepted for compatibility, as `autograph`.
        experimental_attributes: Attributes of the definition, by name.
        experimental_relax_shapes: The older name of `reduce_retracing`.
        experimental_compile: The older name of `jit_compile`.
        experimental_follow_type_hints: Accepted for compatibility; TensorFlow's does
            nothing either.

    Raises:
        ValueError: An attribute is none that users give, or both names of
            `jit_compile` are used.
    """
    del autograph, reduce_retracing, experimental_autograph_options
    del experimental_relax_shapes, experimental_follow_type_hints
    jit_compile = deprecated_argument_lookup(
        "jit_compile", jit_compile, "experimental_compile", experimental_compile
    )

    def decorated(inner: Callable[..., Any]) -> TracedFunction:
        attrs = function_attributes(
            jit_compile, experimental_implements, experimental_attributes
        )
        return TracedFunction(inner, input_signature, attrs)

    return decorated if func is None else decorated(func)


class ConcreteFunction:
    """One trace of a function.

    Attributes:
        graph: The body.
    """

    def __init__(
        self,
        graph: FunctionGraph,
        arguments: int,
        attrs: Mapping[str, AttrValue] | None = None,
    ) -> None:
        """Define the function of a body that has been traced.

        Args:
            graph: The body.
            arguments: How many of its inputs are arguments, the rest is captured.
            attrs: Attributes of its definition.
        """
        self.graph = graph
        self._arguments = arguments
        name = numbered_name(f"__inference_{graph.name}")
        self._function = BuiltFunction(graph, attrs, name=name)

    @property
    def name(self) -> bytes:
        """The name under which it is called."""
        return self._function.name.encode()

    @property
    def function_def(self) -> FunctionDef:
        """Its definition."""
        return self._function.definition

    @property
    def inputs(self) -> list[Tensor]:
        """The placeholders of the body, those of captured tensors last."""
        return self.graph.inputs

    @property
    def outputs(self) -> list[Tensor]:
        """What the body returns."""
        return self._function.outputs

    @property
    def captured_inputs(self) -> list[Tensor]:
        """The tensors outside that it uses."""
        return self.graph.external_captures

    @property
    def structured_outputs(self) -> Any:
        """The results of the body in the structure that the function returns."""
        return self.graph.structured_outputs

    @property
    def output_shapes(self) -> Any:
        """The shapes of the results, in their structure."""
        return map_structure(_shape_of, self.graph.structured_outputs)

    @property
    def output_dtypes(self) -> Any:
        """The types of the results, in their structure."""
        return map_structure(_type_of, self.graph.structured_outputs)

    @property
    def variables(self) -> tuple[Any, ...]:
        """The variables outside that it uses."""
        graph = self.graph.outer_graph
        handles = {id(tensor) for tensor in self.captured_inputs}
        known = [
            *graph.get_collection(GraphKeys.GLOBAL_VARIABLES),
            *graph.get_collection(GraphKeys.LOCAL_VARIABLES),
        ]
        return tuple(v for v in known if id(getattr(v, "handle", None)) in handles)

    @property
    def trainable_variables(self) -> tuple[Any, ...]:
        """Those of the variables that are trained."""
        return tuple(variable for variable in self.variables if variable.trainable)

    def add_to_graph(self, g: Graph | None = None) -> None:
        """Add the definition to a graph, with the functions that it calls."""
        self._function.add_to_graph(get_default_graph() if g is None else g)

    def add_gradient_functions_to_graph(self, g: Graph | None = None) -> None:
        """Add the definition, and those of the functions that compute its gradient."""
        from metagraft.gradients.traced_calls import gradient_pair

        graph = get_default_graph() if g is None else g
        pair = gradient_pair(self._function, len(self._function.outputs))
        for function in (self._function, pair.forward, pair.backward):
            function.add_to_graph(graph)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Add a call to the default graph.

        Args:
            *args: A value for every argument that is a tensor; sparse and ragged ones
                stand for their parts.
            **kwargs: Values for the last arguments, by their names.

        Raises:
            ValueError: The number of values differs.
        """
        args = tuple(flatten(list(args)))
        names = [tensor.op.name for tensor in self.inputs[len(args) : self._arguments]]
        if set(names) == set(kwargs):
            args += tuple(kwargs[name] for name in names)
        if len(args) != self._arguments:
            raise ValueError(
                f"{self.name.decode()} takes {self._arguments} tensors, got "
                f"{len(args)}."
            )
        tensors = [
            convert_to_tensor(value, argument.dtype)
            for value, argument in zip(args, self.inputs, strict=False)
        ]
        return self._call([*tensors, *self.captured_inputs])

    def _call(self, inputs: Sequence[Tensor]) -> Any:
        made = add_call(self._function, inputs)
        return packed_like(self.graph.structured_outputs, made.outputs)


class TracedFunction:
    """A Python function that calls of graphs refer to."""

    def __init__(
        self,
        python_function: Callable[..., Any],
        input_signature: Any,
        attrs: Mapping[str, Any] | None = None,
    ) -> None:
        """Keep the function; it is traced when it is called.

        Args:
            python_function: The function.
            input_signature: A `TensorSpec` for every argument, or None.
            attrs: Attributes of its definitions.
        """
        self._python_function = python_function
        self._attrs = dict(attrs or {})
        self._name = getattr(python_function, "__name__", "function")
        self._parameters = inspect.signature(python_function)
        self.input_signature = (
            None if input_signature is None else tuple(input_signature)
        )
        self._traces: WeakKeyDictionary[Graph, dict[Any, ConcreteFunction]] = (
            WeakKeyDictionary()
        )
        update_wrapper(self, python_function)

    @property
    def python_function(self) -> Callable[..., Any]:
        """The function that was decorated."""
        return self._python_function

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """Bind to an object, as methods do."""
        if instance is None:
            return self
        bound = self._python_function.__get__(instance, owner)
        name = f"_traced_{self._name}"
        known = vars(instance).get(name)
        if known is None:
            known = TracedFunction(bound, self.input_signature, self._attrs)
            vars(instance)[name] = known
        return known

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Add a call to the default graph.

        Raises:
            UnimplementedError: Eager execution is on.
            TypeError: The arguments do not fit the function, or a result has no
                tensor form.
        """
        concrete, tensors = self._traced(args, kwargs)
        return concrete._call([*tensors, *concrete.captured_inputs])  # noqa: SLF001

    def get_concrete_function(self, *args: Any, **kwargs: Any) -> ConcreteFunction:
        """Return the trace for arguments; a `TensorSpec` stands for any tensor."""
        if not args and not kwargs and self.input_signature is not None:
            args = self.input_signature
        return self._traced(args, kwargs)[0]

    def _traced(
        self, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> tuple[ConcreteFunction, list[Tensor]]:
        if executing_eagerly():
            raise UnimplementedError(
                None, None, "tf.function: eager execution is not built; open a graph."
            )
        named = self._bound(args, kwargs)
        specs = {name: nest.map_structure(_spec_of, v) for name, v in named.items()}
        leaves = [leaf for value in named.values() for leaf in flatten(value)]
        tensors = [leaf for leaf in leaves if isinstance(leaf, Tensor)]
        graph = get_default_graph()
        while graph.outside is not None:  # functions inside of it share its traces
            graph = graph.outside.outer_graph
        traces = self._traces.setdefault(graph, {})
        key = tuple((name, _key_of(value)) for name, value in specs.items())
        found = traces.get(key)
        if found is None:
            found = traces[key] = self._trace(specs)
        return found, tensors

    def _bound(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments by the names that their placeholders get.

        Raises:
            TypeError: They do not fit the function or its signature.
        """
        try:
            return self._fitted(args, kwargs)
        except (TypeError, ValueError) as error:
            raise TypeError(
                f"Binding inputs to tf.function failed due to `{error}`. Received args:"
                f" {tuple(args)} and kwargs: {dict(kwargs)} for signature: "
                f"{self._signature()}."
            ) from error

    def _signature(self) -> str:
        specs = self.input_signature
        if specs is None:
            return str(self._parameters)
        names = self._parameters.parameters
        pairs = zip(names, specs, strict=False)
        return f"({', '.join(f'{name}: {spec!r}' for name, spec in pairs)})"

    def _fitted(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        bound = self._parameters.bind(*args, **kwargs)
        bound.apply_defaults()
        named: dict[str, Any] = {}
        for name, value in bound.arguments.items():
            kind = self._parameters.parameters[name].kind
            if kind is inspect.Parameter.VAR_POSITIONAL:
                named.update({f"{name}_{i}": item for i, item in enumerate(value)})
            elif kind is inspect.Parameter.VAR_KEYWORD:
                named.update({key: value[key] for key in sorted(value)})
            else:
                named[name] = value
        signature = self.input_signature or ()
        declared = dict(zip(list(named)[: len(signature)], signature, strict=True))
        return {
            name: pack_like(
                declared[name],
                [_fitted(*pair) for pair in _leaves(declared[name], value)],
            )
            if name in declared
            else self._argument(value)
            for name, value in named.items()
        }

    def _argument(self, value: Any) -> Any:
        if IMPLEMENTS in self._attrs:
            is_tensor = isinstance(value, Tensor | TypeSpec) or is_composite(value)
            return value if is_tensor else convert_to_tensor(value)
        return map_structure(_as_argument, value)

    def _trace(self, specs: Mapping[str, Any]) -> ConcreteFunction:
        outer = get_default_graph()
        collections = Collections()
        for key in outer.get_all_collection_keys():
            if key not in _SHARED:
                collections.share({key: outer.get_collection(key)})
        collections.share({key: outer.get_collection_ref(key) for key in _SHARED})
        graph = FunctionGraph(self._name, collections=collections)
        if self.input_signature is not None:
            given = zip(specs, self.input_signature, strict=False)
            specs = {**specs, **dict(given)}
        with graph.as_default():  # composite ones may be made of nodes besides
            arguments = {
                name: nest.map_structure(
                    lambda leaf, n=name: _placeholder(graph, leaf, n), spec
                )
                for name, spec in specs.items()
            }
        count = len(graph.inputs)
        args, kwargs = self._unbound(arguments)
        body = partial(self._python_function, *args, **kwargs)
        attrs = attribute_values(self._attrs)
        trace(graph, body, (), in_order=not self._attrs.get(IS_UNORDERED))
        return ConcreteFunction(graph, count, attrs)

    def _unbound(self, named: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Return arguments by name as the function takes them."""
        args: list[Any] = []
        kwargs: dict[str, Any] = {}
        rest = dict(named)
        for name, parameter in self._parameters.parameters.items():
            kind = parameter.kind
            if kind is inspect.Parameter.VAR_POSITIONAL:
                many = [key for key in rest if key.startswith(f"{name}_")]
                args.extend(rest.pop(key) for key in many)
            elif kind is inspect.Parameter.VAR_KEYWORD:
                kwargs.update(rest)
            elif kind is inspect.Parameter.KEYWORD_ONLY:
                kwargs[name] = rest.pop(name)
            else:
                args.append(rest.pop(name))
        return args, kwargs


def _as_argument(leaf: Any) -> Any:
    return (
        convert_to_tensor(leaf) if isinstance(leaf, np.ndarray | np.generic) else leaf
    )


def _leaves(spec: Any, value: Any) -> Iterator[tuple[Any, Any]]:
    """Pair every declared tensor with what was given for it, which may be a list."""
    if not is_nested(spec):
        yield spec, value
        return
    is_mapping = isinstance(spec, Mapping)
    keys = sorted(spec) if is_mapping else range(len(spec))
    fits = isinstance(value, Mapping) if is_mapping else isinstance(value, list | tuple)
    if not fits or len(value) != len(spec):
        raise TypeError(f"The argument {value} has not the structure of {spec}.")
    for key in keys:
        yield from _leaves(spec[key], value[key])


def _fitted(spec: Any, leaf: Any) -> Any:
    """Return a value as a tensor that fits the declared type and shape."""
    if isinstance(leaf, TypeSpec):
        return leaf
    is_tensor = isinstance(spec, CompositeSpec) or isinstance(leaf, Tensor)
    tensor = leaf if is_tensor else convert_to_tensor(leaf, spec.dtype)
    if not spec.is_compatible_with(tensor):
        raise TypeError(f"Can not cast {_spec_of(tensor)!r} to {spec!r}")
    return tensor


def _spec_of(leaf: Any) -> Any:
    if isinstance(leaf, Tensor):
        return TensorSpec(leaf.shape, leaf.dtype)
    return spec_of_composite(leaf) if is_composite(leaf) else leaf


def _shape_of(leaf: Any) -> Any:
    return leaf.shape if isinstance(leaf, Tensor) else None


def _type_of(leaf: Any) -> Any:
    return leaf.dtype if isinstance(leaf, Tensor) else None


def _key_of(value: Any) -> Any:
    leaves = []
    for leaf in flatten(value):
        try:
            hash(leaf)
        except TypeError:
            leaves.append((type(leaf), id(leaf)))
        else:
            leaves.append((type(leaf), leaf))
    return str(map_structure(lambda _: ".", value)), tuple(leaves)


def _placeholder(graph: FunctionGraph, leaf: Any, name: str) -> Any:
    if isinstance(leaf, CompositeSpec):
        parts = [_placeholder(graph, part, name) for part in leaf.flatten()]
        return leaf.from_tensors(parts)
    if not isinstance(leaf, TensorSpec):
        return leaf
    return add_placeholder(graph, leaf.dtype, leaf.shape.dims_tuple, leaf.name or name)
