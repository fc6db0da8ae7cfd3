"""Softmax and the cross entropies computed together with it; twin of `ops/softmax.py`.

Source: tensorflow core/kernels/softmax_op_functor.h, xent_op.h, sparse_xent_op.h.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import is_host, namespace
from metagraft.kernels.narrow_reduction import MANY_STEPS, reduced

__all__ = ["KERNELS"]


_RANK = 2  # examples and classes


def _wide(dtype: Any) -> Any:
    """Half precision is computed in single precision."""
    return np.dtype(np.float32) if dtype.itemsize == 2 else dtype


def _shifted_and_log_sum(logits: Array) -> tuple[Array, Array, Array]:
    """Return `x - max(x)`, its exponentials' sum, and the exponentials."""
    xp = namespace(logits)
    wide = logits.astype(_wide(logits.dtype))
    shifted = wide - xp.max(wide, axis=-1, keepdims=True)
    raised = xp.exp(shifted)
    return shifted, xp.sum(raised, axis=-1, keepdims=True, dtype=wide.dtype), raised


def _step_by_step(logits: Array) -> tuple[Array, Array, Array] | None:
    """Return the same, each rounded to a narrow type; None if it is not done here."""
    is_narrow = is_host(logits) and logits.dtype.itemsize == 2
    if not is_narrow or not 0 < logits.size <= MANY_STEPS:
        return None
    shifted = logits - logits.max(axis=-1, keepdims=True)
    raised = np.exp(shifted.astype(np.float32)).astype(logits.dtype)
    rows = raised.reshape(-1, raised.shape[-1])
    total = reduced(np.add, rows, (1,)).reshape(*raised.shape[:-1], 1)
    return shifted, total, raised


def _log(total: np.ndarray) -> np.ndarray:
    """Return logarithms of narrow numbers, made in single precision."""
    return np.log(total.astype(np.float32)).astype(total.dtype)


def softmax(_attrs: Any, logits: Array) -> tuple[Array]:
    if not logits.shape[-1]:
        return (logits,)
    parts = _step_by_step(logits)
    if parts is not None:
        _, total, raised = parts
        return (raised * (logits.dtype.type(1) / total),)
    _, total, raised = _shifted_and_log_sum(logits)
    return ((raised / total).astype(logits.dtype),)


def log_softmax(_attrs: Any, logits: Array) -> tuple[Array]:
    if not logits.shape[-1]:
        return (logits,)
    parts = _step_by_step(logits)
    if parts is not None:
        shifted, total, _ = parts
        return (shifted - _log(total),)
    shifted, total, _ = _shifted_and_log_sum(logits)
    return ((shifted - namespace(total).log(total)).astype(logits.dtype),)


def cross_entropy(_attrs: Any, logits: Array, labels: Array) -> tuple[Array, Array]:
    """Loss, and its gradient for the logits, as two outputs."""
    xp = namespace(logits, labels)
    try:
        dims = np.broadcast_shapes(logits.shape, labels.shape)
    except ValueError:
        raise InvalidArgumentError(
            None,
            None,
            "logits and labels must be broadcastable: "
            f"logits_size={show(logits.shape)} labels_size={show(labels.shape)}",
        ) from None
    if len(dims) != _RANK:
        raise InvalidArgumentError(
            None,
            None,
            "logits and labels must be either 2-dimensional, or broadcasted to be "
            "2-dimensional",
        )
    logits, labels = xp.broadcast_to(logits, dims), xp.broadcast_to(labels, dims)
    if not dims[-1]:
        return xp.zeros(dims[0], logits.dtype), xp.asarray(logits)
    parts = _step_by_step(logits)
    if parts is not None and is_host(labels):
        shifted, total, raised = parts
        loss = reduced(np.add, labels * (_log(total) - shifted), (1,))
        return loss, raised / total - labels
    shifted, total, raised = _shifted_and_log_sum(logits)
    targets = labels.astype(shifted.dtype)
    loss = xp.sum(targets * (xp.log(total) - shifted), axis=-1, dtype=shifted.dtype)
    backprop = raised / total - targets
    return loss.astype(logits.dtype), backprop.astype(logits.dtype)


def sparse_cross_entropy(
    _attrs: Any, logits: Array, labels: Array
) -> tuple[Array, Array]:
    """As `cross_entropy`, with the number of the one class that is right.

    A label outside the classes is an error where it is seen, and NaN in a compiled
    program, as on TensorFlow's accelerators.
    """
    xp = namespace(logits, labels)
    for name, operand, rank in (("logits", logits, 2), ("labels", labels, 1)):
        if operand.ndim != rank:
            raise InvalidArgumentError(
                None,
                None,
                f"{name} must be {rank}-D, but got shape {show(operand.shape)}",
            )
    if logits.shape[:1] != labels.shape[:1]:
        raise InvalidArgumentError(
            None,
            None,
            "logits and labels must have the same first dimension, got logits shape "
            f"{show(logits.shape)} and labels shape {show(labels.shape)}",
        )
    classes = logits.shape[-1]
    if xp is np:
        _check_labels(labels, classes)
    parts = _step_by_step(logits)
    if parts is not None and is_host(labels):
        shifted, total, raised = parts
        chosen = np.take_along_axis(shifted, labels[:, None].astype(np.intp), 1)
        backprop = raised / total
        right = np.arange(len(labels)), labels
        backprop[right] -= logits.dtype.type(1)
        return (_log(total) - chosen)[:, 0], backprop
    shifted, total, raised = _shifted_and_log_sum(logits)
    is_right = labels[:, None] == xp.arange(classes, dtype=labels.dtype)
    chosen = xp.sum(
        xp.where(is_right, shifted, shifted.dtype.type(0)),
        axis=-1,
        dtype=shifted.dtype,
    )
    loss = xp.log(total[:, 0]) - chosen
    backprop = raised / total - is_right.astype(shifted.dtype)
    if xp is not np:
        nan = shifted.dtype.type(np.nan)
        known = (labels >= labels.dtype.type(0)) & (labels < labels.dtype.type(classes))
        loss = xp.where(known, loss, nan)
        backprop = xp.where(known[:, None], backprop, nan)
    return loss.astype(logits.dtype), backprop.astype(logits.dtype)


def _check_labels(labels: np.ndarray, classes: int) -> None:
    wrong = labels[(labels < 0) | (labels >= classes)]
    if wrong.size:
        values = " ".join(str(label) for label in labels.reshape(-1)[:1000])
        raise InvalidArgumentError(
            None,
            None,
            f"Received a label value of {wrong[0]} which is outside the valid range of"
            f" [0, {classes}).  Label values: {values}",
        )


KERNELS = {
    "Softmax": Kernel(softmax),
    "LogSoftmax": Kernel(log_softmax),
    "SoftmaxCrossEntropyWithLogits": Kernel(cross_entropy),
    "SparseSoftmaxCrossEntropyWithLogits": Kernel(sparse_cross_entropy),
}
