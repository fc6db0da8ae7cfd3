"""`tf.experimental.Optional`: a value, or nothing.

Source: tensorflow python/data/ops/optional_ops.py, python/data/util/structure.py.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from metagraft.api import sparse_serialization
from metagraft.api.mapped_parts import ragged_from_variant
from metagraft.api.ragged_spec import RaggedTensorSpec
from metagraft.api.ragged_tensor import RaggedTensor
from metagraft.api.type_specs import type_spec_from_value
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.composite import (
    CompositeTensor,
    SparseTensor,
    SparseTensorValue,
)
from metagraft.graph.conversion import constant, convert_to_tensor
from metagraft.graph.scopes import colocate_with, name_scope
from metagraft.graph.tensor import Tensor
from metagraft.graph.tensor_spec import TensorSpec
from metagraft.graph.type_spec import CompositeSpec, SparseTensorSpec

__all__ = ["Optional", "OptionalSpec"]


class Optional(CompositeTensor):
    """A value, or nothing."""

    __slots__ = ()

    @abstractmethod
    def has_value(self, name: str | None = None) -> Tensor:
        """Return whether there is a value, a `bool` scalar."""

    @abstractmethod
    def get_value(self, name: str | None = None) -> Any:
        """Return the value; a run fails with `InvalidArgumentError` without one."""

    @property
    @abstractmethod
    def element_spec(self) -> Any:
        """The spec of the value, or the structure of its specs."""

    @staticmethod
    def empty(element_spec: Any) -> Optional:
        """Return nothing, in the place of a value of a spec."""
        return _Optional(op("OptionalNone"), element_spec)

    @staticmethod
    def from_value(value: Any) -> Optional:
        """Return a value: a tensor, or a structure of tensors of any kind.

        Raises:
            TypeError: It has no spec.
        """
        with name_scope("optional") as scope:
            with name_scope("value"):
                element_spec = _spec_of(value)
                encoded = _encoded(element_spec, value)
            variant = op("OptionalFromValue", components=encoded, name=scope)
        return _Optional(variant, element_spec)


class _Optional(Optional):
    """An optional that a variant holds."""

    __slots__ = ("_element_spec", "_variant_tensor")

    def __init__(self, variant_tensor: Tensor, element_spec: Any) -> None:
        self._variant_tensor = variant_tensor
        self._element_spec = element_spec

    def has_value(self, name: str | None = None) -> Tensor:
        """Return whether there is a value, a `bool` scalar."""
        with colocate_with(self._variant_tensor):
            found: Tensor = op(
                "OptionalHasValue", optional=self._variant_tensor, name=name
            )
            return found

    def get_value(self, name: str | None = None) -> Any:
        """Return the value; a run fails with `InvalidArgumentError` without one."""
        leaves = list(_leaves(self._element_spec))
        stored = [_stored_spec(leaf) for leaf in leaves]
        with name_scope(name, "OptionalGetValue", [self._variant_tensor]) as scope:
            with colocate_with(self._variant_tensor):
                tensors = op(
                    "OptionalGetValue",
                    optional=self._variant_tensor,
                    output_types=[spec.dtype for spec in stored],
                    output_shapes=[spec.shape for spec in stored],
                    name=scope,
                )
            pairs = zip(leaves, tensors, strict=True)
            values = iter([_decoded(leaf, tensor) for leaf, tensor in pairs])
            return _rebuilt(self._element_spec, values)

    @property
    def element_spec(self) -> Any:
        """The spec of the value, or the structure of its specs."""
        return self._element_spec

    def component_tensors(self) -> Sequence[Tensor]:
        """Return the variant."""
        return [self._variant_tensor]

    def with_component_tensors(self, tensors: Sequence[Tensor]) -> Any:
        """Return an optional of the same spec in another variant."""
        (variant,) = tensors
        return _Optional(variant, self._element_spec)

    def component_value(self, arrays: Sequence[Any]) -> Any:
        """Return what a run gives: the variant's value."""
        return arrays[0]

    def component_feeds(self, value: Any) -> Sequence[Any]:
        """Return what the variant is fed."""
        return [value]


class OptionalSpec(CompositeSpec):
    """The spec of an optional: that of its value."""

    __slots__ = ("_element_spec",)

    def __init__(self, element_spec: Any) -> None:
        """Take a spec, or a structure of specs."""
        self._element_spec = element_spec

    @staticmethod
    def from_value(value: Any) -> OptionalSpec:
        """Return what an optional is."""
        return OptionalSpec(value.element_spec)

    @property
    def value_type(self) -> type:
        """The class of the values."""
        return _Optional

    def description(self) -> tuple[Any, ...]:
        """Return the spec of the value."""
        return (self._element_spec,)

    def _key(self) -> tuple[Any, ...]:
        leaves = tuple(_leaves(self._element_spec))
        places = iter(range(len(leaves)))  # structures cannot be hashed themselves
        return repr(_rebuilt(self._element_spec, places)), leaves

    def flatten(self) -> list[TensorSpec]:
        """Return the spec of the variant."""
        return [TensorSpec([], dtypes.variant)]

    def to_tensors(self, value: Any) -> list[Any]:
        """Return the variant."""
        return list(value.component_tensors())

    def from_tensors(self, tensors: Iterable[Any]) -> Any:
        """Return the optional that a variant holds."""
        (variant,) = tensors
        return _Optional(variant, self._element_spec)

    def _spec_of(self, value: Any) -> Any:
        return self.from_value(value) if isinstance(value, Optional) else None


# -- structures: dictionaries and tuples; a list is one tensor -----------------------


def _parts(value: Any) -> list[Any] | None:
    """Return what a structure holds, dictionaries by key; None if it is a leaf."""
    if isinstance(value, Mapping):
        return [value[key] for key in sorted(value)]
    return list(value) if isinstance(value, tuple) else None


def _leaves(structure: Any) -> Iterator[Any]:
    parts = _parts(structure)
    if parts is None:
        yield structure
        return
    for part in parts:
        yield from _leaves(part)


def _rebuilt(structure: Any, leaves: Iterator[Any]) -> Any:
    parts = _parts(structure)
    if parts is None:
        return next(leaves)
    return _like(structure, [_rebuilt(part, leaves) for part in parts])


def _like(structure: Any, parts: list[Any]) -> Any:
    """Return a structure of the same kind; dictionaries keep their order of keys."""
    if isinstance(structure, Mapping):
        found = dict(zip(sorted(structure), parts, strict=True))
        kind: Any = type(structure)
        return kind([(key, found[key]) for key in structure])
    is_named = hasattr(structure, "_fields")
    return type(structure)(*parts) if is_named else tuple(parts)


def _spec_of(value: Any) -> Any:
    if isinstance(value, Optional):
        return OptionalSpec.from_value(value)
    parts = None if isinstance(value, SparseTensorValue) else _parts(value)
    if parts is None:
        return type_spec_from_value(value)
    return _like(value, [_spec_of(part) for part in parts])


# -- what a variant holds of each kind -------------------------------------------------


def _stored_spec(spec: Any) -> TensorSpec:
    if isinstance(spec, TensorSpec):
        return spec
    if isinstance(spec, OptionalSpec):
        return TensorSpec([], dtypes.variant)
    if isinstance(spec, SparseTensorSpec | RaggedTensorSpec):
        return TensorSpec(None, dtypes.variant)
    raise _not_held(spec)


def _encoded(element_spec: Any, value: Any) -> list[Tensor]:
    specs = list(_leaves(element_spec))
    values = list(_leaves_like(element_spec, value))
    return [_encoded_one(s, v) for s, v in zip(specs, values, strict=True)]


def _leaves_like(structure: Any, value: Any) -> Iterator[Any]:
    parts = _parts(structure)
    if parts is None:
        yield value
        return
    inner = _parts(value)
    assert inner is not None
    for part, one in zip(parts, inner, strict=True):
        yield from _leaves_like(part, one)


def _encoded_one(spec: Any, value: Any) -> Tensor:
    if isinstance(spec, OptionalSpec):
        found: Tensor = spec.to_tensors(value)[0]
        return found
    if isinstance(spec, SparseTensorSpec):
        return sparse_serialization.serialize_sparse(value, out_type=dtypes.variant)
    if isinstance(spec, RaggedTensorSpec):
        return _ragged_variant(spec, value)
    if isinstance(spec, TensorSpec):
        return convert_to_tensor(value, spec.dtype)
    raise _not_held(spec)


def _ragged_variant(spec: RaggedTensorSpec, value: Any) -> Tensor:
    if not isinstance(value, RaggedTensor):
        value = RaggedTensor.from_nested_row_splits(
            value.flat_values, value.nested_row_splits, validate=False
        )
    splits = value.nested_row_splits if spec.ragged_rank else ()
    with name_scope(None, "RaggedToVariant", [value]):
        found: Tensor = op(
            "RaggedTensorToVariant",
            rt_nested_splits=list(splits),
            rt_dense_values=value.flat_values,
            batched_input=False,
        )
    return found


def _decoded(spec: Any, tensor: Tensor) -> Any:
    if isinstance(spec, TensorSpec):
        return tensor
    if isinstance(spec, OptionalSpec):
        return spec.from_tensors([tensor])
    if isinstance(spec, SparseTensorSpec):
        return _decoded_sparse(spec, tensor)
    return ragged_from_variant(spec, tensor)


def _decoded_sparse(spec: SparseTensorSpec, tensor: Tensor) -> SparseTensor:
    indices, values, shape = op(
        "DeserializeSparse", serialized_sparse=tensor, dtype=spec.dtype
    )
    rank = spec.shape.ndims
    indices.set_shape([None, rank])
    dims = None if rank is None else spec.shape.as_list()
    if spec.shape.is_fully_defined():
        shape = constant(dims, dtypes.int64, name="shape")
    elif dims is not None and any(size is not None for size in dims):
        sizes = array.unstack(shape, num=rank)
        known = [
            found if size is None else constant(size, shape.dtype)
            for found, size in zip(sizes, dims, strict=True)
        ]
        shape = array.stack(known)
    else:
        shape.set_shape([rank])
    return SparseTensor(indices, values, shape)


def _not_held(spec: Any) -> TypeError:
    kinds = "tensors, sparse and ragged tensors, and optionals"
    return TypeError(f"An optional holds {kinds}, not a value of {spec!r}.")
