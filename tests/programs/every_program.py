"""All programs by name. Each takes the module it calls `tf` and builds a graph.

The same program runs with TensorFlow and with Metagraft, so what they build can be
compared node for node.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

from tests.programs import (
    arrays,
    branches,
    compiled_runs,
    control,
    control_flow_gradients,
    critical_sections,
    distributions,
    fitting_shapes,
    folds,
    gradient_tapes,
    images,
    input_queues,
    layer_choices,
    linear_operators,
    lookup_tables,
    loss_choices,
    loss_scales,
    mathematics,
    matrices,
    metrics,
    models,
    network_functions,
    network_gradients,
    networks,
    optimizers,
    optional_runs,
    parsing,
    python_functions,
    quantized_layers,
    ragged_functions,
    ragged_tensors,
    random_choices,
    rare_gradients,
    recurrent_networks,
    row_partition_runs,
    savers,
    sequence_networks,
    signals,
    sparse_matrix_runs,
    sparse_tensors,
    strings,
    training,
    variable_kinds,
    variables,
    warm_starts,
    while_loops,
    window_networks,
    xla_runs,
)

Program = Callable[[ModuleType], object]


def _by_name(*tables: tuple[Program, ...]) -> dict[str, Program]:
    """Return the programs of all tables; a name may occur once."""
    programs: dict[str, Program] = {}
    for program in (program for table in tables for program in table):
        name = program.__name__
        if name in programs:
            raise ValueError(f"two programs are called {name!r}")
        programs[name] = program
    return programs


PROGRAMS = _by_name(
    variables.PROGRAMS,
    variable_kinds.PROGRAMS,
    arrays.PROGRAMS,
    mathematics.PROGRAMS,
    matrices.PROGRAMS,
    linear_operators.PROGRAMS,
    metrics.PROGRAMS,
    networks.PROGRAMS,
    recurrent_networks.PROGRAMS,
    sequence_networks.PROGRAMS,
    window_networks.PROGRAMS,
    quantized_layers.PROGRAMS,
    xla_runs.PROGRAMS,
    random_choices.PROGRAMS,
    distributions.PROGRAMS,
    network_gradients.PROGRAMS,
    network_functions.PROGRAMS,
    loss_choices.PROGRAMS,
    loss_scales.PROGRAMS,
    layer_choices.PROGRAMS,
    training.PROGRAMS,
    optimizers.PROGRAMS,
    optional_runs.PROGRAMS,
    control.PROGRAMS,
    branches.PROGRAMS,
    compiled_runs.PROGRAMS,
    while_loops.PROGRAMS,
    folds.PROGRAMS,
    gradient_tapes.PROGRAMS,
    control_flow_gradients.PROGRAMS,
    models.PROGRAMS,
    savers.PROGRAMS,
    input_queues.PROGRAMS,
    lookup_tables.PROGRAMS,
    images.PROGRAMS,
    warm_starts.PROGRAMS,
    ragged_functions.PROGRAMS,
    ragged_tensors.PROGRAMS,
    row_partition_runs.PROGRAMS,
    critical_sections.PROGRAMS,
    rare_gradients.PROGRAMS,
    sparse_matrix_runs.PROGRAMS,
    sparse_tensors.PROGRAMS,
    strings.PROGRAMS,
    parsing.PROGRAMS,
    signals.PROGRAMS,
    python_functions.PROGRAMS,
    fitting_shapes.PROGRAMS,
)
