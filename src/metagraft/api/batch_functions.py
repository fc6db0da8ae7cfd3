"""`tf.nondifferentiable_batch_function`: calls of several runs made one.

Source: tensorflow python/ops/batch_ops.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from metagraft.api.nest import pack_sequence_as
from metagraft.api.traced_functions import function
from metagraft.graph.apply_op import op
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor
from metagraft.graph.tensor_spec import TensorSpec

__all__ = ["batch_function"]


def batch_function(
    num_batch_threads: int,
    max_batch_size: int,
    batch_timeout_micros: int,
    allowed_batch_sizes: Sequence[int] | None = None,
    max_enqueued_batches: int = 10,
    autograph: bool = True,
    enable_large_batch_splitting: bool = True,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate a function of rows, to be called once for the rows of several runs.

    Args:
        num_batch_threads: How many batches may be computed at a time.
        max_batch_size: The most rows of a batch.
        batch_timeout_micros: How long a run waits for others, in microseconds.
        allowed_batch_sizes: The numbers of rows that batches are filled up to.
        max_enqueued_batches: How many batches may wait.
        autograph: Accepted for compatibility; see `tf.function`.
        enable_large_batch_splitting: Whether larger batches are taken apart.
    """

    def decorator(fn: Callable[..., Any]) -> Callable[..., Any]:
        def decorated(*args: Any) -> Any:
            def computation(*arguments: Any) -> Any:
                return fn(*arguments)

            specs = [
                TensorSpec(arg.shape, arg.dtype, f"batch_{i}")
                for i, arg in enumerate(args)
            ]
            traced = function(computation, autograph=autograph)
            concrete = traced.get_concrete_function(*specs)
            with name_scope("batch") as scope:
                for arg in args:
                    if not isinstance(arg, Tensor):
                        raise ValueError(  # noqa: TRY004 - TensorFlow's class
                            "All arguments to functions decorated with"
                            " `batch_function`  are supposed to be Tensors; found"
                            f" {arg!r}."
                        )
                outputs = op(
                    "BatchFunction",
                    num_batch_threads=num_batch_threads,
                    max_batch_size=max_batch_size,
                    batch_timeout_micros=batch_timeout_micros,
                    allowed_batch_sizes=allowed_batch_sizes,
                    max_enqueued_batches=max_enqueued_batches,
                    shared_name=scope,
                    enable_large_batch_splitting=enable_large_batch_splitting,
                    f=concrete,
                    in_tensors=list(args),
                    captured_tensors=concrete.captured_inputs,
                    Tout=[output.dtype for output in concrete.outputs],
                )
            return pack_sequence_as(
                concrete.structured_outputs, list(outputs), expand_composites=True
            )

        return decorated

    return decorator
