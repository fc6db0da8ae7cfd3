"""Losses (`tf.losses`): weighted, reduced to a number and collected.

Source: tensorflow python/ops/losses/losses_impl.py, util.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.cond import cond
from metagraft.api.nn_softmax import (
    sigmoid_cross_entropy_with_logits,
    softmax_cross_entropy_with_logits_v2,
    sparse_softmax_cross_entropy_with_logits,
)
from metagraft.api.renamed_arguments import renamed_argument
from metagraft.api.squeezable_dimensions import remove_squeezable_dimensions
from metagraft.api.weights_broadcast import broadcast_weights, fitting_checks
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.accumulation import add_n
from metagraft.graph.build.math import (
    absolute,
    add,
    cast,
    div_no_nan,
    number_range,
    select,
)
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.keys import GraphKeys
from metagraft.graph.scopes import (
    add_to_collection,
    control_dependencies,
    get_collection,
    name_scope,
)
from metagraft.graph.tensor import Tensor

__all__ = [
    "Reduction",
    "absolute_difference",
    "add_loss",
    "compute_weighted_loss",
    "cosine_distance",
    "get_losses",
    "get_regularization_loss",
    "get_regularization_losses",
    "get_total_loss",
    "hinge_loss",
    "huber_loss",
    "log_loss",
    "mean_pairwise_squared_error",
    "mean_squared_error",
    "sigmoid_cross_entropy",
    "softmax_cross_entropy",
    "sparse_softmax_cross_entropy",
]


class Reduction:
    """How the losses of examples become one number."""

    NONE = "none"
    SUM = "weighted_sum"
    SUM_OVER_BATCH_SIZE = "weighted_sum_over_batch_size"
    MEAN = "weighted_mean"
    SUM_BY_NONZERO_WEIGHTS = "weighted_sum_by_nonzero_weights"
    SUM_OVER_NONZERO_WEIGHTS = SUM_BY_NONZERO_WEIGHTS

    @classmethod
    def all(cls) -> tuple[str, ...]:
        """Return all values."""
        return (
            cls.NONE,
            cls.SUM,
            cls.MEAN,
            cls.SUM_OVER_BATCH_SIZE,
            cls.SUM_OVER_NONZERO_WEIGHTS,
            cls.SUM_BY_NONZERO_WEIGHTS,
        )

    @classmethod
    def validate(cls, key: str) -> None:
        """Check that a value is one of these.

        Raises:
            ValueError: It is not.
        """
        if key not in cls.all():
            raise ValueError(
                f"Invalid Reduction Key {key}. Key should be one of {cls.all()}."
            )


_BY_NONZERO = Reduction.SUM_BY_NONZERO_WEIGHTS


# The collection.


def add_loss(loss: Any, loss_collection: str | None = GraphKeys.LOSSES) -> None:
    """Add a loss to a collection, unless that is None."""
    if loss_collection:
        add_to_collection(loss_collection, loss)


def get_losses(
    scope: str | None = None, loss_collection: str = GraphKeys.LOSSES
) -> list[Any]:
    """Return the collected losses, of one scope if given."""
    return get_collection(loss_collection, scope)


def get_regularization_losses(scope: str | None = None) -> list[Any]:
    """Return the losses that the regularizers of variables added."""
    return get_collection(GraphKeys.REGULARIZATION_LOSSES, scope)


def get_regularization_loss(
    scope: str | None = None, name: str = "total_regularization_loss"
) -> Tensor:
    """Return the sum of the regularization losses, 0 if there are none."""
    losses = get_regularization_losses(scope)
    return add_n(losses, name=name) if losses else array.constant(0.0)


def get_total_loss(
    add_regularization_losses: bool = True,
    name: str = "total_loss",
    scope: str | None = None,
) -> Tensor:
    """Return the sum of the collected losses."""
    losses = get_losses(scope=scope)
    if add_regularization_losses:
        losses = losses + get_regularization_losses(scope=scope)
    return add_n(losses, name=name)


# Weighting and reducing.


def compute_weighted_loss(
    losses: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = _BY_NONZERO,
) -> Tensor:
    """Weight losses, reduce them and collect the result.

    Args:
        losses: Losses of the examples.
        weights: A scalar, or a tensor that broadcasts to the losses.
        scope: Name of the scope.
        loss_collection: The collection that gets the result; None for no collection.
        reduction: One of `Reduction`.

    Raises:
        ValueError: The weights do not fit, or the reduction is unknown.
    """
    Reduction.validate(reduction)
    with (
        name_scope(scope, "weighted_loss", (losses, weights)),
        control_dependencies(fitting_checks(weights, losses)),
    ):
        losses = convert_to_tensor(losses)
        given_dtype = losses.dtype
        losses = cast(losses, dtypes.float32)
        weights = cast(weights, dtypes.float32)
        weighted = op("Mul", x=losses, y=weights)
        if reduction == Reduction.NONE:
            loss = weighted
        else:
            loss = _reduced(reduce_tensor("Sum", weighted), losses, weights, reduction)
        loss = cast(loss, given_dtype)
        add_loss(loss, loss_collection)
        result: Tensor = loss
        return result


def _reduced(total: Tensor, losses: Tensor, weights: Tensor, reduction: str) -> Tensor:
    if reduction == Reduction.MEAN:
        whole = array.ones_like(losses) * weights
        return _safe_mean(total, reduce_tensor("Sum", whole))
    if reduction == _BY_NONZERO:
        return _safe_mean(total, _num_present(losses, weights))
    if reduction == Reduction.SUM_OVER_BATCH_SIZE:
        return _safe_mean(total, _num_elements(losses))
    return total


def _safe_mean(losses: Tensor, count: Tensor) -> Tensor:
    return div_no_nan(reduce_tensor("Sum", losses), count, name="value")


def _num_present(losses: Tensor, weights: Any, *, per_batch: bool = False) -> Tensor:
    """Count the losses whose weight is not 0."""
    if isinstance(weights, float) and weights != 0.0:
        return _num_elements(losses)
    with name_scope(None, "num_present", (losses, weights)) as scope:
        weights = cast(weights, dtypes.float32)
        is_absent = op("Equal", x=weights, y=0.0)
        zeros = array.zeros_like(weights)
        present = select(is_absent, zeros, array.ones_like(weights))
        present = broadcast_weights(present, losses)
        if per_batch:
            axes = number_range(1, array.rank(present))
            return reduce_tensor("Sum", present, axes, keepdims=True, name=scope)
        return reduce_tensor("Sum", present, name=scope)


def _num_elements(losses: Tensor) -> Tensor:
    with name_scope(None, "num_elements", values=[losses]) as scope:
        count: Tensor = cast(array.size(losses, name=scope), losses.dtype)
        return count


# The losses.


def _check_given(**arguments: Any) -> None:
    for name, value in arguments.items():
        if value is None:
            raise ValueError(f"Argument `{name}` must not be None.")


def _floats_of_one_shape(predictions: Any, labels: Any) -> tuple[Tensor, Tensor]:
    predictions = cast(predictions, dtypes.float32)
    labels = cast(labels, dtypes.float32)
    predictions.shape.assert_is_compatible_with(labels.shape)
    return predictions, labels


def absolute_difference(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = _BY_NONZERO,
) -> Tensor:
    """`abs(predictions - labels)`; for the rest see `compute_weighted_loss`."""
    _check_given(labels=labels, predictions=predictions)
    with name_scope(
        scope, "absolute_difference", (predictions, labels, weights)
    ) as opened:
        predictions, labels = _floats_of_one_shape(predictions, labels)
        losses = absolute(op("Sub", x=predictions, y=labels))
        return compute_weighted_loss(
            losses, weights, opened, loss_collection, reduction=reduction
        )


def cosine_distance(
    labels: Any,
    predictions: Any,
    axis: int | None = None,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = _BY_NONZERO,
    dim: int | None = None,
) -> Tensor:
    """`1 - sum(predictions * labels)` along `axis`, for vectors of norm 1."""
    axis = renamed_argument("axis", axis, "dim", dim)
    if axis is None:
        raise ValueError("You must specify argument `axis`.")
    _check_given(labels=labels, predictions=predictions)
    with name_scope(
        scope, "cosine_distance_loss", (predictions, labels, weights)
    ) as opened:
        predictions, labels = _floats_of_one_shape(predictions, labels)
        products = op("Mul", x=predictions, y=labels)
        losses = 1 - reduce_tensor("Sum", products, (axis,), keepdims=True)
        return compute_weighted_loss(
            losses, weights, opened, loss_collection, reduction=reduction
        )


def hinge_loss(
    labels: Any,
    logits: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = _BY_NONZERO,
) -> Tensor:
    """`max(0, 1 - logits)` for labels 1, `max(0, 1 + logits)` for labels 0."""
    _check_given(labels=labels, logits=logits)
    with name_scope(scope, "hinge_loss", (logits, labels, weights)) as opened:
        logits, labels = _floats_of_one_shape(logits, labels)
        ones = array.ones_like(labels)
        signs = op("Sub", x=2 * labels, y=ones)
        margin = op("Sub", x=ones, y=op("Mul", x=signs, y=logits))
        losses = op("Relu", features=margin)
        return compute_weighted_loss(
            losses, weights, opened, loss_collection, reduction=reduction
        )


def huber_loss(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    delta: float = 1.0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = _BY_NONZERO,
) -> Tensor:
    """Half the square of an error up to `delta`, linear above."""
    _check_given(labels=labels, predictions=predictions)
    with name_scope(scope, "huber_loss", (predictions, labels, weights)) as opened:
        predictions, labels = _floats_of_one_shape(predictions, labels)
        error = absolute(op("Sub", x=predictions, y=labels))
        quadratic = op("Minimum", x=error, y=delta)
        linear = op("Sub", x=error, y=quadratic)
        half = convert_to_tensor(0.5, dtype=quadratic.dtype)
        square = op("Mul", x=quadratic, y=quadratic)
        halved = op("Mul", x=half, y=square)
        losses = add(halved, op("Mul", x=delta, y=linear))
        return compute_weighted_loss(
            losses, weights, opened, loss_collection, reduction=reduction
        )


def log_loss(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    epsilon: float = 1e-7,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = _BY_NONZERO,
) -> Tensor:
    """The cross entropy of labels and predicted probabilities."""
    _check_given(labels=labels, predictions=predictions)
    with name_scope(scope, "log_loss", (predictions, labels, weights)) as opened:
        predictions, labels = _floats_of_one_shape(predictions, labels)
        positive = -op("Mul", x=labels, y=op("Log", x=predictions + epsilon))
        others = 1 - labels
        negative = op("Mul", x=others, y=op("Log", x=1 - predictions + epsilon))
        return compute_weighted_loss(
            positive - negative, weights, opened, loss_collection, reduction=reduction
        )


def mean_squared_error(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = _BY_NONZERO,
) -> Tensor:
    """`(predictions - labels)**2`; for the rest see `compute_weighted_loss`."""
    _check_given(labels=labels, predictions=predictions)
    with name_scope(
        scope, "mean_squared_error", (predictions, labels, weights)
    ) as opened:
        predictions, labels = _floats_of_one_shape(predictions, labels)
        losses = op("SquaredDifference", x=predictions, y=labels)
        return compute_weighted_loss(
            losses, weights, opened, loss_collection, reduction=reduction
        )


def mean_pairwise_squared_error(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
) -> Tensor:
    """The squared difference between the errors of all pairs in an example."""
    _check_given(labels=labels, predictions=predictions)
    with name_scope(
        scope, "mean_pairwise_squared_error", (predictions, labels, weights)
    ):
        weights = cast(weights, dtypes.float32)
        labels = cast(labels, dtypes.float32)
        with control_dependencies(fitting_checks(weights, labels)):
            predictions = cast(predictions, dtypes.float32)
            predictions.shape.assert_is_compatible_with(labels.shape)
            errors = op("Sub", x=predictions, y=labels)
            loss = _pairwise(errors, weights)
            add_loss(loss, loss_collection)
            return loss


def _pairwise(errors: Tensor, weights: Tensor) -> Tensor:
    axes = number_range(1, array.rank(errors))
    squares = reduce_tensor("Sum", op("Square", x=errors), axes, keepdims=True)
    count = _num_present(errors, weights, per_batch=True)
    first = 2.0 * div_no_nan(squares, op("Maximum", x=count - 1, y=0), name="value")
    total = reduce_tensor("Sum", errors, axes, keepdims=True)
    squared_total = op("Square", x=total)
    pairs = op("Maximum", x=op("Mul", x=count, y=count - 1), y=0)
    second = 2.0 * div_no_nan(squared_total, pairs, name="value")
    loss = reduce_tensor("Sum", op("Mul", x=first - second, y=weights))
    is_any = reduce_tensor("Sum", count) > 0
    zero = array.zeros_like(loss)
    return select(is_any, loss, zero, name="value")


def sigmoid_cross_entropy(
    multi_class_labels: Any,
    logits: Any,
    weights: Any = 1.0,
    label_smoothing: float = 0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = _BY_NONZERO,
) -> Tensor:
    """The cross entropy of independent classes.

    Args:
        multi_class_labels: 0 or 1 for every class.
        logits: Of the same shape.
        weights: See `compute_weighted_loss`, as for the rest.
        label_smoothing: How far labels are moved towards 1/2, from 0 to 1.
        scope: Name of the scope.
        loss_collection: The collection that gets the result.
        reduction: One of `Reduction`.
    """
    _check_given(multi_class_labels=multi_class_labels, logits=logits)
    with name_scope(
        scope, "sigmoid_cross_entropy_loss", (logits, multi_class_labels, weights)
    ) as opened:
        logits = convert_to_tensor(logits)
        labels = cast(multi_class_labels, logits.dtype)
        logits.shape.assert_is_compatible_with(labels.shape)
        if label_smoothing > 0:
            labels = labels * (1 - label_smoothing) + 0.5 * label_smoothing
        losses = sigmoid_cross_entropy_with_logits(
            labels=labels, logits=logits, name="xentropy"
        )
        return compute_weighted_loss(
            losses, weights, opened, loss_collection, reduction=reduction
        )


def softmax_cross_entropy(
    onehot_labels: Any,
    logits: Any,
    weights: Any = 1.0,
    label_smoothing: float = 0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = _BY_NONZERO,
) -> Tensor:
    """The cross entropy of classes that exclude each other.

    Args:
        onehot_labels: Probabilities of the classes.
        logits: Of the same shape.
        weights: See `compute_weighted_loss`, as for the rest.
        label_smoothing: How far labels are moved towards all being equal, 0 to 1.
        scope: Name of the scope.
        loss_collection: The collection that gets the result.
        reduction: One of `Reduction`.
    """
    _check_given(onehot_labels=onehot_labels, logits=logits)
    with name_scope(
        scope, "softmax_cross_entropy_loss", (logits, onehot_labels, weights)
    ) as opened:
        logits = convert_to_tensor(logits)
        labels = cast(onehot_labels, logits.dtype)
        logits.shape.assert_is_compatible_with(labels.shape)
        if label_smoothing > 0:
            classes = cast(array.shape(labels)[-1], logits.dtype)
            negatives = label_smoothing / classes
            labels = labels * (1.0 - label_smoothing) + negatives
        labels = op("StopGradient", input=labels, name="labels_stop_gradient")
        losses = softmax_cross_entropy_with_logits_v2(
            labels=labels, logits=logits, name="xentropy"
        )
        return compute_weighted_loss(
            losses, weights, opened, loss_collection, reduction=reduction
        )


def sparse_softmax_cross_entropy(
    labels: Any,
    logits: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = _BY_NONZERO,
) -> Tensor:
    """As `softmax_cross_entropy`, with the number of the right class as label."""
    _check_given(labels=labels, logits=logits)
    with name_scope(
        scope, "sparse_softmax_cross_entropy_loss", (logits, labels, weights)
    ) as opened:
        labels, logits = remove_squeezable_dimensions(
            labels, logits, expected_rank_diff=1
        )
        weights = _squeezed_weights(labels, weights)
        losses = sparse_softmax_cross_entropy_with_logits(
            labels=labels, logits=logits, name="xentropy"
        )
        return compute_weighted_loss(
            losses, weights, opened, loss_collection, reduction=reduction
        )


def _squeezed_weights(labels: Tensor, weights: Any) -> Any:
    """Drop a last dimension of size 1 that the labels do not have."""
    if weights is None:
        return None
    weights = convert_to_tensor(weights)
    ranks = labels.shape.ndims, weights.shape.ndims
    if ranks[0] is not None and ranks[1] is not None:
        if ranks[1] - ranks[0] == 1:
            weights = array.squeeze(weights, [-1])
        return weights
    difference = array.rank(weights) - array.rank(labels)
    may_end_in_one = ranks[1] is None or (
        ranks[1] > 0 and weights.shape[-1].is_compatible_with(1)
    )
    if not may_end_in_one:
        return weights
    return cond(
        op("Equal", x=1, y=difference),
        lambda: array.squeeze(weights, [-1]),
        lambda: weights,
    )
