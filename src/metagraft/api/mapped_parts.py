"""Sparse and ragged tensors as tensors with an element for each row, and back.

`map_fn` keeps values in arrays of tensors; a row of a sparse or ragged tensor becomes a
`variant` there.

Source: tensorflow python/ops/map_fn.py, python/framework/sparse_tensor.py,
python/ops/ragged/ragged_tensor.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from metagraft.api.ragged_factories import as_values
from metagraft.api.ragged_spec import RaggedTensorSpec
from metagraft.api.ragged_tensor import RaggedTensor, is_ragged
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.composite import IndexedSlices, SparseTensor, SparseTensorValue
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.dtypes import as_dtype
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor
from metagraft.graph.tensor_spec import TensorSpec
from metagraft.graph.type_spec import SparseTensorSpec, TypeSpec

__all__ = [
    "any_shape",
    "as_elem",
    "as_element",
    "element_dtype",
    "element_shape",
    "elements_of",
    "joined",
    "part_of",
    "ragged_from_variant",
    "spec_of",
    "spec_of_result",
]


def as_elem(value: Any) -> Any:
    """Return a tensor, dense, sparse or ragged.

    Raises:
        ValueError: It has no axes.
    """
    if isinstance(value, SparseTensorValue):
        return SparseTensor.from_value(value)
    if not isinstance(value, SparseTensor | IndexedSlices):
        value = as_values(value, name="elem")
    dims = getattr(value, "dims", None)
    if dims is not None and not dims:
        raise ValueError(
            "Elements in elems must be 1+ dimensional Tensors, not scalars"
        )
    return value


def spec_of(value: Any) -> Any:
    """Return what a tensor is, dense, sparse or ragged.

    Raises:
        TypeError: It is something else.
    """
    if isinstance(value, Tensor):
        return TensorSpec(value.shape, value.dtype)
    if is_ragged(value):
        return RaggedTensorSpec.from_value(value)
    if isinstance(value, SparseTensor):
        return SparseTensorSpec.from_value(value)
    raise TypeError(f"map_fn can not consume {type(value).__name__} inputs: {value!r}")


def spec_of_result(description: Any) -> Any:
    """Return a spec, given one or a type.

    Raises:
        TypeError: No array can keep values of that spec.
    """
    if not isinstance(description, TypeSpec):
        return TensorSpec(None, as_dtype(description))
    if not isinstance(description, TensorSpec | RaggedTensorSpec | SparseTensorSpec):
        raise TypeError(f"map_fn can not generate {description} outputs")
    return description


def any_shape(spec: Any) -> Any:
    """Return the spec of rows of whatever shape, of values like those of a spec."""
    if isinstance(spec, RaggedTensorSpec):
        rank = spec.ragged_rank - 1
        return RaggedTensorSpec(None, spec.dtype, rank, spec.row_splits_dtype)
    return type(spec)(None, spec.dtype)


def elements_of(value: Any) -> Tensor:
    """Return a tensor with an element for each row of a value."""
    result: Tensor
    if isinstance(value, Tensor):
        return value
    if isinstance(value, SparseTensor):
        result = op(
            "SerializeManySparse",
            sparse_indices=value.indices,
            sparse_values=value.values,
            sparse_shape=value.dense_shape,
            out_type=dtypes.variant,
        )
        return result
    return _as_variant(value, is_batch=True)


def part_of(spec: Any, element: Tensor) -> Any:
    """Return a row, given the spec of all rows and the element."""
    if isinstance(spec, RaggedTensorSpec):
        rank = spec.ragged_rank - 1
        part = RaggedTensorSpec(spec.shape[1:], spec.dtype, rank, spec.row_splits_dtype)
        return ragged_from_variant(part, element)
    if isinstance(spec, SparseTensorSpec):
        return _sparse_of(SparseTensorSpec(spec.shape[1:], spec.dtype), element)
    element.set_shape(spec.shape[1:])
    return element


def element_dtype(spec: Any) -> Any:
    """Return the type of an element that keeps a value of a spec."""
    return spec.dtype if isinstance(spec, TensorSpec) else dtypes.variant


def element_shape(spec: Any) -> TensorShape | None:
    """Return the shape of an element that keeps a value of a spec."""
    return spec.shape if isinstance(spec, TensorSpec) else None


def as_element(spec: Any, value: Any) -> Any:
    """Return what keeps a value of a spec.

    Raises:
        ValueError: It is none.
    """
    if isinstance(spec, TensorSpec):
        return value
    if not spec.is_compatible_with(value):
        raise ValueError(
            f"Error in map_fn:\n  Expected `fn` to return a:\n    {spec}\n  But it"
            f" returned a:\n    {spec_of(value)}\n    (value={value})\n  To fix, update"
            " the `fn_output_signature` (or `dtype`) argument to `map_fn`."
        )
    if isinstance(spec, SparseTensorSpec):
        return op(
            "SerializeSparse",
            sparse_indices=value.indices,
            sparse_values=value.values,
            sparse_shape=value.dense_shape,
            out_type=dtypes.variant,
        )
    return _as_variant(value, is_batch=False)


def joined(spec: Any, count: int | None, elements: Tensor) -> Any:
    """Return all values of a spec as rows of one, given what keeps them."""
    shape = TensorShape([count]).concatenate(spec.shape)
    if isinstance(spec, RaggedTensorSpec):
        rank = spec.ragged_rank + 1
        whole = RaggedTensorSpec(shape, spec.dtype, rank, spec.row_splits_dtype)
        return ragged_from_variant(whole, elements)
    if isinstance(spec, SparseTensorSpec):
        return _sparse_of(SparseTensorSpec(shape, spec.dtype), elements)
    elements.set_shape(shape)
    return elements


def _as_variant(value: Any, *, is_batch: bool) -> Tensor:
    is_tensor = isinstance(value, Tensor)
    result: Tensor
    if is_tensor:
        result = op(
            "RaggedTensorToVariant",
            rt_nested_splits=[],
            rt_dense_values=value,
            Tsplits=dtypes.int64,
            batched_input=is_batch,
        )
        return result
    with name_scope(None, "RaggedToVariant", [value, is_batch]):
        result = op(
            "RaggedTensorToVariant",
            rt_nested_splits=list(value.nested_row_splits),
            rt_dense_values=value.flat_values,
            batched_input=is_batch,
        )
        return result


def ragged_from_variant(spec: RaggedTensorSpec, variant: Tensor) -> Any:
    """Return the ragged tensor of a spec, or the tensor, that a variant holds."""
    with name_scope(None, "RaggedFromVariant", [variant]):
        nested, flat = op(
            "RaggedTensorFromVariant",
            encoded_ragged=variant,
            input_ragged_rank=-1,
            output_ragged_rank=max(spec.ragged_rank, 0),
            Tvalues=spec.dtype,
            Tsplits=spec.row_splits_dtype,
        )
        result = RaggedTensor.from_nested_row_splits(flat, nested, validate=False)
    if isinstance(result, RaggedTensor):
        return _of_shape(result, spec.shape)
    result.set_shape(spec.shape)
    return result


def _of_shape(ragged: RaggedTensor, shape: TensorShape) -> RaggedTensor:
    """Return a ragged tensor whose shape is known to be the given one."""
    if shape.ndims is None:
        return ragged
    sizes = shape.as_list()
    if sizes[0] is not None:
        ragged.row_splits.set_shape([sizes[0] + 1])
    partitions = []
    for size, level in zip(sizes[1:], ragged.levels(), strict=False):
        partition = level.row_partition
        if size is not None and partition.static_uniform_row_length is None:
            length = convert_to_tensor(size, partition.dtype)
            rows = partition.row_count
            if rows is None:
                rows = array.size(partition.splits, out_type=partition.dtype) - 1
            partition = replace(partition, uniform_length=length, row_count=rows)
        partitions.append(partition)
    ragged.flat_values.set_shape([None, *sizes[ragged.ragged_rank + 1 :]])
    result: Any = ragged.flat_values
    for partition in reversed(partitions):
        result = RaggedTensor(result, partition, internal=True)
    known: RaggedTensor = result
    return known


def _sparse_of(spec: SparseTensorSpec, variant: Tensor) -> SparseTensor:
    indices, values, shape = op(
        "DeserializeSparse", serialized_sparse=variant, dtype=spec.dtype
    )
    rank = spec.shape.ndims
    indices.set_shape([None, rank])
    if spec.shape.is_fully_defined():
        shape = convert_to_tensor(spec.shape, dtype=dtypes.int64, name="shape")
    elif rank is not None and any(size is not None for size in spec.shape.as_list()):
        sizes = array.unstack(shape, num=rank)
        for i, size in enumerate(spec.shape.as_list()):
            if size is not None:
                sizes[i] = array.constant(size, shape.dtype)
        shape = array.stack(sizes)
    else:
        shape.set_shape([rank])
    return SparseTensor(indices, values, shape)
