"""Tensors with parts as one variant; twin of `ops/composite_variant.py`.

Source: tensorflow core/kernels/composite_tensor_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError

from metagraft.errors import InvalidArgumentError
from metagraft.graph.dtypes import as_dtype
from metagraft.kernels.kernel import Array, Kernel
from metagraft.proto import CompositeTensorVariantMetadata, DataType, TypeSpecProto

__all__ = ["KERNELS"]


@dataclass(frozen=True, slots=True, eq=False)
class _Composite:
    """What a variant holds.

    Attributes:
        kind: The number of the class of what it is.
        components: Its tensors.
    """

    kind: int
    components: tuple[Array, ...]


def _refused(text: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, text)


def _kind(attrs: Any, what: str) -> int:
    try:
        told = CompositeTensorVariantMetadata.FromString(attrs["metadata"])
    except DecodeError:
        raise _refused(f"Error parsing {what}") from None
    return int(told.type_spec_proto.type_spec_class)


def from_components(attrs: Any, components: Sequence[Array]) -> tuple[Array]:
    """Make a variant."""
    encoded = np.empty((), object)
    encoded[()] = _Composite(_kind(attrs, "metadata"), tuple(components))
    return (encoded,)


def to_components(attrs: Any, encoded: Array) -> tuple[Array, ...]:
    """Return the components of a variant, if it is what the attributes say."""
    wanted = _kind(attrs, "`metadata`")
    if not np.size(encoded):
        raise _refused(
            "Input `encoded` must not be an empty variant tensor, but got an array of"
            f" shape {list(np.shape(encoded))}"
        )
    found = np.reshape(encoded, -1)[0]
    if not isinstance(found, _Composite):
        raise _refused(
            "The input `encoded` is not a valid CompositeTensorVariant tensor, got"
            f" {type(found).__name__}"
        )
    if wanted != found.kind:
        names = [
            TypeSpecProto.TypeSpecClass.Name(kind) for kind in (wanted, found.kind)
        ]
        raise _refused(
            f"Expected a {names[0]} (based on `type_spec`), but `encoded` contains a"
            f" {names[1]}"
        )
    types = list(attrs["Tcomponents"])
    if len(types) != len(found.components):
        raise _refused(
            f"Encoded value has {len(found.components)} tensor components; expected"
            f" {len(types)} components based on type_spec"
        )
    for place, (dtype, part) in enumerate(zip(types, found.components, strict=True)):
        given = as_dtype(np.asarray(part).dtype)
        if given != dtype:
            names = [DataType.Name(one.as_datatype_enum) for one in (given, dtype)]
            raise _refused(
                f"Tensor component {place} had dtype {names[0]}; expected dtype"
                f" {names[1]}"
            )
    return found.components


KERNELS = {
    "CompositeTensorVariantFromComponents": Kernel(from_components, host=True),
    "CompositeTensorVariantToComponents": Kernel(to_components, host=True),
}
