"""Tensors as strings, on the host; twin of `ops/serialized_tensor.py`.

Source: tensorflow core/kernels/parse_tensor_op.cc, serialize_tensor_op.cc.
"""

from __future__ import annotations

import base64

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.graph.dtypes import as_dtype, from_enum, kernel_name, string
from metagraft.graph.shapes import show
from metagraft.graph.tensor_values import make_ndarray
from metagraft.kernels.kernel import Array, Kernel


def parse_tensor(attrs: Attrs, serialized: Array) -> tuple[Array]:
    from google.protobuf.message import DecodeError

    from metagraft.proto import TensorProto

    if np.ndim(serialized):
        raise _invalid(
            f"Expected `serialized` to be a scalar, got shape: {show(serialized.shape)}"
        )
    text: bytes = serialized.item()
    try:
        proto = TensorProto.FromString(text)
    except DecodeError as error:
        shown = base64.b64encode(text).decode()
        raise _invalid(
            f"Could not parse `serialized` as TensorProto, base64: {shown}"
        ) from error
    wanted = as_dtype(attrs["out_type"])
    try:
        found = from_enum(proto.dtype)
        value = make_ndarray(proto)
    except (TypeError, ValueError) as error:
        raise _invalid(f"Cannot parse tensor from proto: {error}") from error
    if found != wanted:
        raise _invalid(
            f"Type mismatch between parsed tensor ({kernel_name(found)}) and dtype "
            f"({kernel_name(wanted)})"
        )
    return (value,)


def serialize_tensor(_attrs: Attrs, tensor: Array) -> tuple[Array]:
    from metagraft.proto import TensorProto

    array = np.asarray(tensor)
    dtype = as_dtype(array.dtype)
    proto = TensorProto(dtype=dtype.as_datatype_enum)
    proto.tensor_shape.SetInParent()
    for size in array.shape:
        proto.tensor_shape.dim.add(size=size)
    if dtype == string:
        proto.string_val.extend(array.ravel().tolist())
    else:
        proto.tensor_content = array.tobytes()
    text = np.empty((), object)
    text[()] = proto.SerializeToString()
    return (text,)


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


KERNELS = {
    "ParseTensor": Kernel(parse_tensor, host=True),
    "SerializeTensor": Kernel(serialize_tensor, host=True),
}
