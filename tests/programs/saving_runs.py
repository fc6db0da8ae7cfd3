"""What savers write, keep and restore, each in an empty folder; see `saver_runs.py`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from tests.programs.file_runs import (
    Case,
    clock,
    cut,
    definition,
    started,
    stored,
    tree,
    variables,
)

# -- saving ----------------------------------------------------------------------------


def _saved(*args: Any, make: dict[str, Any] | None = None, **kwargs: Any) -> Case:
    """Return a case that saves once with these arguments."""

    def case(tf: ModuleType) -> Any:
        session = started(tf)
        saver = tf.train.Saver(**(make or {}))
        prefix = saver.save(session, *args, **kwargs)
        return [prefix, tree(), saver.last_checkpoints]

    return case


def step_from_a_tensor(tf: ModuleType) -> Any:
    """MG-251: a tensor, a variable, or the name of a tensor."""
    session = started(tf)
    b = tf.global_variables()[1]
    saver = tf.train.Saver()
    steps = (b, session.graph.get_tensor_by_name("b:0"), "b:0", b + 1)
    return [saver.save(session, "m", step) for step in steps]


def bytes_path(tf: ModuleType) -> Any:
    """MG-252: bytes are a path, too."""
    session = started(tf)
    return [tf.train.Saver().save(session, b"m"), tree()]


def session_of_another_graph(tf: ModuleType) -> Any:
    """MG-254: its graph lacks the saver's tensors."""
    variables(tf)
    saver = tf.train.Saver()
    with tf.Graph().as_default():
        tf.Variable(1.0, name="a")
        session = tf.Session()
    return saver.save(session, "m")


def closed_session(tf: ModuleType) -> Any:
    """MG-254: it runs nothing any more."""
    session = started(tf)
    session.close()
    return tf.train.Saver().save(session, "m")


def no_session(tf: ModuleType) -> Any:
    """MG-254: something else."""
    variables(tf)
    return tf.train.Saver().save(None, "m")


def uninitialised(tf: ModuleType) -> Any:
    """MG-255: an error, and no file."""
    variables(tf)
    with tf.Session() as session:
        try:
            tf.train.Saver().save(session, "./m")
        except tf.errors.FailedPreconditionError:
            return tree()
    return "no error"


def effects_in_order(tf: ModuleType) -> Any:
    """MG-258: tensors, the list, the state, deletion, and the graph last."""
    seen: list[Any] = []

    class Watching(tf.train.Saver):  # type: ignore[misc,name-defined]
        """Looks at the files when the graph is about to be written."""

        def export_meta_graph(self, *args: Any, **kwargs: Any) -> Any:
            state = Path("checkpoint").read_text(encoding="utf-8")
            seen.append([tree(), self.last_checkpoints, state])
            return super().export_meta_graph(*args, **kwargs)

    session = started(tf)
    saver = Watching(max_to_keep=1)
    for step in (1, 2):
        saver.save(session, "m", step)
    return [seen, tree()]


def graph_on_every_save(tf: ModuleType) -> Any:
    """MG-262: what somebody wrote over it is replaced; shapes are inferred."""
    session = started(tf)
    saver = tf.train.Saver()
    saver.save(session, "m")
    Path("m.meta").write_bytes(b"something else")
    saver.save(session, "m")
    meta = tf.MetaGraphDef.FromString(Path("m.meta").read_bytes())
    node = next(node for node in meta.graph_def.node if node.name == "a")
    return [
        meta.saver_def == saver.as_saver_def(),
        "_output_shapes" in node.attr,
        sorted(meta.collection_def),
    ]


def without_state(tf: ModuleType) -> Any:
    """MG-263: not recorded, and nothing deleted."""
    session = started(tf)
    saver = tf.train.Saver(max_to_keep=1)
    saver.save(session, "m", 1, write_meta_graph=False)
    for step in (2, 3):
        saver.save(session, "m", step, write_state=False, write_meta_graph=False)
    return [tree(), saver.last_checkpoints, Path("checkpoint").read_text("utf-8")]


def version_1(tf: ModuleType) -> Any:
    """MG-259, MG-260, MG-264, MG-288: one file, or one for each shard."""
    session = started(tf)
    found: list[Any] = []
    for sharded in (False, True):
        saver = tf.train.Saver(write_version=tf.train.SaverDef.V1, sharded=sharded)
        prefix = saver.save(session, f"v{sharded:d}", 7)
        saver.restore(session, prefix)
        found += [prefix, stored(tf, prefix), saver.last_checkpoints]
        tf.train.Saver().restore(session, prefix)
    return [found, tree(), tf.train.latest_checkpoint(".")]


def version_1_types(tf: ModuleType) -> Any:
    """MG-264: all that the older format holds."""
    for dtype in ("int8", "uint8", "int16", "float64", "int64", "complex64"):
        tf.Variable(np.ones([2]).astype(dtype), name=dtype)
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    tf.train.Saver(write_version=tf.train.SaverDef.V1).save(session, "m")
    return tf.train.list_variables("m")


# -- retention -------------------------------------------------------------------------


def _retained(max_to_keep: Any, steps: tuple[int, ...], **kwargs: Any) -> Case:
    def case(tf: ModuleType) -> Any:
        """MG-270, MG-271, MG-272, MG-275, MG-301."""
        session = started(tf)
        saver = tf.train.Saver(max_to_keep=max_to_keep, **kwargs)
        for step in steps:
            saver.save(session, "m", step)
        state = Path("checkpoint").read_text(encoding="utf-8")
        return [tree(), saver.last_checkpoints, state]

    return case


def one_deletion_for_each_save(tf: ModuleType) -> Any:
    """MG-272: a list that is too long shrinks by one with every save."""
    session = started(tf)
    first = tf.train.Saver(max_to_keep=None)
    prefixes = [first.save(session, "m", step) for step in range(4)]
    saver = tf.train.Saver(max_to_keep=2)
    saver.recover_last_checkpoints(prefixes)
    found = []
    for step in range(4, 7):
        saver.save(session, "m", step, write_meta_graph=False)
        found.append([saver.last_checkpoints, tree()])
    return found


def _kept_for_good(hours: float) -> Case:
    def case(tf: ModuleType) -> Any:
        """MG-273: one in the given time; the first time begins with the saver."""
        session = started(tf)
        with clock(1000.0) as now:
            saver = tf.train.Saver(max_to_keep=1, keep_checkpoint_every_n_hours=hours)
            for step in range(8):
                now[0] += 1500
                saver.save(session, "m", step, write_meta_graph=False)
        return sorted(path.stem for path in Path().glob("*.index"))

    return case


def files_that_are_gone(tf: ModuleType) -> Any:
    """MG-275: they do not matter."""
    session = started(tf)
    saver = tf.train.Saver(max_to_keep=1)
    saver.save(session, "m", 1)
    Path("m-1.meta").unlink()
    Path("m-1.index").unlink()
    saver.save(session, "m", 2)
    return tree()


def file_that_cannot_be_deleted(tf: ModuleType) -> Any:
    """MG-275: the problem is logged, what comes later is left."""
    session = started(tf)
    saver = tf.train.Saver(max_to_keep=1)
    saver.save(session, "m", 1)
    Path("m-1.index").unlink()
    (Path("m-1.index") / "inside").mkdir(parents=True)
    saver.save(session, "m", 2)
    return tree()


def other_suffix_is_deleted(tf: ModuleType) -> Any:
    """MG-275: the graph's file has the suffix of the save that deletes it."""
    session = started(tf)
    saver = tf.train.Saver(max_to_keep=1)
    saver.save(session, "m", 1, meta_graph_suffix="one")
    saver.save(session, "m", 2, meta_graph_suffix="two")
    saver.save(session, "m", 3, meta_graph_suffix="two")
    return tree()


def savers_do_not_know_each_other(tf: ModuleType) -> Any:
    """MG-276: what an earlier saver wrote is never deleted."""
    session = started(tf)
    for _ in range(2):
        saver = tf.train.Saver(max_to_keep=1)
        for step in range(3):
            saver.save(session, f"m{_}", step, write_meta_graph=False)
    return [tree(), Path("checkpoint").read_text("utf-8")]


# -- restoring -------------------------------------------------------------------------


def _restored(path: Any) -> Case:
    def case(tf: ModuleType) -> Any:
        """MG-280: paths that name no checkpoint."""
        session = started(tf)
        saver = tf.train.Saver()
        saver.save(session, "m-1")
        saver.restore(session, path)
        return "restored"

    return case


def _restored_into(value: Any, resource: bool = False, **kwargs: Any) -> Case:
    def case(tf: ModuleType) -> Any:
        """MG-283, MG-284, MG-285: the graph asks for something else."""
        session = started(tf)
        tf.train.Saver().save(session, "m")
        with tf.Graph().as_default(), tf.Session() as other:
            tf.get_variable(
                kwargs.get("name", "a"), initializer=value, use_resource=resource
            )
            tf.train.Saver().restore(other, "m")
        return "restored"

    return case


def _damaged(name: str, damage: Callable[[bytes], bytes | None]) -> Case:
    def case(tf: ModuleType) -> Any:
        """MG-286: a file that is missing, changed or cut."""
        session = started(tf)
        saver = tf.train.Saver()
        saver.save(session, "m", write_meta_graph=False)
        path = Path(f"m.{name}")
        content = damage(path.read_bytes())
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content)
        saver.restore(session, "m")
        return "restored"

    return case


def _flipped(position: int) -> Callable[[bytes], bytes]:
    def damage(content: bytes) -> bytes:
        changed = bytearray(content)
        changed[position] ^= 0x10
        return bytes(changed)

    return damage


def restored_without_initialisation(tf: ModuleType) -> Any:
    """MG-287: values come back; what nobody asks for does not matter."""
    session = started(tf)
    tf.train.Saver().save(session, "m")
    with tf.Graph().as_default(), tf.Session() as other:
        a = tf.Variable([0.0, 0.0], name="a")
        tf.train.Saver([a]).restore(other, "m")
        return other.run(a).tolist()


def pieces_and_wholes(tf: ModuleType) -> Any:
    """MG-290: a whole read in pieces, in other pieces, and pieces as a whole."""
    values = np.arange(10.0, dtype=np.float32).reshape(5, 2)
    with tf.Graph().as_default(), tf.Session() as one:
        tf.get_variable("p", initializer=values)
        one.run(tf.global_variables_initializer())
        tf.train.Saver().save(one, "whole")
    found = []
    zeros = tf.zeros_initializer()

    def other_cut(shape: Any, dtype: Any) -> list[int]:
        del shape, dtype
        return [1, 2]

    for source, target, partitioner in (
        ("whole", "rows", cut),
        ("rows", "columns", other_cut),
        ("columns", "again", None),
    ):
        with tf.Graph().as_default(), tf.Session() as session:
            p = tf.get_variable("p", [5, 2], initializer=zeros, partitioner=partitioner)
            saver = tf.train.Saver()
            saver.restore(session, source)
            found.append(session.run(tf.convert_to_tensor(p)).tolist())
            saver.save(session, target)
            found.append(stored(tf, target))
    return found


def pieces_that_do_not_cover(tf: ModuleType) -> Any:
    """MG-290: a stored part is not the whole."""
    session = tf.Session()
    values = np.zeros([2, 2], np.float32)
    session.run(
        tf.raw_ops.SaveV2(
            prefix="m",
            tensor_names=["p"],
            shape_and_slices=["5 2 0,2:-"],
            tensors=[values],
        )
    )
    p = tf.get_variable("p", [5, 2])
    tf.train.Saver().restore(session, "m")
    return session.run(p).tolist()


def _restored_objects(names: dict[str, list[int]]) -> Case:
    def case(tf: ModuleType) -> Any:
        """MG-289: variables are found by the names they had."""
        golden = Path(__file__).resolve().parents[1] / "golden" / "object_checkpoint"
        made = [tf.get_variable(name, shape) for name, shape in names.items()]
        session = tf.Session()
        tf.train.Saver().restore(session, str(golden / "tree"))
        return [session.run(variable).tolist() for variable in made]

    return case


CASES: dict[str, Case] = {
    # MG-251
    "saved": _saved("m"),
    "saved_5": _saved("m", 5),
    "saved_negative": _saved("st", -3),
    "saved_numpy": _saved("m", np.int64(9)),
    "saved_bool": _saved("m", True),
    "saved_float": _saved("m", 1.5),
    "saved_vector": _saved("m", "a:0"),
    "saved_unknown": _saved("m", "nobody:0"),
    "saved_padded": _saved("m", 12, make={"pad_step_number": True}),
    "saved_padded_negative": _saved("m", -12, make={"pad_step_number": True}),
    "step_from_a_tensor": step_from_a_tensor,
    "bytes_path": bytes_path,
    "number_as_path": _saved(3),
    # MG-253
    "state_in_a_folder": _saved("m", latest_filename="x/y"),
    "state_collides": _saved("sub/m", latest_filename="m"),
    "state_collides_by_default": _saved("sub/checkpoint"),
    "state_collides_with_step": _saved("checkpoint", 1),
    "state_collides_sharded": _saved("m", latest_filename="m", make={"sharded": True}),
    "state_named": _saved("m", latest_filename="state"),
    "session_of_another_graph": session_of_another_graph,
    "closed_session": closed_session,
    "no_session": no_session,
    "uninitialised": uninitialised,
    # MG-256, MG-257
    "missing_folder": _saved("one/m", 1),
    "path_with_slash": _saved("one/"),
    "dot_path": _saved("./m", 1),
    "effects_in_order": effects_in_order,
    "graph_on_every_save": graph_on_every_save,
    "other_suffix": _saved("m", meta_graph_suffix="graph"),
    "no_graph": _saved("m", write_meta_graph=False),
    "no_state": _saved("m", write_state=False),
    "debug_info": _saved("m", save_debug_info=True),  # MG-265
    "without_state": without_state,
    "version_1": version_1,
    "version_1_types": version_1_types,
    # MG-264
    "version_0": lambda tf: definition(
        tf.train.Saver([variables(tf)[0]], write_version=tf.train.SaverDef.LEGACY)
    ),
    "version_7": lambda tf: definition(
        tf.train.Saver([variables(tf)[0]], write_version=7)
    ),
    **{
        f"retained {keep} {steps}": _retained(keep, steps)
        for keep in (0, None, 1, 2)
        for steps in ((1, 2, 3), (1, 2, 3, 2), (2, 2))
    },
    "retained_relative": _retained(2, (1, 2, 3), save_relative_paths=True),
    "retained_padded": _retained(1, (1, 2), pad_step_number=True),
    "one_deletion_for_each_save": one_deletion_for_each_save,
    **{f"kept {hours} hours": _kept_for_good(hours) for hours in (0, 0.5, 1, 10, -1)},
    "files_that_are_gone": files_that_are_gone,
    "file_that_cannot_be_deleted": file_that_cannot_be_deleted,
    "other_suffix_is_deleted": other_suffix_is_deleted,
    "savers_do_not_know_each_other": savers_do_not_know_each_other,
    "restored_none": _restored(None),
    "restored_missing": _restored("zz"),
    "restored_folder": _restored("sub/zz"),
    "restored_as_bytes": _restored(b"m-1"),
    "restored_other_name": _restored_into(1.0, name="new"),
    "restored_other_type": _restored_into([1, 2]),
    "restored_other_type_resource": _restored_into([1, 2], True),
    "restored_other_shape": _restored_into([1.0, 2.0, 3.0]),
    "restored_other_rank": _restored_into([[1.0, 2.0]]),
    "no_data": _damaged("data-00000-of-00001", lambda content: None),
    "changed_data": _damaged("data-00000-of-00001", _flipped(0)),
    "cut_data": _damaged("data-00000-of-00001", lambda content: content[:-1]),
    "empty_data": _damaged("data-00000-of-00001", lambda content: b""),
    "changed_index": _damaged("index", _flipped(10)),
    "changed_footer": _damaged("index", _flipped(-1)),
    "cut_index": _damaged("index", lambda content: content[:60]),
    "empty_index": _damaged("index", lambda content: b""),
    "restored_without_initialisation": restored_without_initialisation,
    "restored_objects": _restored_objects({"dense/kernel": [1, 2], "dense/bias": [1]}),
    "restored_some_objects": _restored_objects({"dense/bias": [1], "other": [1]}),
    "pieces_and_wholes": pieces_and_wholes,
    "pieces_that_do_not_cover": pieces_that_do_not_cover,
}
