"""`tf.test.Benchmark`: operations timed.

Source: tensorflow python/platform/benchmark.py.
"""

from __future__ import annotations

import inspect
import sys
import time
from typing import Any

import numpy as np

from metagraft.runtime.session import Session

__all__ = ["Benchmark"]


class Benchmark:
    """What classes derive from whose methods `benchmark...` time operations."""

    @classmethod
    def is_abstract(cls) -> bool:
        """Whether this is no class of a user's."""
        return cls is Benchmark

    def _get_name(self, overwrite_name: str | None = None) -> str:
        """Return the class and the method `benchmark...` that is running."""
        name = overwrite_name
        for frame in inspect.stack():
            if name is None and frame.function.startswith("benchmark"):
                name = frame.function
        return f"{type(self).__name__}.{name or 'report_benchmark'}"

    def evaluate(self, tensors: Any) -> Any:
        """Return the values of tensors, in a session of its own."""
        with Session() as session:
            return session.run(tensors)

    def run_op_benchmark(
        self,
        sess: Any,
        op_or_tensor: Any,
        feed_dict: Any = None,
        burn_iters: int = 2,
        min_iters: int = 10,
        store_trace: bool = False,
        store_memory_usage: bool = True,
        name: str | None = None,
        extras: dict[str, Any] | None = None,
        mbs: float = 0,
    ) -> dict[str, Any]:
        """Run an operation many times, and report how long a run takes.

        Args:
            sess: A session.
            op_or_tensor: What is run.
            feed_dict: What it is fed.
            burn_iters: Runs before those that are timed.
            min_iters: Runs that are timed.
            store_trace: Whether a trace is reported. It must be false.
            store_memory_usage: Whether memory is reported, if it is known. It is not.
            name: The name in the report, instead of the method's.
            extras: More to report.
            mbs: How many megabytes a run moves, for the throughput.

        Returns:
            What was reported.

        Raises:
            ValueError: A trace is wanted.
        """
        # TF: reports what allocators used, which XLA does not tell.
        del store_memory_usage
        if store_trace:
            raise ValueError("run_op_benchmark: store_trace is not supported.")
        for _ in range(burn_iters):
            sess.run(op_or_tensor, feed_dict=feed_dict)
        seconds = []
        for _ in range(min_iters):
            start = time.perf_counter()
            sess.run(op_or_tensor, feed_dict=feed_dict)
            seconds.append(time.perf_counter() - start)
        median = float(np.median(seconds)) if seconds else -1.0
        told = dict(extras or {})
        told["wall_time_mean"] = float(np.mean(seconds))
        told["wall_time_stdev"] = float(np.std(seconds))
        throughput = mbs / median
        self.report_benchmark(
            iters=min_iters,
            wall_time=median,
            throughput=throughput,
            name=name,
            extras=told,
        )
        return {
            "iters": min_iters,
            "wall_time": median,
            "extras": told,
            "name": name,
            "throughput": throughput,
        }

    def report_benchmark(
        self,
        iters: int | None = None,
        cpu_time: float | None = None,
        wall_time: float | None = None,
        throughput: float | None = None,
        extras: dict[str, Any] | None = None,
        name: str | None = None,
        metrics: list[dict[str, Any]] | None = None,
    ) -> None:
        """Write what was measured.

        Args:
            iters: How many runs.
            cpu_time: Seconds of work in a run.
            wall_time: Seconds that a run took.
            throughput: Megabytes in a second.
            extras: Numbers and texts by name.
            name: The name in the report, instead of the method's.
            metrics: Further values, with `name`, `value` and limits.

        Raises:
            TypeError: Extras are no dictionary of texts, or metrics no list.
        """
        if metrics is not None and not isinstance(metrics, list):
            raise TypeError("`metrics` should be a list of dictionaries.")
        if extras is not None and not isinstance(extras, dict):
            raise TypeError("`extras` should be a dictionary.")
        lines = [f'  name: "{self._get_name(name)}"']
        numbers = {
            "iters": iters,
            "cpu_time": cpu_time,
            "wall_time": wall_time,
            "throughput": throughput,
        }
        lines += [f"  {key}: {value}" for key, value in numbers.items() if value]
        for key, value in sorted((extras or {}).items()):
            kind = "string" if isinstance(value, str) else "double"
            shown = f'"{value}"' if isinstance(value, str) else value
            lines.append(
                f'  extras {{ key: "{key}" value {{ {kind}_value: {shown} }} }}'
            )
        lines += [f"  metrics: {metric}" for metric in metrics or []]
        sys.stdout.write("\n".join(["entry {", *lines, "}", ""]))
