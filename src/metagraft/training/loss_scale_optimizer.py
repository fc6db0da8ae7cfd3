"""An optimizer that scales the loss of another one, and mixed precision.

Source: tensorflow python/training/experimental/loss_scale_optimizer.py,
mixed_precision.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from metagraft.api import logging
from metagraft.api.cond import smart_cond
from metagraft.api.process_options import (
    get_experimental_options,
    set_experimental_options,
)
from metagraft.graph.build.control_flow import group, no_op
from metagraft.graph.build.math import cast
from metagraft.graph.composite import IndexedSlices
from metagraft.graph.tensor import Tensor
from metagraft.training.loss_scale import DynamicLossScale, loss_scale_of
from metagraft.training.optimizer import GradientsAndVariables, Optimizer

__all__ = [
    "MixedPrecisionLossScaleOptimizer",
    "disable_mixed_precision_graph_rewrite",
    "enable_mixed_precision_graph_rewrite",
]

_OPTION = "auto_mixed_precision"


class MixedPrecisionLossScaleOptimizer(Optimizer):
    """Multiplies a loss before it is differentiated, and divides the gradients."""

    def __init__(self, opt: Optimizer, loss_scale: Any) -> None:
        """Take an optimizer.

        Args:
            opt: What applies the gradients.
            loss_scale: A `LossScale`, a number, or `dynamic`.

        Raises:
            ValueError: One of them is something else.
        """
        if not isinstance(opt, Optimizer):
            raise ValueError(  # noqa: TRY004 - TensorFlow's class
                f'"opt" must be an instance of Optimizer, but got: {type(opt)}'
            )
        super().__init__(opt._use_locking, opt.get_name())  # noqa: SLF001 - its class
        self._optimizer = opt
        self._loss_scale = loss_scale_of(loss_scale)

    def tracked(self) -> dict[str, Any]:
        """Return what belongs to it in checkpoints of objects."""
        return {"base_optimizer": self._optimizer, "loss_scale": self._loss_scale}

    def compute_gradients(
        self,
        loss: Any,
        var_list: Any = None,
        gate_gradients: int = Optimizer.GATE_OP,
        aggregation_method: int | None = None,
        colocate_gradients_with_ops: bool = False,
        grad_loss: Any = None,
    ) -> GradientsAndVariables:
        """Add the gradients of the scaled loss, divided by the scale."""
        pairs = self._optimizer.compute_gradients(
            self._scaled(loss),
            var_list=var_list,
            gate_gradients=gate_gradients,
            aggregation_method=aggregation_method,
            colocate_gradients_with_ops=colocate_gradients_with_ops,
            grad_loss=grad_loss,
        )
        factor = 1 / self._loss_scale()
        return [(_multiplied(grad, factor), variable) for grad, variable in pairs]

    def _scaled(self, loss: Any) -> Any:
        scale = self._loss_scale()
        if not callable(loss):
            return loss * cast(scale, loss.dtype)

        def scaled() -> Any:
            value = loss()
            return value * cast(scale, value.dtype)

        return scaled

    def apply_gradients(  # type: ignore[override] # TensorFlow has it so, too
        self,
        grads_and_vars: Iterable[tuple[Any, Any]],
        global_step: Any = None,
        name: str | None = None,
    ) -> Any:
        """Add the updates; those of gradients that are not finite are left out."""
        if not isinstance(self._loss_scale, DynamicLossScale):
            return self._optimizer.apply_gradients(grads_and_vars, global_step, name)
        pairs = list(grads_and_vars)
        name = self.get_name() if name is None else name
        changed, should_apply = self._loss_scale.update([grad for grad, _ in pairs])

        def apply() -> Any:
            inner = f"{name}-wrapped"
            step = self._optimizer.apply_gradients(pairs, global_step, inner)
            return step.op if isinstance(step, Tensor) else step

        applied = smart_cond(should_apply, apply, no_op)
        return group(applied, changed, name=name)

    def variables(self) -> list[Any]:
        """Return the variables of the optimizer and of the scale."""
        return [*self._optimizer.variables(), *self._loss_scale.variables()]


def _multiplied(grad: Any, factor: Any) -> Any:
    if grad is None:
        return None
    if isinstance(grad, IndexedSlices):
        return IndexedSlices(grad.values * factor, grad.indices, grad.dense_shape)
    return grad * factor


def enable_mixed_precision_graph_rewrite(
    opt: Optimizer, loss_scale: Any = "dynamic"
) -> MixedPrecisionLossScaleOptimizer:
    """Return an optimizer that scales the loss.

    Args:
        opt: An optimizer.
        loss_scale: A `LossScale`, a number, or `dynamic`.

    Raises:
        ValueError: The optimizer scales the loss already, or it is none.
    """
    if isinstance(opt, MixedPrecisionLossScaleOptimizer):
        name = type(opt).__name__
        raise ValueError(  # noqa: TRY004 - TensorFlow's class
            f'"opt" must not already be an instance of a {name}.'
            " `enable_mixed_precision_graph_rewrite` will automatically wrap the"
            f" optimizer with a {name}."
        )
    if not isinstance(opt, Optimizer):
        raise ValueError(  # noqa: TRY004 - TensorFlow's class
            '"opt" must be an instance of a tf.train.Optimizer or a'
            f" tf.keras.optimizers.Optimizer, but got: {opt}"
        )
    wrapped = MixedPrecisionLossScaleOptimizer(opt, loss_scale)
    # TF: sessions then run parts of the graph in float16 on a GPU. Here every
    # operation has the type that the graph says; XLA chooses how it computes.
    set_experimental_options({_OPTION: True})
    return wrapped


def disable_mixed_precision_graph_rewrite() -> None:
    """Say that sessions are not to compute in float16; they do not."""
    if not get_experimental_options().get(_OPTION):
        logging.warning(
            "disable_mixed_precision_graph_rewrite() called when mixed precision is"
            " already disabled."
        )
    set_experimental_options({_OPTION: False})
