"""The tree of Python objects of a loaded model, as far as it comes back.

Variables, assets, functions, lists, dictionaries and plain objects do; tables and
constants are in the graph only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from metagraft.api.asset import Asset
from metagraft.errors import UnimplementedError
from metagraft.graph.defaults import get_default_graph
from metagraft.graph.tensor import Tensor
from metagraft.proto import (
    SavedBareConcreteFunction,
    SavedConcreteFunction,
    SavedObject,
    SavedObjectGraph,
    TrackableObjectGraph,
)
from metagraft.saved_model.loaded_functions import (
    LoadedConcreteFunction,
    LoadedFunction,
)
from metagraft.saved_model.structured_values import decode

_ROOT: Final = 0
_LISTS: Final = ("trackable_list_wrapper", "trackable_tuple_wrapper")
_MAPPINGS: Final = ("trackable_dict_wrapper",)
_VALUE: Final = "VARIABLE_VALUE"


class LoadedObject:
    """An object of a loaded model; its parts are attributes."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function that the object was called by.

        Raises:
            TypeError: It could not be called when it was saved.
        """
        function = vars(self).get("__call__")
        if function is None:
            raise TypeError("This object of a loaded model has no '__call__'.")
        return function(*args, **kwargs)


class ObjectTree:
    """Makes the objects of a model, each once."""

    def __init__(
        self,
        saved: SavedObjectGraph,
        stored: TrackableObjectGraph,
        variables: Mapping[str, Any],
        asset_of: Callable[[int], Asset],
        resource_of: Callable[[int], Tensor],
        constant_of: Callable[[str], Tensor],
    ) -> None:
        """Find the variables in the tree.

        Args:
            saved: The tree in the model.
            stored: The tree in its checkpoint, which knows the names of tensors.
            variables: The variables by these names.
            asset_of: Returns an asset by its number.
            resource_of: Returns the handle of a table by the number of its object.
            constant_of: Returns the tensor of a constant by the name of its node.
        """
        self._saved = saved
        self._asset_of = asset_of
        self._resource_of = resource_of
        self._constant_of = constant_of
        self._graph = get_default_graph()
        self._variables: dict[int, Any] = {}
        self._made: dict[int, Any] = {}
        self._match(stored, variables)

    def fill(self, root: Any) -> None:
        """Set the parts of the root object as attributes."""
        self._made[_ROOT] = root
        if self._saved.nodes:
            self._add_parts(root, _ROOT)

    def _match(
        self, stored: TrackableObjectGraph, variables: Mapping[str, Any]
    ) -> None:
        """Walk down both trees, from the roots, by the names of children."""
        waiting = [(_ROOT, _ROOT)] if self._saved.nodes and stored.nodes else []
        seen = set(waiting)
        while waiting:
            here, there = waiting.pop()
            for attribute in stored.nodes[there].attributes:
                if attribute.name == _VALUE and attribute.checkpoint_key in variables:
                    self._variables[here] = variables[attribute.checkpoint_key]
            children = {c.local_name: c.node_id for c in stored.nodes[there].children}
            for child in self._saved.nodes[here].children:
                pair = (child.node_id, children.get(child.local_name, -1))
                if self._is_valid(pair, stored) and pair not in seen:
                    seen.add(pair)
                    waiting.append(pair)

    def _is_valid(self, pair: tuple[int, int], stored: TrackableObjectGraph) -> bool:
        here, there = pair
        return 0 <= here < len(self._saved.nodes) and 0 <= there < len(stored.nodes)

    def _object(self, number: int, name: str) -> Any:
        """Return an object, or None for one that does not come back."""
        if number in self._made or not self._has(number):
            return self._made.get(number)
        node = self._saved.nodes[number]
        kind = node.WhichOneof("kind")
        made: Any = None
        if kind == "variable":
            made = self._variables.get(number)
        elif kind == "asset":
            made = self._asset_of(node.asset.asset_file_def_index)
        elif kind == "function":
            traces = [
                self._concrete_function(each)
                for each in node.function.concrete_functions
                if each in self._saved.concrete_functions
            ]
            made = LoadedFunction(name, node.function.function_spec, traces)
        elif kind == "bare_concrete_function":
            made = self._bare_function(node.bare_concrete_function)
        elif kind == "user_object" and node.user_object.identifier in _LISTS:
            made = []
        elif kind == "user_object" and node.user_object.identifier in _MAPPINGS:
            made = {}
        elif kind == "user_object":
            made = LoadedObject()
        self._made[number] = made
        if kind == "user_object":
            self._add_parts(made, number)
        return made

    def _bare_function(self, stored: SavedBareConcreteFunction) -> Any:
        name = stored.concrete_function_name
        if name not in self._saved.concrete_functions:
            return None
        return self._concrete_function(name, tuple(stored.argument_keywords))

    def _concrete_function(
        self, name: str, keywords: tuple[str, ...] = ()
    ) -> LoadedConcreteFunction:
        stored = self._saved.concrete_functions[name]
        numbers = list(stored.bound_inputs)
        return LoadedConcreteFunction(
            name=name,
            structured_input_signature=_arguments(stored),
            structured_outputs=decode(stored.output_signature),
            graph=self._graph,
            captures=lambda: [self._captured(name, number) for number in numbers],
            argument_keywords=keywords,
        )

    def _captured(self, function: str, number: int) -> Tensor:
        """Return what a function uses of an object."""
        node = self._saved.nodes[number] if self._has(number) else SavedObject()
        kind = node.WhichOneof("kind")
        if kind == "variable" and number in self._variables:
            handle: Tensor = self._variables[number].handle
            return handle
        if kind == "asset":
            return self._asset_of(node.asset.asset_file_def_index).asset_path
        if kind == "constant":
            return self._constant_of(node.constant.operation)
        if kind == "resource":
            return self._resource_of(number)
        raise UnimplementedError(
            None,
            None,
            f"{function} uses object {number} ({kind}) of the model, which does not "
            "come back; only signatures can be called.",
        )

    def _has(self, number: int) -> bool:
        return 0 <= number < len(self._saved.nodes)

    def _add_parts(self, owner: Any, number: int) -> None:
        for child in self._saved.nodes[number].children:
            part = self._object(child.node_id, child.local_name)
            if part is None:
                continue
            if isinstance(owner, list):
                owner.append(part)
            elif isinstance(owner, dict):
                owner[child.local_name] = part
            elif child.local_name.isidentifier():
                setattr(owner, child.local_name, part)


def _arguments(stored: SavedConcreteFunction) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return what a trace takes by place and by name."""
    found = decode(stored.canonicalized_input_signature)
    if not isinstance(found, tuple | list) or len(found) != 2:
        return (), {}
    placed, named = found
    return tuple(placed or ()), dict(named or {})
