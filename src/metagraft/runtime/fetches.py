"""Fetched structures: flattened to tensors and operations, and built again.

Source: tensorflow python/client/session.py _FetchMapper.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from metagraft.graph.composite import (
    CompositeTensor,
    IndexedSlices,
    IndexedSlicesValue,
    SparseTensor,
    SparseTensorValue,
)
from metagraft.graph.operation import Operation
from metagraft.graph.tensor import Tensor

if TYPE_CHECKING:
    from metagraft.graph.graph import Graph

# Values of the unique tensors -> what `run` returns.
Rebuild = Callable[[Sequence[Any]], Any]


@dataclass(slots=True, eq=False)
class FetchedStructure:
    """What a `fetches` argument asks for.

    Attributes:
        tensors: The tensors to fetch, each once.
        operations: The operations to run besides, each once.
        rebuild: Makes the result from the values of `tensors`.
    """

    tensors: list[Tensor]
    operations: list[Operation]
    rebuild: Rebuild


@dataclass(slots=True, eq=False)
class _Flattener:
    graph: Graph
    tensors: dict[Tensor, int] = field(default_factory=dict)
    operations: dict[Operation, None] = field(default_factory=dict)

    def structure(self, fetch: Any) -> Rebuild:
        if fetch is None:
            raise TypeError(
                f"Argument `fetch` = {fetch} has invalid type "
                f'"{type(fetch).__name__}". Cannot be None'
            )
        if isinstance(fetch, (list, tuple)):
            return _sequence(type(fetch), [self.structure(item) for item in fetch])
        if isinstance(fetch, Mapping):
            parts = {key: self.structure(item) for key, item in fetch.items()}
            return _mapping(fetch, parts)
        fields = _record_fields(fetch)
        if fields is not None:
            return _record(type(fetch), [self.structure(item) for item in fields])
        if isinstance(fetch, SparseTensor):
            parts3 = [fetch.indices, fetch.values, fetch.dense_shape]
            return _record(SparseTensorValue, [self.element(p) for p in parts3])
        if isinstance(fetch, CompositeTensor):
            tensors = [self.element(part) for part in fetch.component_tensors()]
            return _composite(fetch, tensors)
        if isinstance(fetch, IndexedSlices):
            parts2 = [fetch.values, fetch.indices]
            if fetch.dense_shape is not None:
                parts2.append(fetch.dense_shape)
            return _indexed_slices([self.element(part) for part in parts2])
        return self.element(fetch)

    def element(self, fetch: Any) -> Rebuild:
        found = self._graph_element(fetch)
        operation = found if isinstance(found, Operation) else found.op
        if not self.graph.is_fetchable(operation):
            raise ValueError(
                f"Operation {operation.name} has been marked as not fetchable. "
                "Typically this happens when it is defined in another function or "
                "code block. Use return values, explicit Python locals or TensorFlow "
                "collections to access it."
            )
        if isinstance(found, Operation):
            self.operations[found] = None
            return lambda values: None
        index = self.tensors.setdefault(found, len(self.tensors))
        return lambda values: values[index]

    def _graph_element(self, fetch: Any) -> Tensor | Operation:
        try:
            found = self.graph.as_graph_element(
                fetch, allow_tensor=True, allow_operation=True
            )
        except TypeError as error:
            raise TypeError(
                f"Argument `fetch` = {fetch} has invalid type "
                f'"{type(fetch).__name__}" must be a string or Tensor. ({error})'
            ) from error
        except (ValueError, KeyError) as error:
            raise ValueError(
                f"Argument `fetch` = {fetch} cannot be interpreted as a Tensor. "
                f"({error})"
            ) from error
        assert isinstance(found, (Tensor, Operation))
        return found


def _sequence(kind: type, parts: Sequence[Rebuild]) -> Rebuild:
    if issubclass(kind, list):
        return lambda values: [part(values) for part in parts]
    if kind is tuple:
        return lambda values: tuple([part(values) for part in parts])
    return lambda values: kind(*[part(values) for part in parts])  # a namedtuple


def _mapping(fetch: Mapping[Any, Any], parts: Mapping[Any, Rebuild]) -> Rebuild:
    make: Callable[[Any], Any] = type(fetch)
    if isinstance(fetch, collections.defaultdict):
        factory = fetch.default_factory

        def make(items: Any) -> Any:
            return collections.defaultdict(factory, items)

    return lambda values: make((key, part(values)) for key, part in parts.items())


def _record_fields(fetch: Any) -> list[Any] | None:
    """Return the field values of an attrs object or a dataclass, None for others."""
    # TF: dataclasses are fetched like attrs classes.
    declared = getattr(type(fetch), "__attrs_attrs__", None)
    if declared is not None:
        return [getattr(fetch, attribute.name) for attribute in declared]
    is_record = dataclasses.is_dataclass(fetch) and not isinstance(fetch, type)
    if is_record and not isinstance(fetch, (SparseTensor, IndexedSlices)):
        return [getattr(fetch, f.name) for f in dataclasses.fields(fetch)]
    return None


def _record(kind: Any, parts: Sequence[Rebuild]) -> Rebuild:
    return lambda values: kind(*[part(values) for part in parts])


def _composite(fetch: CompositeTensor, parts: Sequence[Rebuild]) -> Rebuild:
    return lambda values: fetch.component_value([part(values) for part in parts])


def _indexed_slices(parts: Sequence[Rebuild]) -> Rebuild:
    def rebuild(values: Sequence[Any]) -> IndexedSlicesValue:
        found = [part(values) for part in parts]
        return IndexedSlicesValue(
            values=found[0],
            indices=found[1],
            dense_shape=found[2] if len(found) == 3 else None,
        )

    return rebuild


def flatten(graph: Graph, fetches: Any) -> FetchedStructure:
    """Return what `fetches` asks for.

    Raises:
        TypeError: Something in it is no fetchable thing.
        ValueError: Something in it is not in the graph or may not be fetched.
    """
    flattener = _Flattener(graph)
    rebuild = flattener.structure(fetches)
    tensors = list(flattener.tensors)
    if isinstance(fetches, list) and _are(tensors, fetches):
        rebuild = list
    return FetchedStructure(tensors, list(flattener.operations), rebuild)


def _are(tensors: Sequence[Tensor], fetches: Sequence[Any]) -> bool:
    """Whether a list of fetches is just these tensors: the common case."""
    return len(tensors) == len(fetches) and all(
        tensor is fetch for tensor, fetch in zip(tensors, fetches, strict=True)
    )


def fetch_key(fetches: Any) -> Any:
    """Return what identifies a structure of fetches, None if nothing simple does."""
    kind = type(fetches)
    if kind is Tensor or kind is Operation or kind is str:
        return fetches
    if kind is list or isinstance(fetches, tuple):
        return _keys_of(kind, fetches)
    if kind is dict:
        return _keys_of((kind, tuple(fetches)), fetches.values())
    if kind is SparseTensor:
        return (kind, fetches.indices, fetches.values, fetches.dense_shape)
    if kind is IndexedSlices:
        return (kind, fetches.values, fetches.indices, fetches.dense_shape)
    if isinstance(fetches, CompositeTensor):
        return (kind, *fetches.component_tensors())
    as_element = getattr(fetches, "_as_graph_element", None)  # a variable
    return None if as_element is None else as_element()


def _keys_of(kind: Any, fetches: Iterable[Any]) -> Any:
    keys = [fetch_key(fetch) for fetch in fetches]
    for key in keys:
        if key is None:
            return None
    return (kind, *keys)
