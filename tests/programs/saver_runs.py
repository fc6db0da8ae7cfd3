"""What programs do with savers, each in an empty folder; compared with TensorFlow.

The requirement that a case is about is in its docstring or beside its row.
"""

from __future__ import annotations

import importlib
import inspect
import operator
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from tests.programs.file_runs import (
    Case,
    cut,
    definition,
    fields,
    started,
    started_once,
    stored,
    tree,
    variables,
)


def _base_builder(tf: ModuleType) -> Any:
    """Return the class from which builders of users derive."""
    return importlib.import_module(tf.train.Saver.__module__).BaseSaverBuilder


# -- construction ----------------------------------------------------------------------


def _parameters(function: Any) -> list[list[str]]:
    found = []
    for parameter in inspect.signature(function).parameters.values():
        default = parameter.default
        text = "" if default is inspect.Parameter.empty else repr(default)
        found.append([parameter.name, text.replace("<VERSION.V2: 2>", "2")])
    return found


def _signature(name: str) -> Case:
    def case(tf: ModuleType) -> Any:
        """MG-230, MG-250, MG-280, MG-294, MG-302, MG-305, MG-310: names, defaults."""
        return _parameters(operator.attrgetter(name)(tf.train))

    return case


SIGNATURES = (
    "Saver.__init__ Saver.save Saver.restore Saver.export_meta_graph Saver.to_proto"
    " Saver.build Saver.set_last_checkpoints Saver.set_last_checkpoints_with_time"
    " Saver.recover_last_checkpoints Saver.from_proto checkpoint_exists"
    " generate_checkpoint_state_proto get_checkpoint_mtimes get_checkpoint_state"
    " latest_checkpoint remove_checkpoint update_checkpoint_state list_variables"
    " load_checkpoint load_variable init_from_checkpoint warm_start VocabInfo.__new__"
    " CheckpointManager.__init__ CheckpointManager.save Checkpoint.__init__"
    " Checkpoint.save Checkpoint.write Checkpoint.restore"
    " CheckpointManager.restore_or_initialize checkpoints_iterator"
).split()


def _saveable_class(tf: ModuleType) -> Any:
    builder = _base_builder(tf)

    class Doubled(builder.SaveableObject):  # type: ignore[misc,name-defined]
        """Saves a variable doubled, and halves it when it is restored."""

        def __init__(self, var: Any, name: str) -> None:
            value = tf.multiply(var.read_value(), 2.0)
            self.var = var
            spec = builder.SaveSpec(value, "", f"{name}/doubled", dtype=var.dtype)
            super().__init__(var, [spec], name)

        def restore(self, restored_tensors: Any, restored_shapes: Any) -> Any:
            del restored_shapes
            return tf.assign(self.var, restored_tensors[0] / 2.0)

    return Doubled


def saveable_of_a_user(tf: ModuleType) -> Any:
    """MG-231: saveable objects of the graph are saved with the variables."""
    var = tf.Variable([1.0, 3.0], name="v", collections=[tf.GraphKeys.LOCAL_VARIABLES])
    tf.Variable(7, name="plain")
    saveable = _saveable_class(tf)(var, "mine")
    tf.add_to_collection(tf.GraphKeys.SAVEABLE_OBJECTS, saveable)
    saver = tf.train.Saver()
    with tf.Session() as session:
        session.run(
            [tf.global_variables_initializer(), tf.local_variables_initializer()]
        )
        saver.save(session, "m", write_meta_graph=False)
        session.run(var.assign([0.0, 0.0]))
        saver.restore(session, "m")
        return [stored(tf, "m"), session.run(var).tolist()]


def saveable_in_a_list(tf: ModuleType) -> Any:
    """MG-234: it is saved under the names of its tensors, whatever the key."""
    var = tf.Variable([1.0, 3.0], name="v")
    saveable = _saveable_class(tf)(var, "mine")
    found = []
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for number, chosen in enumerate(([saveable], {"key": saveable})):
            tf.train.Saver(chosen).save(session, f"m{number}", write_state=False)
            found.append(stored(tf, f"m{number}"))
    return found


def tables(tf: ModuleType) -> Any:
    """MG-231: keys and values of a table are saved, and come back."""
    table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1, name="t")
    insert = table.insert(["a", "b"], tf.constant([1, 2], tf.int64))
    more = table.insert(["c"], tf.constant([3], tf.int64))
    saver = tf.train.Saver()
    with tf.Session() as session:
        session.run(insert)
        saver.save(session, "m", write_meta_graph=False)
        session.run(more)
        saver.restore(session, "m")
        found = session.run(table.lookup(tf.constant(["b", "c", "a"]))).tolist()
        return [found, session.run(table.size()), tf.train.list_variables("m")]


def order_of_variables(tf: ModuleType) -> Any:
    """MG-231, MG-242: by name, whatever the order in the graph."""
    for name in ("c", "a", "b/z", "b"):
        tf.Variable(1.0, name=name)
    tf.Variable(1.0, name="local", collections=[tf.GraphKeys.LOCAL_VARIABLES])
    tf.train.Saver()
    save = tf.get_default_graph().get_operation_by_name("save/SaveV2")
    return [tensor.op.name for tensor in save.inputs[3:]]


def empty_saver(tf: ModuleType) -> Any:
    """MG-232: it does nothing but write the graph."""
    found: list[Any] = []
    nothing: tuple[Any, ...] = (None, [], {})
    for var_list in nothing:
        saver = tf.train.Saver(var_list, allow_empty=True)
        with tf.Session() as session:
            found += [
                definition(saver),
                saver.save(session, "e/m"),
                saver.restore(session, "none"),
                saver.last_checkpoints,
                tree(),
            ]
    return found


def deferred_build(tf: ModuleType) -> Any:
    """MG-233: nothing is added before `build`, and nothing by a second one."""
    session = started(tf)
    graph = session.graph
    counts = [len(graph.get_operations())]
    saver = tf.train.Saver(defer_build=True)
    counts.append(len(graph.get_operations()))
    has_saver = saver.export_meta_graph().HasField("saver_def")
    try:
        saver.save(session, "m")
    except RuntimeError as error:
        problem = str(error)
    saver.build()
    counts.append(len(graph.get_operations()))
    saver.build()
    counts.append(len(graph.get_operations()))
    return [np.diff(counts).tolist(), has_saver, problem[:7], saver.save(session, "m")]


def names_of_variables(tf: ModuleType) -> Any:
    """MG-234: operation names from lists, also nested; the keys of a dict."""
    a, b, r = variables(tf)
    found = []
    for chosen in ([r, a], (b,), {a, r}, [[a], (b, [r])], {"x/y": a, "z": r}):
        saver = tf.train.Saver(chosen)
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            saver.save(session, "m", write_state=False, write_meta_graph=False)
        found.append(stored(tf, "m"))
    return found


def _made(make: Callable[[Any, Any, Any, Any], Any]) -> Case:
    """Return a case that makes a saver from a, b, r or a constant."""

    def case(tf: ModuleType) -> Any:
        a, b, r = variables(tf)
        made = make(tf, a, b, r)
        return definition(made)

    return case


def _mixed_pieces(tf: ModuleType) -> Any:
    """MG-236: one name is a whole or pieces."""
    with tf.variable_scope("s", partitioner=cut):
        whole = tf.get_variable("p", [4])
    with tf.variable_scope("s", reuse=tf.AUTO_REUSE):
        pass
    other = tf.Variable(1.0, name="s/p")
    return definition(tf.train.Saver([other, *whole]))


def pieces_under_one_name(tf: ModuleType) -> Any:
    """MG-236, MG-246: pieces are stored as slices of the whole, read as one."""
    values = np.arange(10.0, dtype=np.float32).reshape(5, 2)

    def initial(shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        start = partition_info.var_offset[0]
        return tf.constant(values[start : start + shape[0]], dtype)

    whole = tf.get_variable(
        "p", [5, 2], initializer=initial, partitioner=cut, use_resource=True
    )
    found: list[Any] = []
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for number, chosen in enumerate((None, [whole], list(whole), {"q": whole})):
            saver = tf.train.Saver(chosen)
            saver.save(session, f"m{number}", write_state=False)
            found.append(stored(tf, f"m{number}"))
    graph = tf.get_default_graph()
    specs = graph.get_tensor_by_name("save/SaveV2/shape_and_slices:0")
    found.append([item.decode() for item in tf.Session().run(specs)])
    return found


def definition_of_another(tf: ModuleType) -> Any:
    """MG-237: nothing is added; its version counts."""
    session = started(tf)
    first = tf.train.Saver(write_version=tf.train.SaverDef.V1)
    count = len(session.graph.get_operations())
    saver = tf.train.Saver(saver_def=first.as_saver_def())
    saver.save(session, "m", write_meta_graph=False)
    same = len(session.graph.get_operations()) == count
    return [same, tree(), definition(saver)]


def definition_with_name(tf: ModuleType) -> Any:
    """MG-237: the name goes before its three names."""
    variables(tf)
    given = tf.train.SaverDef(
        filename_tensor_name="f:0",
        save_tensor_name="s:0",
        restore_op_name="r",
        version=2,
    )
    return definition(tf.train.Saver(saver_def=given, name="scope"))


def _incomplete(**fields: Any) -> Case:
    def case(tf: ModuleType) -> Any:
        """MG-237: names are needed."""
        return definition(tf.train.Saver(saver_def=tf.train.SaverDef(**fields)))

    return case


def definitions(tf: ModuleType) -> Any:
    """MG-238, MG-240, MG-241, MG-243: the names and numbers of several savers."""
    variables(tf)
    v1 = tf.train.SaverDef.V1
    return [
        definition(tf.train.Saver(max_to_keep=None, filename="elsewhere")),
        definition(tf.train.Saver(max_to_keep=0)),
        definition(tf.train.Saver(sharded=True, max_to_keep=2)),
        definition(tf.train.Saver(sharded=True, write_version=v1)),
        definition(tf.train.Saver(write_version=v1, keep_checkpoint_every_n_hours=2)),
        definition(tf.train.Saver(name="mine")),
        definition(tf.train.Saver(name="mine")),
    ]


def file_name_by_default(tf: ModuleType) -> Any:
    """MG-241: what the placeholder holds unless it is fed."""
    session = started(tf)
    tf.train.Saver()
    tf.train.Saver(filename="elsewhere")
    names = ("save/filename/input", "save/Const", "save_1/filename", "save_1/Const")
    found = session.run([f"{name}:0" for name in names])
    session.run("save_1/control_dependency")
    return [[name.decode() for name in found], tree()]


def temporary_names(tf: ModuleType) -> Any:
    """MG-245: where shards are written before they are merged."""
    session = started(tf)
    saver = tf.train.Saver(sharded=True)
    name = saver.as_saver_def().filename_tensor_name
    return [
        session.run("save/ShardedFilename:0", {name: prefix}).decode()
        for prefix in ("x/y", "s3://bucket/y", "gs://bucket/y")
    ]


def one_shard_for_each_device(tf: ModuleType) -> Any:
    """MG-244, MG-259, MG-260: files of one device, and of three in one process."""
    with tf.device("/cpu:0"):
        tf.Variable([1.0], name="first")
    with tf.device("/job:localhost/replica:0/task:0/device:CPU:0"):
        tf.Variable([2.0], name="second")
    tf.Variable([3.0], name="third")
    found: list[Any] = []
    for folder in ("v1", "v2"):
        Path(folder).mkdir()
    with tf.Session(config=tf.ConfigProto(allow_soft_placement=True)) as session:
        session.run(tf.global_variables_initializer())
        for version in (tf.train.SaverDef.V2, tf.train.SaverDef.V1):
            saver = tf.train.Saver(sharded=True, write_version=version)
            found.append(saver.save(session, f"v{version}/m", 1))
            session.run(tf.assign(tf.global_variables()[2], [0.0]))
            saver.restore(session, found[-1])
            found.append(session.run(tf.global_variables()[2]).tolist())
            session.run(tf.global_variables_initializer())
            found.append(stored(tf, found[-2]))
    return [found, tree()]


def partly_on_another_device(tf: ModuleType) -> Any:
    """MG-244: all tensors of one object are on one device."""
    builder = _base_builder(tf)
    with tf.device("/cpu:0"):
        a = tf.Variable(1.0, name="a")
    with tf.device("/gpu:0"):
        b = tf.Variable(1.0, name="b")
    specs = [builder.SaveSpec(var, "", var.op.name, dtype=var.dtype) for var in (a, b)]
    saveable = builder.SaveableObject(a, specs, "both")
    return definition(tf.train.Saver([saveable], sharded=True))


def slice_specifications(tf: ModuleType) -> Any:
    """MG-246: a dimension taken whole, and a part of a matrix."""
    values = np.arange(10.0, dtype=np.float32).reshape(5, 2)
    session = tf.Session()
    save = tf.raw_ops.SaveV2(
        prefix="m", tensor_names=["w"], shape_and_slices=[""], tensors=[values]
    )
    session.run(save)
    specs = ["", "5 2 0,3:0,2", "5 2 -:1,1", "5 2 4,1:-", "5 2 -:-"]
    read = tf.raw_ops.RestoreV2(
        prefix="m",
        tensor_names=["w"] * len(specs),
        shape_and_slices=specs,
        dtypes=[tf.float32] * len(specs),
    )
    return [array.tolist() for array in session.run(read)]


def _wrong_slice(spec: str) -> Case:
    def case(tf: ModuleType) -> Any:
        """MG-246: specifications that mean nothing."""
        values = np.zeros([5, 2], np.float32)
        prefix = tf.placeholder(tf.string, [])
        session = tf.Session()
        session.run(
            tf.raw_ops.SaveV2(
                prefix=prefix,
                tensor_names=["w"],
                shape_and_slices=[""],
                tensors=[values],
            ),
            {prefix: "m"},
        )
        text = tf.placeholder(tf.string, [1])
        (read,) = tf.raw_ops.RestoreV2(
            prefix=prefix,
            tensor_names=["w"],
            shape_and_slices=text,
            dtypes=[tf.float32],
        )
        return session.run(read, {prefix: "m", text: [spec]}).shape

    return case


def reshaped(tf: ModuleType) -> Any:
    """MG-247: as many elements, in another shape, for both kinds of variables."""
    started(tf)
    session = started_once(tf, {"x": [[1.0, 2.0], [3.0, 4.0]], "y": [1.0, 2.0]})
    tf.train.Saver([v for v in tf.global_variables() if v.op.name in "xy"]).save(
        session, "m", write_meta_graph=False
    )
    with tf.Graph().as_default(), tf.Session() as other:
        x = tf.get_variable("x", [4], use_resource=True)
        y = tf.get_variable("y", [2, 1], use_resource=False)
        tf.train.Saver(reshape=True).restore(other, "m")
        return [other.run(x).tolist(), other.run(y).tolist()]


def _reshaped_to(shape: list[int], resource: bool) -> Case:
    def case(tf: ModuleType) -> Any:
        """MG-247, MG-285: not as many elements."""
        session = started_once(tf, {"x": [[1.0, 2.0], [3.0, 4.0]]})
        tf.train.Saver().save(session, "m", write_meta_graph=False)
        with tf.Graph().as_default(), tf.Session() as other:
            x = tf.get_variable("x", shape, use_resource=resource)
            tf.train.Saver(reshape=True).restore(other, "m")
            return other.run(x).tolist()

    return case


def concatenation_of_pieces(tf: ModuleType) -> Any:
    """MG-248: a partitioned variable in a collection gets its tensor."""
    whole = tf.get_variable("p", [4], partitioner=cut)
    tf.add_to_collection("mine", whole)
    names = [{op.name for op in tf.get_default_graph().get_operations()}]
    tf.train.Saver()
    names.append({op.name for op in tf.get_default_graph().get_operations()})
    return ["p" in each for each in names]


# -- bookkeeping -----------------------------------------------------------------------


def recovered(tf: ModuleType) -> Any:
    """MG-291: those that exist, with their times, in the given order."""
    session = started(tf)
    first = tf.train.Saver(max_to_keep=None)
    for step in (1, 2):
        first.save(session, "m", step, write_meta_graph=False)
    saver = tf.train.Saver(max_to_keep=1)
    saver.recover_last_checkpoints(["m-2", "none", "m-1"])
    found = [saver.last_checkpoints]
    saver.save(session, "m", 4, write_meta_graph=False)
    return [*found, tree(), saver.last_checkpoints]


def set_lists(tf: ModuleType) -> Any:
    """MG-292: entries without time are never deleted; with one they are."""
    session = started(tf)
    first = tf.train.Saver(max_to_keep=None)
    for step in (1, 2):
        first.save(session, "m", step, write_meta_graph=False)
    found: list[Any] = []
    saver = tf.train.Saver(max_to_keep=1)
    saver.set_last_checkpoints(["m-1"])
    saver.save(session, "m", 3, write_meta_graph=False)
    found += [tree(), saver.last_checkpoints]
    saver.set_last_checkpoints_with_time([("m-2", 5.0)])
    found.append(saver.last_checkpoints)
    saver.save(session, "m", 4, write_meta_graph=False)
    return [*found, tree(), saver.last_checkpoints]


def _set_to(name: str, value: Any) -> Case:
    def case(tf: ModuleType) -> Any:
        """MG-292: only lists."""
        variables(tf)
        getattr(tf.train.Saver(), name)(value)
        return "set"

    return case


def definitions_by_scope(tf: ModuleType) -> Any:
    """MG-293: whole, without the scope, or none; and back."""
    with tf.name_scope("scope"):
        variables(tf)
        saver = tf.train.Saver(max_to_keep=2)
    inner = saver.to_proto("scope")
    again = tf.train.Saver.from_proto(inner, import_scope="scope")
    return [
        fields(saver.to_proto()),
        saver.to_proto("other"),
        fields(saver.to_proto("scope/")) if saver.to_proto("scope/") else None,
        definition(again),
        tf.train.Saver.from_proto(saver.to_proto()).as_saver_def() is saver.to_proto(),
    ]


def exported_graph(tf: ModuleType) -> Any:
    """MG-294: the default graph, whatever graph the saver is of."""
    variables(tf)
    saver = tf.train.Saver()
    with tf.Graph().as_default():
        tf.constant(1.0, name="here")
        tf.add_to_collection("mine", 3)
        tf.add_to_collection("other", 4)
        meta = saver.export_meta_graph("sub.meta", ["mine"], as_text=True)
    return [
        [node.name for node in meta.graph_def.node],
        fields(meta.saver_def),
        sorted(meta.collection_def),
        Path("sub.meta").read_bytes()[:13].decode(),
    ]


CASES: dict[str, Case] = {
    **{f"signature {name}": _signature(name) for name in SIGNATURES},
    "saveable_of_a_user": saveable_of_a_user,
    "saveable_in_a_list": saveable_in_a_list,
    "tables": tables,
    "order_of_variables": order_of_variables,
    # MG-232
    "no_variables": lambda tf: definition(tf.train.Saver()),
    "empty_list": _made(lambda tf, a, b, r: tf.train.Saver([])),
    "empty_dict": _made(lambda tf, a, b, r: tf.train.Saver({})),
    "empty_saver": empty_saver,
    # MG-233
    "deferred_with_list": _made(
        lambda tf, a, b, r: tf.train.Saver([a], defer_build=True)
    ),
    "deferred_build": deferred_build,
    "names_of_variables": names_of_variables,
    # MG-235
    "twice": _made(lambda tf, a, b, r: tf.train.Saver([a, a])),
    "two_names": _made(lambda tf, a, b, r: tf.train.Saver({"x": a, "y": a})),
    "two_names_resource": _made(lambda tf, a, b, r: tf.train.Saver({"x": r, "y": r})),
    "constant": _made(lambda tf, a, b, r: tf.train.Saver([tf.constant(1.0)])),
    "constant_in_dict": _made(
        lambda tf, a, b, r: tf.train.Saver({"c": tf.constant(1.0)})
    ),
    "value": _made(lambda tf, a, b, r: tf.train.Saver([a.value()])),
    "number_as_key": _made(lambda tf, a, b, r: tf.train.Saver({3: a})),
    "text": _made(lambda tf, a, b, r: tf.train.Saver("a")),
    "number_in_list": _made(lambda tf, a, b, r: tf.train.Saver([3])),
    "number_in_dict": _made(lambda tf, a, b, r: tf.train.Saver({"x": 3})),
    "none_in_list": _made(lambda tf, a, b, r: tf.train.Saver([None])),
    "one_variable": _made(lambda tf, a, b, r: tf.train.Saver(a)),
    "generator": _made(lambda tf, a, b, r: tf.train.Saver(v for v in (a, b))),
    # MG-236
    "mixed_pieces": _mixed_pieces,
    "whole_in_a_list_in_a_dict": _made(lambda tf, a, b, r: tf.train.Saver({"x": [a]})),
    "pieces_under_one_name": pieces_under_one_name,
    # MG-237
    "definition_of_another": definition_of_another,
    "definition_with_name": definition_with_name,
    "definition_of_wrong_type": _made(
        lambda tf, a, b, r: tf.train.Saver(saver_def="x")
    ),
    "definition_without_save": _incomplete(restore_op_name="r"),
    "definition_without_restore": _incomplete(save_tensor_name="s"),
    "definitions": definitions,
    "file_name_by_default": file_name_by_default,
    "temporary_names": temporary_names,
    "one_shard_for_each_device": one_shard_for_each_device,
    "partly_on_another_device": partly_on_another_device,
    "slice_specifications": slice_specifications,
    **{
        f"slice {spec}": _wrong_slice(spec)
        for spec in (
            "5 2",
            "0,3:0,2",
            "4 2 -:-",
            "5 2 x",
            "5 2 -1,2:-",
        )
    },
    "reshaped": reshaped,
    "reshaped_reference": _reshaped_to([3], False),
    "reshaped_resource": _reshaped_to([3], True),
    "concatenation_of_pieces": concatenation_of_pieces,
    "recovered": recovered,
    "set_lists": set_lists,
    "set_tuple": _set_to("set_last_checkpoints", ("m",)),
    "set_text": _set_to("set_last_checkpoints", "m"),
    "set_tuple_with_time": _set_to("set_last_checkpoints_with_time", ()),
    "definitions_by_scope": definitions_by_scope,
    "exported_graph": exported_graph,
}
