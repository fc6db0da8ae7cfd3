"""What a feature of training examples is read as: `tf.FixedLenFeature` and the like.

Source: tensorflow python/ops/parsing_config.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from metagraft.api import logging
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.dtypes import DType, as_dtype
from metagraft.graph.shapes import TensorShape, as_shape
from metagraft.graph.tensor import Tensor

__all__ = [
    "FixedLenFeature",
    "FixedLenSequenceFeature",
    "ParsedFeatures",
    "RaggedFeature",
    "SparseFeature",
    "VarLenFeature",
]

_NOT_OF_A_NAME = re.compile(r"[^A-Za-z0-9_.\-/]")


class VarLenFeature(NamedTuple):
    """A feature with any number of values, which becomes a `SparseTensor`."""

    dtype: Any


class FixedLenFeature(NamedTuple):
    """A feature of one shape in every example, which becomes a `Tensor`.

    Attributes:
        shape: Of one example.
        dtype: Type of the values.
        default_value: For examples without it; without a default they are refused.
    """

    shape: Any
    dtype: Any
    default_value: Any = None


class FixedLenSequenceFeature(NamedTuple):
    """A feature of any number of steps of one shape, which becomes a padded `Tensor`.

    Attributes:
        shape: Of one step.
        dtype: Type of the values.
        allow_missing: Whether an example may lack it, and then has no steps.
        default_value: What shorter examples are filled up with.
    """

    shape: Any
    dtype: Any
    allow_missing: bool = False
    default_value: Any = None


class SparseFeature(NamedTuple):
    """Two or more features, of indices and of values, that become a `SparseTensor`.

    Attributes:
        index_key: The feature of the indices, or one for each axis.
        value_key: The feature of the values.
        dtype: Type of the values.
        size: The size of the axis, or of each axis.
        already_sorted: Whether the indices are in order.
    """

    index_key: Any
    value_key: str
    dtype: Any
    size: Any
    already_sorted: bool = False


class RowSplits(NamedTuple):
    """Rows told by where each begins and the last ends."""

    key: str


class RowLengths(NamedTuple):
    """Rows told by their lengths."""

    key: str


class RowStarts(NamedTuple):
    """Rows told by where they begin."""

    key: str


class RowLimits(NamedTuple):
    """Rows told by where they end."""

    key: str


class ValueRowIds(NamedTuple):
    """Rows told by the row of each value."""

    key: str


class UniformRowLength(NamedTuple):
    """Rows that all have one length."""

    length: int


_PARTITIONS = (
    RowSplits,
    RowLengths,
    RowStarts,
    RowLimits,
    ValueRowIds,
    UniformRowLength,
)


class _RaggedFields(NamedTuple):
    dtype: Any
    value_key: str | None
    partitions: Sequence[Any]
    row_splits_dtype: Any
    validate: bool


class RaggedFeature(_RaggedFields):
    """A feature with any number of values, in rows told by other features.

    Attributes:
        dtype: Type of the values.
        value_key: The feature of the values; the key of this feature if it is None.
        partitions: How the values are divided, the outermost first.
        row_splits_dtype: `int32` or `int64`.
        validate: Whether a run checks the partitions.
    """

    __slots__ = ()

    RowSplits = RowSplits
    RowLengths = RowLengths
    RowStarts = RowStarts
    RowLimits = RowLimits
    ValueRowIds = ValueRowIds
    UniformRowLength = UniformRowLength

    def __new__(
        cls,
        dtype: Any,
        value_key: str | None = None,
        partitions: Sequence[Any] = (),
        row_splits_dtype: Any = dtypes.int32,
        validate: bool = False,
    ) -> RaggedFeature:
        """Check the arguments.

        Raises:
            ValueError: A key is empty or a type is not allowed.
            TypeError: `partitions` or `validate` has another type.
        """
        if value_key is not None and not isinstance(value_key, str):
            raise ValueError(f"Argument `value_key` must be a string; got {value_key}")
        if value_key == "":
            raise ValueError("Argument `value_key` must not be empty")
        dtype = _one_of(dtype, _VALUE_TYPES, "dtype", "int64, float32, or bytes")
        splits = _one_of(
            row_splits_dtype, _SPLIT_TYPES, "row_splits_dtype", "int32 or int64"
        )
        if not isinstance(partitions, (list, tuple)):
            raise TypeError(
                "Argument `partitions` must be a list or tuple. Received"
                f"partitions={partitions} of type {type(partitions).__name__}."
            )
        for partition in partitions:
            if not isinstance(partition, _PARTITIONS):
                raise TypeError(
                    "Argument `partitions` cannot be cast to any of the partition "
                    f"types in {_PARTITIONS}; got: {partition!r} with type "
                    f"{type(partition)}"
                )
        if not isinstance(validate, bool):
            raise TypeError(f"Argument `validate` must be a bool; got {validate!r}")
        return super().__new__(
            cls, dtype, value_key, tuple(partitions), splits, validate
        )


_VALUE_TYPES = (dtypes.int64, dtypes.float32, dtypes.string)
_SPLIT_TYPES = (dtypes.int32, dtypes.int64)


def _one_of(value: Any, allowed: tuple[DType, ...], name: str, which: str) -> DType:
    dtype = as_dtype(value)
    if dtype not in allowed:
        raise ValueError(f"Argument `{name}` must be {which}; got {dtype!r}")
    return dtype


class ParsedFeatures:
    """The lists that the ops take, put together from a mapping of features."""

    def __init__(
        self, features: Mapping[str, Any] | None, allowed: tuple[type, ...]
    ) -> None:
        """Add the features in the order of their keys.

        Raises:
            ValueError: One is of no allowed kind, incomplete, or contradicts another.
        """
        self.sparse: dict[str, DType] = {}
        self.dense_keys: list[str] = []
        self.dense_types: list[DType] = []
        self.dense_shapes: list[TensorShape] = []
        self.dense_defaults: dict[str, Any] = {}
        self.ragged: dict[str, tuple[DType, DType]] = {}
        for key in sorted(features or ()):
            feature = (features or {})[key]
            if not isinstance(feature, allowed):
                raise ValueError(  # noqa: TRY004 - TensorFlow's class
                    f"Unsupported {type(feature).__name__} {feature} for key '{key}'"
                )
            self._add(key, feature)
        self._check()

    @property
    def keys(self) -> list[str]:
        """Every key, in the order of the ops' outputs."""
        return [*self.sparse, *self.dense_keys, *self.ragged]

    def default_tensors(self) -> list[Tensor]:
        """Return the default of each dense feature, empty where there is none."""
        return [
            self._default(key, shape, dtype)
            for key, shape, dtype in zip(
                self.dense_keys, self.dense_shapes, self.dense_types, strict=True
            )
        ]

    def _default(self, key: str, shape: TensorShape, dtype: DType) -> Tensor:
        value = self.dense_defaults.get(key)
        suffix = _NOT_OF_A_NAME.sub("_", key)
        dims = shape.dims
        if dims and dims[0].value is None:
            if value is None:
                return convert_to_tensor("" if dtype == dtypes.string else 0, dtype)
            padding = convert_to_tensor(value, dtype=dtype, name=f"padding_{suffix}")
            return array.reshape(padding, [])
        if value is None:
            return convert_to_tensor([], dtype.base_dtype)
        if isinstance(value, Tensor):
            return value
        tensor = convert_to_tensor(value, dtype=dtype, name=f"key_{suffix}")
        return array.reshape(tensor, shape)

    def _add(self, key: str, feature: Any) -> None:
        if isinstance(feature, SparseFeature):
            self._add_sparse_feature(key, feature)
        elif isinstance(feature, RaggedFeature):
            self._add_ragged_feature(key, feature)
        else:
            _demand(feature.dtype, "type", key, feature)
            if isinstance(feature, VarLenFeature):
                self._add_sparse(key, feature.dtype)
            else:
                self._add_dense(key, feature)

    def _add_sparse(self, key: str, dtype: Any) -> None:
        known = self.sparse.setdefault(key, as_dtype(dtype))
        if known != dtype:
            raise ValueError(f"Conflicting type {known} vs {dtype} for feature {key}.")

    def _add_sparse_feature(self, key: str, feature: SparseFeature) -> None:
        if not feature.index_key:
            raise ValueError(f"Missing index_key for SparseFeature {feature}.")
        if not feature.value_key:
            raise ValueError(f"Missing value_key for SparseFeature {feature}.")
        _demand(feature.dtype, "type", key, feature)
        index_keys = feature.index_key
        if isinstance(index_keys, str):
            index_keys = [index_keys]
        elif len(index_keys) > 1:
            logging.warning(
                "SparseFeature '%s' has several indices; consider VarLenFeature.",
                key,
            )
        for index_key in sorted(index_keys):
            self._add_sparse(index_key, dtypes.int64)
        self._add_sparse(feature.value_key, feature.dtype)

    def _add_dense(
        self, key: str, feature: FixedLenFeature | FixedLenSequenceFeature
    ) -> None:
        if feature.shape is None:
            raise ValueError(
                f"Missing shape for feature {key}. Received feature={feature}."
            )
        shape = as_shape(feature.shape)
        if isinstance(feature, FixedLenFeature):
            _check_fixed(key, feature, shape)
        elif feature.allow_missing:
            self.dense_defaults[key] = None
        self.dense_keys.append(key)
        self.dense_shapes.append(shape)
        self.dense_types.append(as_dtype(feature.dtype))
        if feature.default_value is not None:
            self.dense_defaults[key] = feature.default_value

    def _add_ragged_feature(self, key: str, feature: RaggedFeature) -> None:
        splits = feature.row_splits_dtype
        self._add_ragged(feature.value_key or key, feature.dtype, splits)
        for partition in feature.partitions:
            if not isinstance(partition, UniformRowLength):
                self._add_ragged(partition.key, dtypes.int64, splits)

    def _add_ragged(self, key: str, dtype: DType, splits: DType) -> None:
        known_type, known_splits = self.ragged.setdefault(key, (dtype, splits))
        if known_type != dtype:
            raise ValueError(
                f"Conflicting type {known_type} vs {dtype} for feature {key}."
            )
        if known_splits != splits:
            raise ValueError(
                f"Conflicting partition type {known_splits} vs {splits} for feature "
                f"{key}."
            )

    def _check(self) -> None:
        kinds = {
            "Dense": ("dense", self.dense_keys),
            "Ragged": ("ragged", list(self.ragged)),
            "Sparse": ("sparse", list(self.sparse)),
        }
        for first, second in (
            ("Dense", "Sparse"),
            ("Dense", "Ragged"),
            ("Ragged", "Sparse"),
        ):
            (name, keys), (other, other_keys) = kinds[first], kinds[second]
            common = set(keys).intersection(other_keys)
            if common:
                raise ValueError(
                    f"{first} and {other} keys must not intersect; {name}_keys: "
                    f"{keys}, {other}_keys: {other_keys}, intersection: {common}"
                )


def _demand(value: Any, what: str, key: str, feature: Any) -> None:
    if not value:
        raise ValueError(
            f"Missing {what} for feature {key}. Received feature={feature}."
        )


def _check_fixed(key: str, feature: FixedLenFeature, shape: TensorShape) -> None:
    """Refuse a shape that is not known.

    Raises:
        ValueError: A size is unknown.
    """
    if feature.shape and shape.dims and shape.dims[0].value is None:
        raise ValueError(
            f"First dimension of shape for feature {key} unknown. Consider using "
            f"FixedLenSequenceFeature. Received feature={feature}."
        )
    if not shape.is_fully_defined():
        raise ValueError(
            f"All dimensions of shape for feature {key} need to be known but received "
            f"{feature.shape!s}."
        )
