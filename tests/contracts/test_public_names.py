"""The public names of `tensorflow.compat.v1`, and how each is called."""

from __future__ import annotations

import gzip
import inspect
import json
from pathlib import Path
from typing import Any

import pytest

import metagraft.compat.v1 as tf
from tests.programs.public_names import arguments

PATH = Path(__file__).resolve().parent.parent / "golden" / "public_names"
RECORDED = json.loads(gzip.decompress((PATH / "names.json.gz").read_bytes()))


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Names that are not there yet, or with everything below them.
MISSING = (
    "debugging.experimental",
    "experimental.BatchableExtensionType",
    "experimental.ExtensionType",
    "experimental.ExtensionTypeBatchEncoder",
    "experimental.ExtensionTypeSpec",
    "experimental.StructuredTensor",
    "experimental.async_clear_error",
    "experimental.async_scope",
    "experimental.dispatch_for_api",
    "experimental.dispatch_for_binary_elementwise_apis",
    "experimental.dispatch_for_binary_elementwise_assert_apis",
    "experimental.dispatch_for_unary_elementwise_apis",
    "experimental.enable_strict_mode",
    "experimental.extension_type",
    "experimental.function_executor_type",
    "experimental.output_all_intermediates",
    "experimental.register_filesystem_plugin",
    "experimental.unregister_dispatch_for",
    "quantization.experimental",
    "saved_model.experimental.TrackableResource",
    "train.do_quantize_training_on_graphdef",
)
# Sessions with hooks, and servers.
MONITORED = _words(
    """
    CheckpointSaverHook CheckpointSaverListener ChiefSessionCreator FeedFnHook
    FinalOpsHook GlobalStepWaiterHook LoggingTensorHook MonitoredSession
    MonitoredTrainingSession NanLossDuringTrainingError NanTensorHook ProfilerHook
    Scaffold SecondOrStepTimer Server SessionCreator SessionManager SessionRunArgs
    SessionRunContext SessionRunHook SessionRunValues SingularMonitoredSession
    StepCounterHook StopAtStepHook SummarySaverHook Supervisor WorkerSessionCreator
    basic_train_loop
    """
)
# Members of classes: of modules, of Keras's layers, of specs in traces of functions,
# and some that only TensorFlow's own modules use.
MISSING_MEMBERS = _words(
    """
    Spec activity_regularizer add_metric convolution_op dtype_policy input_spec
    load_own_variables name_scope save_own_variables trainable with_name_scope cast
    experimental_as_proto experimental_from_proto experimental_type_proto flatten
    from_tensors is_subtype_of most_specific_common_supertype
    most_specific_compatible_shape most_specific_compatible_type placeholder_value
    to_tensors value_type Dismantle get new_operations op_def_for_type
    experimental_set_type from_node_def
    MaxShardSizePartitioner asset_path assign_add assign_sub count_up_to gather_nd
    sparse_read __call__
    """
)
# Functions that take other arguments: `layout` is for distributed tensors.
OTHER_ARGUMENTS = _words(
    """
    DType.__init__ Operation.__init__ Tensor.__init__ Variable.__init__
    TensorArraySpec.is_compatible_with experimental.RowPartition.__init__
    dtypes.DType.__init__ fill ones zeros test.Benchmark.__init__
    test.TestCase.assertRaisesRegexp
    """
)


def _found(name: str) -> Any:
    found: Any = tf
    for part in name.split("."):
        found = getattr(found, part)
    return found


def _is_missing(name: str) -> bool:
    if name.startswith("train.") and name.removeprefix("train.") in MONITORED:
        return True
    return any(name == one or name.startswith(f"{one}.") for one in MISSING)


def _is_called_alike(expected: list[str], function: Any) -> bool:
    """Whether the arguments that TensorFlow names are there, in its order."""
    own = arguments(function)
    if own is None:
        return True
    named = [name.rstrip("=") for name in own if not name.startswith("*")]
    wanted = [name.rstrip("=") for name in expected if not name.startswith("*")]
    if wanted[:1] in (["self"], ["cls"], ["instance"]):
        named, wanted = named[1:], wanted[1:]
    return named[: len(wanted)] == wanted or any(name == "*args" for name in own)


@pytest.mark.golden
def test_names() -> None:
    """Every name is there, or is known to be missing; those that are there are not."""
    missing = []
    for name in RECORDED:
        try:
            _found(name)
        except AttributeError:
            missing.append(name)
    assert [name for name in missing if not _is_missing(name)] == []
    known = [name for name in RECORDED if _is_missing(name)]
    assert [name for name in known if name not in missing] == []


@pytest.mark.golden
def test_functions() -> None:
    """Functions take TensorFlow's arguments, in their order."""
    for name, expected in RECORDED.items():
        if isinstance(expected, list) and not _is_missing(name):
            is_alike = _is_called_alike(expected, _found(name))
            assert is_alike or name in OTHER_ARGUMENTS, name


@pytest.mark.golden
def test_classes() -> None:
    """Classes have TensorFlow's methods, with its arguments."""
    for name, members in RECORDED.items():
        if not isinstance(members, dict) or _is_missing(name):
            continue
        if name == "saved_model.SaveOptions":
            continue  # its options are slots there, attributes of instances here
        cls = _found(name)
        for member, expected in members.items():
            value = inspect.getattr_static(cls, member, None)
            if value is None:
                assert member in MISSING_MEMBERS, f"{name}.{member}"
                continue
            if isinstance(value, staticmethod | classmethod):
                value = value.__func__
            whole = f"{name}.{member}"
            if member in ("build", "call"):
                continue  # what derived classes define
            if expected is not None and inspect.isfunction(value):
                assert _is_called_alike(expected, value) or whole in OTHER_ARGUMENTS, (
                    whole
                )
