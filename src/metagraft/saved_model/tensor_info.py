"""Tensors as messages that name them in a graph, and back.

Source: tensorflow python/saved_model/utils_impl.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.api.ragged_tensor import RaggedTensor
from metagraft.graph.composite import IndexedSlices, SparseTensor
from metagraft.graph.defaults import executing_eagerly, get_default_graph
from metagraft.graph.dtypes import as_dtype
from metagraft.graph.graph import Graph
from metagraft.graph.operation import Operation
from metagraft.graph.scope_names import prepend_name_scope
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor
from metagraft.proto import DataType, TensorInfo, TypeSpecProto
from metagraft.proto.coercion import as_message
from metagraft.saved_model import ragged_spec, slices_spec
from metagraft.saved_model.structured_values import decode


def build_tensor_info(tensor: Any) -> TensorInfo:
    """Return a message that describes a tensor by name, type and shape.

    Args:
        tensor: A tensor, a variable, a `SparseTensor`, an `IndexedSlices` or a
            `RaggedTensor`.

    Raises:
        RuntimeError: Eager execution is on.
    """
    _check_mode("build_tensor_info")
    if isinstance(tensor, IndexedSlices):
        parts = [tensor.values, tensor.indices, tensor.dense_shape]
        return _info_of_parts(slices_spec.encode(tensor), parts)
    if isinstance(tensor, RaggedTensor):
        return _info_of_parts(ragged_spec.encode(tensor), tensor.component_tensors())
    info = TensorInfo(
        dtype=as_dtype(tensor.dtype).as_datatype_enum,
        tensor_shape=tensor.get_shape().as_proto(),
    )
    if isinstance(tensor, SparseTensor):
        info.coo_sparse.values_tensor_name = tensor.values.name
        info.coo_sparse.indices_tensor_name = tensor.indices.name
        info.coo_sparse.dense_shape_tensor_name = tensor.dense_shape.name
    else:
        info.name = tensor.name
    return info


def build_tensor_info_from_op(op: Operation | Tensor) -> TensorInfo:
    """Return a message that names an operation; it has no type and no shape.

    Args:
        op: An operation of a graph.

    Raises:
        RuntimeError: Eager execution is on.
    """
    _check_mode("build_tensor_info_from_op")
    return TensorInfo(
        dtype=DataType.DT_INVALID,
        tensor_shape=TensorShape(None).as_proto(),
        name=op.name,
    )


def get_tensor_from_tensor_info(
    tensor_info: Any, graph: Graph | None = None, import_scope: str | None = None
) -> Tensor | SparseTensor | IndexedSlices | RaggedTensor:
    """Return the tensor that a message describes.

    Args:
        tensor_info: A `TensorInfo`.
        graph: Where to look; by default the default graph.
        import_scope: Scope that the tensor was imported into.

    Raises:
        KeyError: The graph has no such tensor.
        ValueError: The message says nothing about how to find it.
        UnimplementedError: It describes a value that is neither a tensor nor one of
            the classes above.
    """
    info = as_message(tensor_info, TensorInfo)
    target = get_default_graph() if graph is None else graph

    def named(name: str) -> Tensor:
        return target.get_tensor_by_name(prepend_name_scope(name, import_scope))

    encoding = info.WhichOneof("encoding")
    if encoding == "name":
        return named(info.name)
    if encoding == "coo_sparse":
        return SparseTensor(
            named(info.coo_sparse.indices_tensor_name),
            named(info.coo_sparse.values_tensor_name),
            named(info.coo_sparse.dense_shape_tensor_name),
        )
    if encoding == "composite_tensor":
        composite = info.composite_tensor
        spec = composite.type_spec
        parts = [named(part.name) for part in composite.components]
        if spec.type_spec_class == TypeSpecProto.RAGGED_TENSOR_SPEC and parts:
            return ragged_spec.from_parts(decode(spec.type_state), parts)
        slices_spec.check_is_slices(spec)
        return IndexedSlices(*parts)
    raise ValueError(
        f"Invalid TensorInfo.encoding: {encoding}. Expected `coo_sparse`, "
        "`composite_tensor`, or `name` for a dense tensor."
    )


def get_element_from_tensor_info(
    tensor_info: TensorInfo,
    graph: Graph | None = None,
    import_scope: str | None = None,
) -> Operation | Tensor:
    """Return the operation or tensor that a message names.

    Args:
        tensor_info: The message.
        graph: Where to look; by default the default graph.
        import_scope: Scope that it was imported into.

    Raises:
        KeyError: The graph has nothing of that name.
    """
    target = get_default_graph() if graph is None else graph
    return target.as_graph_element(prepend_name_scope(tensor_info.name, import_scope))


def _info_of_parts(spec: TypeSpecProto, parts: Sequence[Tensor | None]) -> TensorInfo:
    info = TensorInfo()
    info.composite_tensor.type_spec.CopyFrom(spec)
    for part in parts:
        if part is not None:
            info.composite_tensor.components.append(build_tensor_info(part))
    return info


def _check_mode(function: str) -> None:
    if executing_eagerly():
        raise RuntimeError(f"`{function}` is not supported in eager execution.")
