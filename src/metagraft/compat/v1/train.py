"""`tf.train`: savers, checkpoints, optimizers, training sessions."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_TRAINING = "metagraft.training"

_NAMES = {
    # MetaGraphs, savers and checkpoints.
    "NewCheckpointReader": f"{_TRAINING}.checkpoint_reader:CheckpointReader",
    "Saver": f"{_TRAINING}.saver:Saver",
    **from_module(
        "metagraft.proto",
        "BytesList ClusterDef Example Feature FeatureList FeatureLists Features "
        "FloatList Int64List JobDef SaverDef SequenceExample ServerDef",
    ),
    "export_meta_graph": "metagraft.meta_graph.export:export_meta_graph",
    "import_meta_graph": f"{_TRAINING}.meta_graph_import:import_meta_graph",
    "write_graph": "metagraft.meta_graph.files:write_graph",
    **from_module(
        f"{_TRAINING}.checkpoint_management",
        "checkpoint_exists generate_checkpoint_state_proto get_checkpoint_mtimes "
        "get_checkpoint_state latest_checkpoint remove_checkpoint "
        "update_checkpoint_state",
    ),
    **from_module(
        f"{_TRAINING}.checkpoint_reader",
        "list_variables load_checkpoint load_variable",
    ),
    "checkpoints_iterator": f"{_TRAINING}.checkpoint_waiting:checkpoints_iterator",
    "Checkpoint": f"{_TRAINING}.tracked_checkpoint:Checkpoint",
    "CheckpointManager": f"{_TRAINING}.checkpoint_rotation:CheckpointManager",
    "CheckpointOptions": f"{_TRAINING}.checkpoint_options:CheckpointOptions",
    "experimental": "metagraft.compat.v1.train_experimental",
    "VocabInfo": f"{_TRAINING}.vocabularies:VocabInfo",
    "init_from_checkpoint": f"{_TRAINING}.checkpoint_initializers:init_from_checkpoint",
    "warm_start": f"{_TRAINING}.warm_start:warm_start",
    "summary_iterator": f"{_TRAINING}.summary_writer:summary_iterator",
    # Optimizers and what goes with them.
    **from_module(f"{_TRAINING}.optimizer", "Optimizer"),
    **{
        f"{name}Optimizer": f"{_TRAINING}.{module}:{name}Optimizer"
        for name, module in {
            "Adadelta": "adadelta",
            "Adagrad": "adagrad",
            "AdagradDA": "adagrad_da",
            "Adam": "adam",
            "Ftrl": "ftrl",
            "GradientDescent": "gradient_descent",
            "Momentum": "momentum",
            "ProximalAdagrad": "proximal_adagrad",
            "ProximalGradientDescent": "proximal_gradient_descent",
            "RMSProp": "rmsprop",
            "SyncReplicas": "sync_replicas",
        }.items()
    },
    **from_module(
        "metagraft.api.dual_ascent", "sdca_fprint sdca_optimizer sdca_shrink_l1"
    ),
    **from_module(
        f"{_TRAINING}.global_step",
        "assert_global_step create_global_step get_global_step "
        "get_or_create_global_step global_step",
    ),
    **from_module(
        f"{_TRAINING}.learning_rate_decay",
        "cosine_decay cosine_decay_restarts exponential_decay inverse_time_decay "
        "linear_cosine_decay natural_exp_decay noisy_linear_cosine_decay "
        "piecewise_constant polynomial_decay",
    ),
    "piecewise_constant_decay": (f"{_TRAINING}.learning_rate_decay:piecewise_constant"),
    # Threads, and the queues that they fill.
    **from_module(f"{_TRAINING}.coordinator", "Coordinator LooperThread"),
    **from_module(
        f"{_TRAINING}.queue_runner",
        "QueueRunner add_queue_runner start_queue_runners",
    ),
    "queue_runner": "metagraft.compat.v1.train_queue_runner",
    **from_module(
        f"{_TRAINING}.input_producers",
        "input_producer limit_epochs match_filenames_once range_input_producer "
        "slice_input_producer string_input_producer",
    ),
    **from_module(
        f"{_TRAINING}.input_batches",
        "batch batch_join maybe_batch maybe_batch_join maybe_shuffle_batch "
        "maybe_shuffle_batch_join shuffle_batch shuffle_batch_join",
    ),
    # Several machines.
    "ClusterSpec": f"{_TRAINING}.cluster_spec:ClusterSpec",
    "replica_device_setter": f"{_TRAINING}.device_setter:replica_device_setter",
    "ExponentialMovingAverage": (
        f"{_TRAINING}.moving_averages:ExponentialMovingAverage"
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
