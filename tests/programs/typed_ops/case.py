"""One op in one combination of types: what it is given, and what it gives twice."""

from __future__ import annotations

import inspect
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np

Tensors = Any  # a tensor, or a structure of tensors: what is fetched
Builder = Callable[["Case"], Tensors]

# NumPy's types of TensorFlow's quantized ones.
QUANTIZED = {
    "qint8": "int8",
    "quint8": "uint8",
    "qint16": "int16",
    "quint16": "uint16",
    "qint32": "int32",
}
NUMBERS = (
    *("float32", "float64", "float16", "bfloat16"),
    *("int32", "uint8", "int16", "int8", "int64", "uint16", "uint32", "uint64"),
    *("complex64", "complex128"),
)
# What ops take whose kernels say nothing of types.
ALL_TYPES = (*NUMBERS, "bool", "string", *QUANTIZED)


@dataclass(frozen=True)
class Op:
    """How a node of an op is made.

    Attributes:
        build: Makes it and what it needs, and returns what is to be fetched.
        free: Attributes of types of which kernels take any, with those to try.
    """

    build: Builder
    free: Mapping[str, tuple[str, ...]]


def op(build: Builder, **free: tuple[str, ...]) -> Op:
    """Return an op; arguments are free types by attribute."""
    return Op(build, free)


def array_of(values: Any, kind: str) -> Any:
    """Return values as an array of TensorFlow's type `kind`."""
    return np.asarray(values).astype(np.dtype(getattr(ml_dtypes, kind, kind)))


class Case:
    """What a builder uses: operands by type attribute, and nodes.

    Attributes:
        tf: The library.
        name: The op type.
        types: A name of a type by attribute.
        feeds: What is to be fed.
    """

    def __init__(self, tf: Any, name: str, types: Mapping[str, str]) -> None:
        self.tf = tf
        self.name = name
        self.types = types
        self.feeds: dict[Any, Any] = {}
        said = f"{name} {sorted(types.items())}"
        self._random = np.random.RandomState(zlib.crc32(said.encode()))

    def type_of(self, attr: str, default: str = "float32") -> Any:
        """Return the type that an attribute has in this case."""
        return self.tf.as_dtype(self.types.get(attr, default))

    def kind(self, attr: str) -> str:
        """Return a type's name: of an attribute, or the one that is given."""
        return self.types.get(attr, attr if attr in ALL_TYPES else "float32")

    def values(self, shape: tuple[int, ...], attr: str = "T") -> Any:
        """Return short numbers that any type holds exactly, texts, or truth values."""
        kind = self.kind(attr)
        whole = self._random.randint(-4, 5, shape)
        if kind == "string":
            texts = [f"text {number}".encode() for number in whole.reshape(-1)]
            return np.array(texts, object).reshape(shape)
        if kind == "bool":
            return whole > 0
        kind = QUANTIZED.get(kind, kind)
        dtype = np.dtype(getattr(ml_dtypes, kind, kind))
        if dtype.kind == "u" or kind.startswith("uint"):
            return np.abs(whole).astype(dtype)
        if dtype.kind == "i" or kind.startswith("int"):
            return whole.astype(dtype)
        if dtype.kind == "c":
            return (whole / 2 + 0.5j * self._random.randint(-4, 5, shape)).astype(dtype)
        return (whole / 2).astype(dtype)

    def x(self, *shape: int, attr: str = "T") -> Any:
        """Return a tensor of this case's numbers, fed."""
        return self.fed(self.values(shape, attr), attr)

    def positive(self, *shape: int, attr: str = "T") -> Any:
        """Return a tensor of numbers from one on."""
        return self.fed(np.abs(self.values(shape, attr)) + np.int8(1), attr)

    def fed(self, values: Any, attr: str = "T") -> Any:
        """Return a tensor of the values, fed as an attribute's type."""
        kind = self.kind(attr)
        values = np.asarray(values)
        if kind != "string":
            values = array_of(values, QUANTIZED.get(kind, kind))
        dtype = self.tf.as_dtype(QUANTIZED.get(kind, kind))
        tensor = self.tf.placeholder(dtype, values.shape)
        self.feeds[tensor] = values
        return self.tf.bitcast(tensor, kind) if kind in QUANTIZED else tensor

    def known(self, values: Any, attr: str = "int32") -> Any:
        """Return a constant of an attribute's type."""
        kind = self.types.get(attr, attr if attr in ALL_TYPES else "int32")
        return self.tf.constant(values, self.tf.as_dtype(kind))

    def op(self, **arguments: Any) -> Any:
        """Add the node; types are given where no operand tells them."""
        return self.add(self.name, **arguments)

    def add(self, name: str, **arguments: Any) -> Any:
        """Add a node of another op."""
        function = getattr(self.tf.raw_ops, name)
        for attr in inspect.signature(function).parameters:
            if attr in self.types and attr not in arguments:
                arguments[attr] = self.type_of(attr)
        return function(**arguments)

    def after(self, first: Any, then: Callable[[], Any]) -> Any:
        """Return what `then` adds, to run after `first`.

        What is fed has to be made before: it waits for nothing, and what uses it is
        taken to wait as it does.
        """
        with self.tf.control_dependencies(self.tf.nest.flatten([first])):
            return then()

    def reference(self, values: Any, attr: str = "T") -> tuple[Any, Any]:
        """Return a reference variable, and the same once it is set."""
        start = self.fed(values, attr)
        variable = self.tf.raw_ops.VariableV2(shape=start.shape, dtype=start.dtype)
        return variable, self.tf.raw_ops.Assign(ref=variable, value=start)

    def resource(self, values: Any, attr: str = "dtype") -> tuple[Any, Any]:
        """Return a resource variable's handle and the node that sets it."""
        start = self.fed(values, attr)
        handle = self.tf.raw_ops.VarHandleOp(
            shape=start.shape, dtype=start.dtype, shared_name=self.unique()
        )
        return handle, self.tf.raw_ops.AssignVariableOp(resource=handle, value=start)

    def unique(self) -> str:
        """Return a name that no other resource of this graph has."""
        name: str = self.tf.get_default_graph().unique_name("kept")
        return name

    def read(self, handle: Any, attr: str, after: Any) -> Any:
        """Return a resource variable's value after something."""
        dtype = self.tf.as_dtype(self.kind(attr))
        return self.after(
            after,
            lambda: self.tf.raw_ops.ReadVariableOp(resource=handle, dtype=dtype),
        )
