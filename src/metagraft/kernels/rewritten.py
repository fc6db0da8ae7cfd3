"""What TensorFlow's optimizers put in place of nodes; twin of `ops/rewritten.py`.

Source: tensorflow core/kernels/unary_ops_composition.cc, cast_op.cc,
tensor_to_hash_bucket_op.cc.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.kernels.cast import cast
from metagraft.kernels.identity import identity
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.string_hash import string_to_hash_bucket_fast

_COMPOSED: Final = frozenset(
    [
        "Abs",
        "Acos",
        "Acosh",
        "Asin",
        "Asinh",
        "Atan",
        "Atanh",
        "Ceil",
        "Cos",
        "Cosh",
        "Elu",
        "Exp",
        "Expm1",
        "Floor",
        "Inv",
        "Log",
        "Log1p",
        "Neg",
        "Reciprocal",
        "Relu",
        "Relu6",
        "Rint",
        "Round",
        "Rsqrt",
        "Selu",
        "Sigmoid",
        "Sin",
        "Sinh",
        "Sqrt",
        "Square",
        "Tan",
        "Tanh",
    ]
)


def compose(attrs: Any, x: Array) -> tuple[Array]:
    """Apply functions one after the other."""
    from metagraft.kernels import kernel_for

    for name in attrs["op_names"]:
        kind = name.decode() if isinstance(name, bytes) else name
        kernel = kernel_for(kind) if kind in _COMPOSED else None
        if kernel is None:
            raise InvalidArgumentError(
                None, None, f"Do not have a compute function registered for op: {kind}"
            )
        (x,) = kernel.fn({"T": attrs["T"]}, x)
    return (x,)


def hash_bucket(attrs: Any, input: Array) -> tuple[Array]:
    """Return the buckets of whole numbers, written as text."""
    texts = np.empty(np.size(input), object)
    texts[:] = [b"%d" % number for number in np.ravel(input).tolist()]
    return string_to_hash_bucket_fast(attrs, texts.reshape(np.shape(input)))


def wait(_attrs: Any) -> tuple[()]:
    """Do nothing: whatever comes before has been done."""
    return ()


KERNELS = {
    "SyncDevice": Kernel(wait, host=True),
    "_EagerConst": Kernel(identity),
    "_HostCast": Kernel(cast),
    "_TensorToHashBucketFast": Kernel(hash_bucket, host=True),
    "_UnaryOpsComposition": Kernel(compose),
}
