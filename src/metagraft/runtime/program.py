"""One combination of fetches and feeds: runs on the host, or compiled.

Compiling pays when a signature (shapes of the feeds) is run often, or is much work.
The decision uses estimated times only (`costs.py`), so it is the same in every process:

- small plans, cheaper than the call of a compiled program, stay on the host for good;
- so do those that would be compiled again in every run because rows of tables are
  updated whose number depends on data, if that costs more than running on the host;
- others run on the host until they have used up a part of what compiling costs; a run
  that would exceed this by itself is given up and compiled at once.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from metagraft.kernels.namespace import load_jax
from metagraft.runtime.control_flow import Loop
from metagraft.runtime.costs import DISPATCH_NS, compile_ns, recompile_ns
from metagraft.runtime.host import BudgetExceededError, EarlyError, HostProgram
from metagraft.runtime.plan import Plan
from metagraft.runtime.resources import Store

if TYPE_CHECKING:
    from metagraft.runtime.compile import CompiledProgram

_LOGGER: Final = logging.getLogger("metagraft")
# So many compiled signatures, each used less than so often: shapes keep changing.
_SIGNATURES_MAX: Final = 16
_USES_MIN: Final = 4
# What may be spent on the host before compiling, as a share of the cost of compiling.
_HOST_SHARE: Final = 0.25


class _Signature:
    """What is known of running a plan with feeds of certain shapes.

    Attributes:
        cost_ns: Estimated time of a run on the host; None before the first run.
        spent_ns: Estimated time spent on the host so far.
        compiled: Whether it runs compiled.
    """

    __slots__ = ("compiled", "cost_ns", "spent_ns")

    def __init__(self) -> None:
        self.cost_ns: float | None = None
        self.spent_ns = 0.0
        self.compiled = False


class Program:
    """Runs a plan in the way that is fastest in the long run.

    Attributes:
        store: What the session keeps.
        has_loops: Whether there are loops in the plan.
    """

    def __init__(self, plan: Plan, store: Store) -> None:
        """Prepare the plan; nothing is compiled yet."""
        self._plan = plan
        self.store = store
        self.has_loops = any(isinstance(node.attrs, Loop) for node in plan.nodes)
        self._host = HostProgram(plan, store)
        self._compiled: CompiledProgram | None = None
        self._signatures: dict[Any, _Signature] = {}
        self._n_compiled = 0
        self._compiled_runs = 0
        self._warned = False
        self._budget_ns = compile_ns(plan.nodes) * _HOST_SHARE
        self._host_enough_ns = max(DISPATCH_NS, recompile_ns(plan.nodes))

    def run(self, feeds: Sequence[Any]) -> list[Any]:
        """Run with the given feeds and return the fetched values."""
        # None: what another part of the plan did not compute.
        key = tuple([None if value is None else value.shape for value in feeds])
        signature = self._signatures.get(key)
        if signature is None:
            signature = self._signatures[key] = _Signature()
        if signature.compiled:
            return self._run_compiled(feeds)
        cost_ns = signature.cost_ns
        if cost_ns is None:
            return self._first_run(signature, feeds)
        if cost_ns > self._host_enough_ns:
            signature.spent_ns += cost_ns
            if signature.spent_ns > self._budget_ns and self._may_compile():
                signature.compiled = True
                self._n_compiled += 1
                return self._run_compiled(feeds)
        return self._host.run(feeds)

    def _first_run(self, signature: _Signature, feeds: Sequence[Any]) -> list[Any]:
        budget = float("inf")
        if self._may_compile():
            budget = max(self._budget_ns, self._host_enough_ns)
        try:
            values, cost_ns = self._host.run_measured(feeds, budget)
        except BudgetExceededError:
            signature.compiled = True
            self._n_compiled += 1
            return self._run_compiled(feeds)
        signature.cost_ns = cost_ns
        signature.spent_ns = cost_ns
        return values

    def _may_compile(self) -> bool:
        """Whether shapes are stable enough for another compiled signature."""
        if self._n_compiled < _SIGNATURES_MAX:
            return True
        if self._compiled_runs >= self._n_compiled * _USES_MIN:
            return True
        if not self._warned:
            self._warned = True
            _LOGGER.warning(
                "The shapes of the feeds keep changing: %d programs were compiled for "
                "%d runs. Further shapes run on the host, uncompiled. Feeding batches "
                "of one size, padded if need be, avoids this.",
                self._n_compiled,
                self._compiled_runs,
            )
        return False

    def _run_compiled(self, feeds: Sequence[Any]) -> list[Any]:
        self._compiled_runs += 1
        compiled = self._compiled
        if compiled is None:
            load_jax()
            from metagraft.runtime.compile import CompiledProgram

            compiled = self._compiled = CompiledProgram(self._plan, self.store)
        try:
            return compiled.run(feeds)
        except EarlyError:
            return self._host.run(feeds)
