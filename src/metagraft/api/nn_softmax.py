"""Softmax and cross entropies (`tf.nn.softmax` and its kin).

Source: tensorflow python/ops/nn_ops.py, nn_impl.py.
"""

from __future__ import annotations

import math
from typing import Any

from metagraft.api.renamed_arguments import renamed_argument
from metagraft.errors import InvalidArgumentError
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.math import absolute, add, cast, number_range, select
from metagraft.graph.constant_value import constant_value
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import control_dependencies, name_scope
from metagraft.graph.shapes import is_static
from metagraft.graph.tensor import Tensor

__all__ = [
    "log_poisson_loss",
    "log_softmax",
    "sigmoid_cross_entropy_with_logits",
    "softmax",
    "softmax_cross_entropy_with_logits",
    "softmax_cross_entropy_with_logits_v2",
    "sparse_softmax_cross_entropy_with_logits",
    "weighted_cross_entropy_with_logits",
]


def softmax(
    logits: Any, axis: Any = None, name: str | None = None, dim: Any = None
) -> Tensor:
    """`exp(x) / sum(exp(x))` along an axis, the last one by default."""
    axis = renamed_argument("axis", axis, "dim", dim)
    return _along_axis("Softmax", logits, -1 if axis is None else axis, name)


def log_softmax(
    logits: Any, axis: Any = None, name: str | None = None, dim: Any = None
) -> Tensor:
    """`x - log(sum(exp(x)))` along an axis, the last one by default."""
    axis = renamed_argument("axis", axis, "dim", dim)
    return _along_axis("LogSoftmax", logits, -1 if axis is None else axis, name)


def _along_axis(op_type: str, logits: Any, axis: Any, name: str | None) -> Tensor:
    """Apply an op of the last axis along any: swap the two before and after."""
    logits = convert_to_tensor(logits)
    rank = logits.shape.ndims
    is_last = not isinstance(axis, Tensor) and (
        axis == -1 or (rank is not None and axis == rank - 1)
    )
    result: Tensor
    if is_last:
        result = op(op_type, logits=logits, name=name)
        return result
    known = constant_value(axis) if isinstance(axis, Tensor) else axis
    if known is not None and rank is not None and not -rank <= known < rank:
        raise InvalidArgumentError(
            None,
            None,
            f"`dim` must be in the range [{-rank}, {rank}) where {rank} is the number"
            f" of dimensions in the input. Received: dim={known}",
        )
    count = array.rank(logits)
    if isinstance(axis, Tensor):
        axis = select(op("Less", x=axis, y=0), axis + count, axis)
    elif axis < 0:
        axis = axis + count
    last_rank = array.rank(logits)
    place = axis % rank
    swapped = _swapped(logits, place, op("Sub", x=last_rank, y=1))
    result = op(op_type, logits=swapped)
    result = _swapped(result, place, op("Sub", x=last_rank, y=1), name)
    result.set_shape(logits.shape)
    return result


def _swapped(tensor: Tensor, axis: Any, last: Any, name: str | None = None) -> Tensor:
    order = array.concat(
        [number_range(axis), [last], number_range(axis + 1, last), [axis]], 0
    )
    return array.transpose(tensor, order, name=name)


def _check_given(function: str, labels: Any, logits: Any) -> None:
    if labels is None or logits is None:
        raise ValueError(
            f"Both `labels` and `logits` must be provided for {function}Received:"
            f" labels={labels} and logits={logits}"
        )


def softmax_cross_entropy_with_logits_v2(
    labels: Any,
    logits: Any,
    axis: Any = None,
    name: str | None = None,
    dim: Any = None,
) -> Tensor:
    """The cross entropy of `labels` and `softmax(logits)`; gradients flow to both.

    Args:
        labels: Probabilities of the classes.
        logits: Unnormalized log-probabilities, of the same shape.
        axis: The axis of the classes, the last one by default.
        name: Name of the operation.
        dim: The old name of `axis`.
    """
    axis = renamed_argument("axis", axis, "dim", dim)
    axis = -1 if axis is None else axis
    with name_scope(
        name, "softmax_cross_entropy_with_logits", [logits, labels]
    ) as scope:
        logits = convert_to_tensor(logits, name="logits")
        labels = convert_to_tensor(labels, name="labels")
        is_half = logits.dtype in (dtypes.float16, dtypes.bfloat16)
        precise = cast(logits, dtypes.float32) if is_half else logits
        labels = cast(labels, precise.dtype)
        rank = array.rank(precise)
        if axis != -1:
            precise = _moved_to_end(precise, axis, rank)
            labels = _moved_to_end(labels, axis, rank)
        whole_shape = array.shape(precise)
        precise = _rows(precise)
        labels = _rows(labels)
        cost, _ = op(
            "SoftmaxCrossEntropyWithLogits", features=precise, labels=labels, name=scope
        )
        batch_shape = array.slice_(whole_shape, [0], [op("Sub", x=rank, y=1)])
        cost = array.reshape(cost, batch_shape)
        if logits.dims is not None:
            sizes = list(logits.dims)
            del sizes[axis]
            cost.set_shape(sizes)
        result: Tensor = cast(cost, logits.dtype) if is_half else cost
        return result


def _moved_to_end(tensor: Tensor, axis: int, rank: Tensor) -> Tensor:
    order = array.concat([number_range(axis), number_range(axis + 1, rank), [axis]], 0)
    return array.transpose(tensor, order)


def _rows(logits: Tensor) -> Tensor:
    """Make all dimensions but the last one a single one."""
    rank = array.rank(logits)
    last = array.slice_(array.shape(logits), [op("Sub", x=rank, y=1)], [1])
    rows = array.reshape(logits, array.concat([[-1], last], 0))
    dims = logits.dims
    if dims is not None and None not in dims[:-1]:
        rows.set_shape([math.prod(d for d in dims[:-1] if d is not None), dims[-1]])
    return rows


def softmax_cross_entropy_with_logits(
    labels: Any = None,
    logits: Any = None,
    dim: Any = -1,
    name: str | None = None,
    axis: Any = None,
) -> Tensor:
    """As version 2, but no gradient flows to the labels.

    Raises:
        ValueError: Labels or logits are missing.
    """
    # TF: `dim` has a default, so `axis` can only be given together with dim=None.
    dim = renamed_argument("axis", axis, "dim", dim)
    _check_given("softmax_cross_entropy_with_logits", labels, logits)
    with name_scope(
        name, "softmax_cross_entropy_with_logits_sg", [logits, labels]
    ) as scope:
        labels = op("StopGradient", input=labels, name="labels_stop_gradient")
    return softmax_cross_entropy_with_logits_v2(
        labels=labels, logits=logits, axis=dim, name=scope
    )


def sparse_softmax_cross_entropy_with_logits(
    labels: Any = None, logits: Any = None, name: str | None = None
) -> Tensor:
    """The cross entropy where one class is right.

    Args:
        labels: Numbers of the classes, `[...]`.
        logits: Unnormalized log-probabilities, `[..., classes]`.
        name: Name of the operation.

    Raises:
        ValueError: Labels or logits are missing, or their shapes do not fit.
    """
    _check_given("sparse_softmax_cross_entropy_with_logits", labels, logits)
    with name_scope(name, "SparseSoftmaxCrossEntropyWithLogits", [labels, logits]):
        labels = convert_to_tensor(labels)
        logits = convert_to_tensor(logits)
        is_half = logits.dtype == dtypes.float16
        precise = cast(logits, dtypes.float32) if is_half else logits
        labels_shape = array.shape(labels)
        is_known = _check_sparse_shapes(labels, logits)
        if logits.shape.ndims == 2:
            cost, _ = op(
                "SparseSoftmaxCrossEntropyWithLogits",
                features=precise,
                labels=labels,
                name=name,
            )
        else:
            cost = _cost_of_rows(
                labels, logits, precise, labels_shape, name, is_known=is_known
            )
        result: Tensor = cast(cost, dtypes.float16) if is_half else cost
        return result


def _check_sparse_shapes(labels: Tensor, logits: Tensor) -> bool:
    """Return whether all dimensions but the classes are known."""
    label_shape, logit_shape = labels.shape, logits.shape
    if logit_shape.ndims == 0:
        raise ValueError(f"`logits` cannot be a scalar. Received logits={logits}`")
    ranks = label_shape.ndims, logit_shape.ndims
    if None not in ranks and ranks[0] != ranks[1] - 1:  # type: ignore[operator] # known
        raise ValueError(
            "`labels.shape.rank` must equal `logits.shape.rank - 1`. Received:"
            f" labels.shape={label_shape} of rank {ranks[0]} and logits.shape="
            f"{logit_shape} of rank {ranks[1]}"
        )
    is_known = is_static(labels.dims) and (
        logits.dims is not None and is_static(logits.dims[:-1])
    )
    if is_known and label_shape.as_list() != logit_shape.as_list()[:-1]:
        raise ValueError(
            "`labels.shape` must equal `logits.shape` except for the last dimension."
            f" Received: labels.shape={label_shape} and logits.shape={logit_shape}"
        )
    return is_known


def _cost_of_rows(
    labels: Tensor,
    logits: Tensor,
    precise: Tensor,
    labels_shape: Tensor,
    name: str | None,
    *,
    is_known: bool,
) -> Tensor:
    checks = []
    if not is_known:
        from metagraft.api.checks import assert_equal

        checks.append(assert_equal(array.shape(labels), array.shape(logits)[:-1]))
    with control_dependencies(checks):
        classes = array.shape(logits)[array.rank(logits) - 1]
        rows = array.reshape(precise, [-1, classes])
        flat = array.reshape(labels, [-1])
        cost, _ = op(
            "SparseSoftmaxCrossEntropyWithLogits",
            features=rows,
            labels=flat,
            name=name,
        )
        cost = array.reshape(cost, labels_shape)
        cost.set_shape(labels.shape)
        return cost


def sigmoid_cross_entropy_with_logits(
    labels: Any = None, logits: Any = None, name: str | None = None
) -> Tensor:
    """The cross entropy of `labels` and `sigmoid(logits)`, element by element.

    Raises:
        ValueError: Labels or logits are missing, or their shapes differ.
    """
    _check_given("sigmoid_cross_entropy_with_logits", labels, logits)
    with name_scope(name, "logistic_loss", [logits, labels]) as scope:
        logits, labels = _of_one_shape(logits, labels)
        # max(x, 0) - x * z + log(1 + exp(-abs(x))), written so that its gradient at
        # zero is right.
        zeros = array.zeros_like(logits, dtype=logits.dtype)
        is_positive = logits >= zeros
        positive = select(is_positive, logits, zeros)
        negative = select(is_positive, -logits, logits)
        linear = positive - logits * labels
        return add(linear, op("Log1p", x=op("Exp", x=negative)), name=scope)


def _of_one_shape(logits: Any, labels: Any) -> tuple[Tensor, Tensor]:
    logits = convert_to_tensor(logits, name="logits")
    labels = convert_to_tensor(labels, name="labels")
    if not labels.shape.is_compatible_with(logits.shape):
        raise ValueError(
            "`logits` and `labels` must have the same shape, received"
            f" ({logits.shape} vs {labels.shape})."
        )
    return logits, labels


def weighted_cross_entropy_with_logits(
    labels: Any = None,
    logits: Any = None,
    pos_weight: Any = None,
    name: str | None = None,
    targets: Any = None,
) -> Tensor:
    """As `sigmoid_cross_entropy_with_logits`, positive labels weighing `pos_weight`.

    Raises:
        ValueError: The shapes differ.
    """
    labels = renamed_argument("labels", labels, "targets", targets)
    with name_scope(name, "logistic_loss", [logits, labels]) as scope:
        logits, labels = _of_one_shape(logits, labels)
        weight = 1 + (pos_weight - 1) * labels
        linear = (1 - labels) * logits
        decayed = op("Log1p", x=op("Exp", x=-absolute(logits)))
        penalty = weight * (decayed + op("Relu", features=-logits))
        return add(linear, penalty, name=scope)


def log_poisson_loss(
    targets: Any,
    log_input: Any,
    compute_full_loss: bool = False,
    name: str | None = None,
) -> Tensor:
    """`exp(log_input) - log_input * targets`, with Stirling's term on request.

    Raises:
        ValueError: The shapes differ.
    """
    with name_scope(name, "log_poisson_loss", [log_input, targets]):
        log_input = convert_to_tensor(log_input, name="log_input")
        targets = convert_to_tensor(targets, name="targets")
        if not targets.shape.is_compatible_with(log_input.shape):
            raise ValueError(
                "`log_input` and `targets` must have the same shape, received"
                f" ({log_input.shape} vs {targets.shape})."
            )
        result: Tensor = op("Exp", x=log_input) - log_input * targets
        if compute_full_loss:
            result = result + _stirling(targets)
        return result


def _stirling(targets: Tensor) -> Tensor:
    half = array.constant(0.5, dtype=targets.dtype)
    two_pi = array.constant(2 * math.pi, dtype=targets.dtype)
    first = targets * op("Log", x=targets) - targets
    approximation = first + half * op("Log", x=two_pi * targets)
    zeros = array.zeros_like(targets, dtype=targets.dtype)
    ones = array.ones_like(targets, dtype=targets.dtype)
    is_small = op("LogicalAnd", x=targets >= zeros, y=targets <= ones)
    return select(is_small, zeros, approximation)
