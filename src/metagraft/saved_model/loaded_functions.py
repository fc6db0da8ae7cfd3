"""Functions of a loaded model: called, they add calls of the library's functions.

A function was traced for several kinds of arguments, and a call takes the first trace
that fits. Variables, tables and constants that it uses are those of the model.

Source: tensorflow python/saved_model/function_deserialization.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

import numpy as np

from metagraft.api.ragged_tensor import RaggedTensor
from metagraft.api.variables import Variable
from metagraft.errors import UnimplementedError
from metagraft.graph.apply_op import apply_op
from metagraft.graph.composite import IndexedSlices, SparseTensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.defaults import get_default_graph
from metagraft.graph.graph import Graph
from metagraft.graph.structure import flatten
from metagraft.graph.tensor import Tensor
from metagraft.graph.tensor_spec import TensorSpec
from metagraft.proto import FunctionDef, FunctionSpec, NameAttrList
from metagraft.saved_model import ragged_spec
from metagraft.saved_model.structured_values import (
    CompositeSpec,
    decode,
    described,
)

_Bound = tuple[tuple[Any, ...], dict[str, Any]]
_NO_DEFAULT: Final = object()


@dataclass(frozen=True)
class LoadedConcreteFunction:
    """One trace of a function of a loaded model.

    Attributes:
        name: Its name in the library.
        structured_input_signature: What it takes: positional arguments, and those with
            names.
        structured_outputs: What it returns.
        graph: The graph that the model was loaded into.
        captures: Returns the tensors that it uses besides its arguments.
        argument_keywords: The names of its arguments that are tensors.
    """

    name: str
    structured_input_signature: _Bound
    structured_outputs: Any
    graph: Graph = field(repr=False)
    captures: Callable[[], Sequence[Tensor]] = field(repr=False)
    argument_keywords: tuple[str, ...] = ()

    @property
    def captured_inputs(self) -> list[Tensor]:
        """The tensors that it uses besides its arguments."""
        return list(self.captures())

    @property
    def function_def(self) -> FunctionDef:
        """Its definition.

        Raises:
            ValueError: The library of the model lacks it.
        """
        found = self.graph.functions.get(self.name)
        if found is None:
            raise ValueError(f"The model has no function '{self.name}'.")
        return found

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Add a call to the graph.

        Args:
            *args: Arguments, tensors or what becomes one, in the order of the trace.
            **kwargs: Arguments by the names of `argument_keywords`.

        Returns:
            The results, in the structure that the function returned.

        Raises:
            TypeError: Arguments are missing, too many, or do not fit.
            ValueError: The default graph is not the one that the model is in.
            UnimplementedError: A result is of a type that is not built.
        """
        expected = [leaf for leaf in flatten(self._specs()) if _is_spec(leaf)]
        names = self.argument_keywords or tuple(
            getattr(spec, "name", None) or f"argument_{number}"
            for number, spec in enumerate(expected)
        )
        given = [
            *args,
            *(kwargs[name] for name in names[len(args) :] if name in kwargs),
        ]
        if len(given) != len(expected) or len(args) + len(kwargs) != len(given):
            known = ", ".join(names)
            raise TypeError(
                f"{self.name} takes {len(expected)} arguments ({known}), got "
                f"{len(args)} without name and {', '.join(kwargs) or 'none'} with a "
                "name."
            )
        tensors: list[Tensor] = []
        for spec, value in zip(expected, given, strict=True):
            found = fitting(spec, value, converts=True)
            if found is None:
                raise TypeError(f"{self.name} takes {spec!r}, got {value!r}.")
            tensors.extend(found)
        return self.call(tensors)

    def call(self, tensors: Sequence[Tensor]) -> Any:
        """Add a call with the tensors that its arguments consist of.

        Raises:
            ValueError: The default graph is not the one that the model is in.
            UnimplementedError: A result is of a type that is not built.
        """
        if get_default_graph() is not self.graph:
            raise ValueError(f"{self.name} was loaded into another graph.")
        signature = self.function_def.signature
        made = apply_op(
            "StatefulPartitionedCall" if signature.is_stateful else "PartitionedCall",
            args=[*tensors, *self.captures()],
            Tout=[arg.type for arg in signature.output_arg],
            f=NameAttrList(name=self.name),
        )
        return _packed(self.structured_outputs, iter(made.outputs))

    def _specs(self) -> list[Any]:
        args, kwargs = self.structured_input_signature
        return [*args, *(kwargs[key] for key in sorted(kwargs))]


class LoadedFunction:
    """A function of a loaded model.

    Attributes:
        name: The name of the attribute that it was saved as.
        concrete_functions: Its traces.
    """

    def __init__(
        self,
        name: str,
        spec: FunctionSpec,
        concrete_functions: Sequence[LoadedConcreteFunction],
    ) -> None:
        """Take what the model says of it."""
        self.name = name
        self.concrete_functions = list(concrete_functions)
        self._parameters = _parameters(spec)

    def __repr__(self) -> str:
        """Return the name and what can be called."""
        return f"LoadedFunction({self.name!r}, {len(self.concrete_functions)} traces)"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Add a call of the first trace that takes these arguments.

        Raises:
            TypeError: There is no such parameter, or it is given twice.
            ValueError: No trace takes them; or the default graph is not the one that
                the model is in.
            UnimplementedError: A result, or what the function uses, is not built.
        """
        if not self.concrete_functions:
            raise ValueError(
                "Found zero restored functions for caller function.\n"
                f"'{self.name}' was not called before the model was saved."
            )
        found = self._find(args, kwargs)
        if found is None:
            raise ValueError(self._explained(args, kwargs))
        function, tensors = found
        return function.call(tensors)

    def get_concrete_function(self, *args: Any, **kwargs: Any) -> Any:
        """Return the trace that takes arguments of these types, such as `TensorSpec`.

        Raises:
            TypeError: There is no such parameter, or it is given twice.
            ValueError: There is none.
        """
        found = self._find(args, kwargs)
        if found is None:
            raise ValueError(self._explained(args, kwargs))
        return found[0]

    def _find(
        self, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> tuple[LoadedConcreteFunction, list[Tensor]] | None:
        given = self._parameters.bind(self.name, args, kwargs)
        for converts in (False, True):
            for function in self.concrete_functions:
                expected = function.structured_input_signature
                bound = self._parameters.without_defaults(given, expected)
                tensors = fitting(expected, bound, converts=converts)
                if tensors is not None:
                    return function, tensors
        return None

    def _explained(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
        bound = self._parameters.bind(self.name, args, kwargs)
        options = [
            f"Option {number}:\n{_shown(function.structured_input_signature)}"
            for number, function in enumerate(self.concrete_functions, 1)
        ]
        return (
            "Could not find matching concrete function to call loaded from the "
            f"SavedModel. Got:\n{_shown(bound)}\n\n Expected these arguments to match "
            f"one of the following {len(options)} option(s):\n\n" + "\n\n".join(options)
        )


def fitting(expected: Any, given: Any, *, converts: bool) -> list[Tensor] | None:
    """Return the tensors of arguments that fit a trace; None if they do not.

    Args:
        expected: The structure of the trace's arguments, decoded.
        given: The arguments.
        converts: Whether values of Python are taken for tensors.
    """
    if isinstance(expected, TensorSpec):
        tensor = _as_tensor(expected, given, converts=converts)
        return None if tensor is None else [tensor]
    if isinstance(expected, CompositeSpec):
        return _parts_of(expected, given)
    if isinstance(expected, Mapping):
        if not isinstance(given, Mapping) or expected.keys() != given.keys():
            return None
        pairs = [(expected[key], given[key]) for key in sorted(expected)]
    elif isinstance(expected, list | tuple):
        if not isinstance(given, list | tuple) or len(expected) != len(given):
            return None
        pairs = list(zip(expected, given, strict=True))
    else:
        return [] if _is_equal(expected, given) else None
    tensors: list[Tensor] = []
    for part, value in pairs:
        found = fitting(part, value, converts=converts)
        if found is None:
            return None
        tensors.extend(found)
    return tensors


def _is_equal(expected: Any, given: Any) -> bool:
    if isinstance(given, Tensor | Variable | TensorSpec):
        return False
    if expected is None or given is None:
        return expected is given
    try:
        return bool(np.all(expected == given))
    except (TypeError, ValueError):
        return False


def _as_tensor(spec: TensorSpec, given: Any, *, converts: bool) -> Any:
    if isinstance(given, TensorSpec):
        return given if spec.is_compatible_with(given) else None
    if isinstance(given, SparseTensor | IndexedSlices | RaggedTensor):
        return None
    if not isinstance(given, Tensor | Variable | np.ndarray):
        if not converts or given is None:
            return None
        try:
            given = convert_to_tensor(given, dtype=spec.dtype)
        except (TypeError, ValueError):
            return None
    tensor = convert_to_tensor(given)
    same_type = tensor.dtype.base_dtype == spec.dtype
    return tensor if same_type and spec.shape.is_compatible_with(tensor.shape) else None


def _parts_of(spec: CompositeSpec, given: Any) -> list[Tensor] | None:
    if spec.is_sparse and isinstance(given, SparseTensor):
        return [given.indices, given.values, given.dense_shape]
    if spec.is_slices and isinstance(given, IndexedSlices):
        parts = [given.values, given.indices]
        if given.dense_shape is not None:
            parts.append(given.dense_shape)
        return parts if len(parts) == spec.parts else None
    if spec.is_ragged and isinstance(given, RaggedTensor):
        parts = given.component_tensors()
        return parts if len(parts) == spec.parts else None
    return None


def _packed(structure: Any, outputs: Any) -> Any:
    """Return the results in the structure that the function returned."""
    if isinstance(structure, TensorSpec):
        tensor = next(outputs)
        tensor.set_shape(structure.shape)
        return tensor
    if isinstance(structure, CompositeSpec):
        parts = list(islice(outputs, structure.parts))
        if structure.is_sparse:
            return SparseTensor(*parts)
        if structure.is_slices:
            return IndexedSlices(*parts)
        if structure.is_ragged:
            return ragged_spec.from_parts(structure.state, parts)
        raise UnimplementedError(
            None, None, f"Values of type {structure.name} cannot be made by a function."
        )
    if isinstance(structure, Mapping):
        packed = {key: _packed(structure[key], outputs) for key in sorted(structure)}
        return {key: packed[key] for key in structure}
    if isinstance(structure, tuple) and hasattr(structure, "_fields"):
        return type(structure)(*(_packed(each, outputs) for each in structure))
    if isinstance(structure, list | tuple):
        return type(structure)(_packed(each, outputs) for each in structure)
    return structure


def _is_spec(leaf: Any) -> bool:
    return isinstance(leaf, TensorSpec | CompositeSpec)


# -- parameters ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Parameters:
    """The parameters of a Python function.

    Attributes:
        names: Those with a place.
        keywords: Those that only have a name.
        defaults: The values of those that may be left out.
        takes_more: Whether more may be given by place, and by name.
    """

    names: tuple[str, ...]
    keywords: tuple[str, ...]
    defaults: Mapping[str, Any]
    takes_more: tuple[bool, bool]

    def bind(
        self, function: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> _Bound:
        """Return arguments by place, as far as they have one, and by name."""
        more_places, more_names = self.takes_more
        if len(args) > len(self.names) and not more_places:
            raise TypeError(
                f"{function}() takes {len(self.names)} positional arguments but "
                f"{len(args)} were given"
            )
        placed = list(args)
        named = dict(kwargs)
        for name in self.names[: len(args)]:
            if name in named:
                raise TypeError(
                    f"{function}() got multiple values for argument '{name}'"
                )
        for name in self.names[len(args) :]:
            value = named.pop(name, self.defaults.get(name, _NO_DEFAULT))
            if value is _NO_DEFAULT:
                break
            placed.append(value)
        for name in self.keywords:
            if name in self.defaults:
                named.setdefault(name, self.defaults[name])
        unknown = named.keys() - set(self.keywords)
        if unknown and not more_names:
            given = ", ".join(map(repr, sorted(unknown)))
            raise TypeError(f"{function}() got an unexpected keyword argument {given}")
        return tuple(placed), named

    def without_defaults(self, given: _Bound, expected: _Bound) -> _Bound:
        """Leave out what a trace does not know, where it has its default."""
        placed, named = given
        wanted, wanted_names = expected
        count = len(wanted)
        rest = zip(self.names[count:], placed[count:], strict=False)
        if all(self._is_default(name, value) for name, value in rest):
            placed = placed[:count]
        kept = {
            name: value
            for name, value in named.items()
            if name in wanted_names or not self._is_default(name, value)
        }
        return placed, kept

    def _is_default(self, name: str, value: Any) -> bool:
        default = self.defaults.get(name, _NO_DEFAULT)
        return default is not _NO_DEFAULT and _is_equal(default, value)


def _parameters(spec: FunctionSpec) -> _Parameters:
    stored = decode(spec.fullargspec)
    if stored is None:
        return _Parameters((), (), {}, (True, True))
    names = tuple(stored.args or ())
    if spec.is_method and names:  # of releases that kept the object as an argument
        names = names[1:]
    values = tuple(stored.defaults or ())
    defaults = dict(zip(names[len(names) - len(values) :], values, strict=False))
    defaults |= stored.kwonlydefaults or {}
    more = (stored.varargs is not None, stored.varkw is not None)
    return _Parameters(names, tuple(stored.kwonlyargs or ()), defaults, more)


def _shown(bound: _Bound) -> str:
    placed, named = bound
    lines = [f"  Positional arguments ({len(placed)} total):"]
    lines += [f"    * {described(value)}" for value in placed]
    return "\n".join([*lines, f"  Keyword arguments: {described(named)}"])
