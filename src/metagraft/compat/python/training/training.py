"""`tensorflow.python.training.training`: training."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module("metagraft.compat.v1.io", "match_filenames_once write_graph"),
    **from_module(
        "metagraft.compat.v1.train",
        "AdadeltaOptimizer AdagradDAOptimizer AdagradOptimizer AdamOptimizer "
        "BytesList ClusterDef ClusterSpec Coordinator Example "
        "ExponentialMovingAverage Feature FeatureList FeatureLists Features FloatList "
        "FtrlOptimizer GradientDescentOptimizer Int64List JobDef LooperThread "
        "MomentumOptimizer NewCheckpointReader Optimizer ProximalAdagradOptimizer "
        "ProximalGradientDescentOptimizer QueueRunner RMSPropOptimizer Saver SaverDef "
        "SequenceExample ServerDef SyncReplicasOptimizer VocabInfo add_queue_runner "
        "assert_global_step batch batch_join checkpoint_exists cosine_decay "
        "cosine_decay_restarts create_global_step exponential_decay export_meta_graph "
        "generate_checkpoint_state_proto get_checkpoint_mtimes get_checkpoint_state "
        "get_global_step get_or_create_global_step global_step import_meta_graph "
        "init_from_checkpoint input_producer inverse_time_decay latest_checkpoint "
        "limit_epochs linear_cosine_decay list_variables load_checkpoint "
        "load_variable maybe_batch maybe_batch_join maybe_shuffle_batch "
        "maybe_shuffle_batch_join natural_exp_decay noisy_linear_cosine_decay "
        "piecewise_constant polynomial_decay range_input_producer "
        "replica_device_setter shuffle_batch shuffle_batch_join slice_input_producer "
        "start_queue_runners string_input_producer summary_iterator "
        "update_checkpoint_state warm_start",
    ),
    **from_module("metagraft.compat.v1.train_experimental", "PythonState"),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
