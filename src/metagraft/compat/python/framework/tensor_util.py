"""`tensorflow.python.framework.tensor_util`: values of tensors."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module("metagraft.compat.v1", "is_tensor make_tensor_proto"),
    "MakeNdarray": "metagraft.compat.v1:make_ndarray",
    "constant_value": "metagraft.compat.v1:get_static_value",
    "is_tf_type": "metagraft.compat.v1:is_tensor",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
