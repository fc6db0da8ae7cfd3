"""`SyncReplicasOptimizer`: gradients of several replicas make one update together.

Every replica adds its gradients to accumulators and waits for a token; the chief takes
the averages when there are enough, applies them, and gives out the next tokens.

Source: tensorflow python/training/sync_replicas_optimizer.py.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from metagraft.api.accumulators import (
    ConditionalAccumulator,
    SparseConditionalAccumulator,
)
from metagraft.api.array import fill
from metagraft.api.queues import FIFOQueue
from metagraft.api.state import assign
from metagraft.api.variable_collections import (
    global_variables,
    report_uninitialized_variables,
)
from metagraft.api.variables import make_variable
from metagraft.graph.build.control_flow import group, no_op
from metagraft.graph.composite import IndexedSlices
from metagraft.graph.keys import GraphKeys
from metagraft.graph.scopes import (
    colocate_with,
    control_dependencies,
    device,
    name_scope,
)
from metagraft.graph.tensor import Tensor
from metagraft.training.optimizer import Optimizer
from metagraft.training.queue_runner import QueueRunner

_log = logging.getLogger(__name__)


class SyncReplicasOptimizer(Optimizer):
    """Wraps an optimizer so that replicas update the variables together.

    Attributes:
        chief_init_op: What the chief runs before the first step.
        local_step_init_op: What any other replica runs before it.
        ready_for_local_init_op: Names of variables without values, which must have
            some before these are run.
    """

    def __init__(
        self,
        opt: Optimizer,
        replicas_to_aggregate: int,
        total_num_replicas: int | None = None,
        variable_averages: Any = None,
        variables_to_average: Any = None,
        use_locking: bool = False,
        name: str = "sync_replicas",
    ) -> None:
        """Wrap an optimizer.

        Args:
            opt: It applies the averages.
            replicas_to_aggregate: How many gradients make an update.
            total_num_replicas: How many replicas there are; as many for None.
            variable_averages: Moving averages that are updated behind the update.
            variables_to_average: Of these variables.
            use_locking: As for all optimizers.
            name: Of the operations.
        """
        if total_num_replicas is None:
            total_num_replicas = replicas_to_aggregate
        super().__init__(use_locking, name)
        _log.info(
            "SyncReplicasV2: replicas_to_aggregate=%s; total_num_replicas=%s",
            replicas_to_aggregate,
            total_num_replicas,
        )
        self._opt = opt
        self._replicas_to_aggregate = replicas_to_aggregate
        self._total_num_replicas = total_num_replicas
        self._tokens_per_step = max(total_num_replicas, replicas_to_aggregate)
        self._variable_averages = variable_averages
        self._variables_to_average = variables_to_average
        self._global_step: Any = None
        self._tokens: Any = None
        self._runner: QueueRunner | None = None
        self._accumulators: list[tuple[Any, str]] = []
        self._local_step: Any = None
        self.chief_init_op: Any = None
        self.local_step_init_op: Any = None
        self.ready_for_local_init_op: Any = None

    @property
    def has_applied_gradients(self) -> bool:
        """Whether `apply_gradients` was called."""
        return self._runner is not None

    def compute_gradients(self, *args: Any, **kwargs: Any) -> Any:
        """Do what the wrapped optimizer does."""
        return self._opt.compute_gradients(*args, **kwargs)

    def apply_gradients(  # type: ignore[override] # TensorFlow has it so, too
        self,
        grads_and_vars: Iterable[tuple[Any, Any]],
        global_step: Any = None,
        name: str | None = None,
    ) -> Any:
        """Add what gathers gradients, applies their averages and hands out tokens.

        Args:
            grads_and_vars: Pairs of a gradient (or None) and a variable.
            global_step: A variable that is increased after each update.
            name: Not used, as in TensorFlow: the operations have the optimizer's.

        Returns:
            The operation that a replica runs for a step.

        Raises:
            ValueError: There are no pairs, or there is no global step.
        """
        del name
        pairs = list(grads_and_vars)
        if not pairs:
            raise ValueError("Must supply at least one variable")
        if global_step is None:
            raise ValueError("Global step is required to check staleness")
        self._global_step = global_step
        anchor = no_op()
        with colocate_with(anchor):
            self._local_step = make_variable(
                initial_value=0,
                trainable=False,
                collections=[GraphKeys.LOCAL_VARIABLES],
                dtype=global_step.dtype.base_dtype,
                name="sync_rep_local_step",
            )
        self.local_step_init_op = assign(self._local_step, global_step)
        self.ready_for_local_init_op = report_uninitialized_variables(
            global_variables()
        )
        with name_scope(None, self._name):
            train_op = self._synchronized(pairs)
            initial = [self.local_step_init_op]
            for accumulator, place in self._accumulators:
                with device(place):
                    initial.append(
                        accumulator.set_global_step(global_step, name="SetGlobalStep")
                    )
            self.chief_init_op = group(*initial)
        return train_op

    def _synchronized(self, pairs: list[tuple[Any, Any]]) -> Any:
        step = self._global_step
        added: list[Any] = []
        averages = [(self._averaged(g, v, added), v) for g, v in pairs]
        with device(step.device), name_scope(""):
            update = self._opt.apply_gradients(averages, step)
        dtype = step.dtype.base_dtype
        with device(step.device), name_scope(""):
            queue = FIFOQueue(
                -1, dtype, shapes=(), name="sync_token_q", shared_name="sync_token_q"
            )
            self._tokens = queue
        with device(step.device), name_scope(""):
            with control_dependencies(added):
                token = queue.dequeue()
            train_op = assign(self._local_step, token)
            with control_dependencies([update]):
                sync_op = queue.enqueue_many((fill([self._tokens_per_step], step),))
            if self._variable_averages is not None:
                with control_dependencies([sync_op]), name_scope(""):
                    sync_op = self._variable_averages.apply(self._variables_to_average)
            self._runner = QueueRunner(queue, [sync_op])
        return train_op

    def _averaged(self, gradient: Any, variable: Any, added: list[Any]) -> Any:
        """Return the average of the gradients of a variable; None without any."""
        with device(variable.device):
            if gradient is None:
                return None
            shared_name = f"{variable.name}/grad_accum"
            count = self._replicas_to_aggregate
            accumulator: Any
            if isinstance(gradient, Tensor):
                accumulator = ConditionalAccumulator(
                    gradient.dtype, shape=variable.get_shape(), shared_name=shared_name
                )
                added.append(
                    accumulator.apply_grad(gradient, local_step=self._local_step)
                )
                average = accumulator.take_grad(count)
            elif isinstance(gradient, IndexedSlices):
                accumulator = SparseConditionalAccumulator(
                    gradient.dtype, shape=(), shared_name=shared_name
                )
                added.append(
                    accumulator.apply_indexed_slices_grad(
                        gradient, local_step=self._local_step
                    )
                )
                average = accumulator.take_indexed_slices_grad(count)
            else:
                raise ValueError("Unknown grad type!")  # noqa: TRY004 - as in TensorFlow
            self._accumulators.append((accumulator, variable.device))
            return average

    def get_chief_queue_runner(self) -> QueueRunner:
        """Return the runner whose thread applies the averages, for the chief.

        Raises:
            ValueError: `apply_gradients` was not called.
        """
        if self._runner is None:
            raise ValueError("Should be called after apply_gradients().")
        return self._runner

    def get_slot(self, *args: Any, **kwargs: Any) -> Any:
        """Return a slot of the wrapped optimizer."""
        return self._opt.get_slot(*args, **kwargs)

    def variables(self) -> Any:
        """Return the variables of the wrapped optimizer."""
        return self._opt.variables()

    def get_slot_names(self, *args: Any, **kwargs: Any) -> Any:
        """Return the names of the slots of the wrapped optimizer."""
        return self._opt.get_slot_names(*args, **kwargs)

    def get_init_tokens_op(self, num_tokens: int = -1) -> Any:
        """Return the operation that puts the first tokens into the queue.

        Args:
            num_tokens: How many; by default as many as gradients make an update.

        Raises:
            ValueError: `apply_gradients` was not called, or these are too few.
        """
        if self._runner is None:
            raise ValueError(
                "get_init_tokens_op() should be called after apply_gradients()."
            )
        needed = self._replicas_to_aggregate - self._total_num_replicas
        if num_tokens == -1:
            num_tokens = self._replicas_to_aggregate
        elif num_tokens < needed:
            raise ValueError(
                "Too few tokens to finish the first step: "
                f"{num_tokens} (given) vs {needed} (needed)"
            )
        if num_tokens <= 0:
            return no_op(name="no_init_tokens")
        with device(self._global_step.device), name_scope(""):
            tokens = fill([num_tokens], self._global_step)
            return self._tokens.enqueue_many((tokens,))

    def make_session_run_hook(
        self, is_chief: bool, num_tokens: int = -1
    ) -> SyncReplicasHook:
        """Return a hook that initialises the replica when its session is made."""
        return SyncReplicasHook(self, is_chief, num_tokens)


class SyncReplicasHook:
    """Does for a replica what comes before its first step."""

    def __init__(
        self, optimizer: SyncReplicasOptimizer, is_chief: bool, num_tokens: int
    ) -> None:
        """Hook a replica of an optimizer, the chief or another one."""
        self._optimizer = optimizer
        self._is_chief = is_chief
        self._num_tokens = num_tokens
        self._initial: Any = None
        self._first_tokens: Any = None

    def begin(self) -> None:
        """Add what is run later.

        Raises:
            ValueError: The optimizer has not applied gradients.
        """
        optimizer = self._optimizer
        if not optimizer.has_applied_gradients:
            raise ValueError(
                "SyncReplicasOptimizer.apply_gradient should be called before using "
                "the hook."
            )
        self._initial = optimizer.local_step_init_op
        if self._is_chief:
            self._initial = optimizer.chief_init_op
            self._first_tokens = optimizer.get_init_tokens_op(self._num_tokens)

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Initialise, and start the chief's thread.

        Raises:
            RuntimeError: Global variables have no values.
        """
        missing = session.run(self._optimizer.ready_for_local_init_op)
        if len(missing):
            names = ", ".join(name.decode() for name in missing)
            raise RuntimeError(
                "Init operations did not make model ready for SyncReplicasOptimizer "
                f"local_init. Init op: {self._initial.name}, error: Variables not "
                f"initialized: {names}"
            )
        session.run(self._initial)
        if self._is_chief:
            session.run(self._first_tokens)
            self._optimizer.get_chief_queue_runner().create_threads(
                session, coord=coord, daemon=True, start=True
            )

    def before_run(self, run_context: Any) -> None:
        """Ask for nothing."""

    def after_run(self, run_context: Any, run_values: Any) -> None:
        """Do nothing."""

    def end(self, session: Any) -> None:
        """Do nothing."""
