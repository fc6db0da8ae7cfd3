"""What programs do with checkpoints of objects, and their managers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from tests.programs.file_runs import Case, clock, started, stored, tree

_OBJECTS = "_CHECKPOINTABLE_OBJECT_GRAPH"


def _values(tf: ModuleType, prefix: str) -> Any:
    """Return what a checkpoint holds, without the description of the objects."""
    found = stored(tf, prefix)
    return {name: value for name, value in found.items() if name != _OBJECTS}


def _described(tf: ModuleType, prefix: str) -> Any:
    """Return the names and keys of the objects that a checkpoint describes."""
    described = tf.train.load_checkpoint(prefix).get_tensor(_OBJECTS)
    text = described if isinstance(described, bytes) else described.item()
    return _parsed(text)


def _parsed(content: bytes) -> Any:
    from metagraft.proto import TrackableObjectGraph

    graph = TrackableObjectGraph.FromString(content)
    return [
        [
            [(child.local_name, child.node_id) for child in node.children],
            [(a.name, a.full_name, a.checkpoint_key) for a in node.attributes],
            [
                (s.slot_name, s.original_variable_node_id, s.slot_variable_node_id)
                for s in node.slot_variables
            ],
            node.has_checkpoint_values.value,
        ]
        for node in graph.nodes
    ]


def _pair(tf: ModuleType) -> Any:
    v = tf.get_variable("v", initializer=[1.0, 2.0], use_resource=True)
    return v, tf.Variable([3.0], name="w/x")


def _running(tf: ModuleType) -> Any:
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    return session


def objects_of_every_kind(tf: ModuleType) -> Any:
    """MG-310: keys, names and numbers of all that can be saved."""
    v, w = _pair(tf)
    adam, momentum = tf.train.AdamOptimizer(), tf.train.MomentumOptimizer(0.1, 0.9)
    loss = tf.reduce_sum(v * v) + tf.reduce_sum(w * w)
    adam.minimize(loss)
    momentum.minimize(loss)
    layer = tf.layers.Dense(2, name="dd")
    layer(tf.ones([1, 3]))
    checkpoint = tf.train.Checkpoint(
        b=v,
        a=w,
        opt=adam,
        mom=momentum,
        l=[v, w, {"k": w, "y/z": v}],
        d={"x.y": v},
        t=(w, v),
        inner=tf.train.Checkpoint(v=v, later=tf.train.Checkpoint()),
        lay=layer,
        step=tf.train.get_or_create_global_step(),
    )
    checkpoint.added = tf.Variable(7, name="added")
    with _running(tf).as_default():
        checkpoint.save("m")
        shapes = tf.train.list_variables("m-1")
        return [shapes, _described(tf, "m-1")]


def _operators(tf: ModuleType) -> Any:
    """Return operators of many kinds that are made of variables."""
    names = iter(range(100))

    def parts(*shape: int) -> Any:
        name = f"part{next(names)}"
        initial = np.ones(shape, np.float32)
        return tf.get_variable(name, initializer=initial, use_resource=True)

    ops = tf.linalg
    diagonal = ops.LinearOperatorDiag(parts(2))
    full = ops.LinearOperatorFullMatrix(parts(2, 2))
    rows = [[diagonal], [full, ops.LinearOperatorLowerTriangular(parts(2, 2))]]
    return {
        "blocks": ops.LinearOperatorBlockDiag([full, ops.LinearOperatorIdentity(2)]),
        "rows": ops.LinearOperatorBlockLowerTriangular(rows),
        "update": ops.LinearOperatorLowRankUpdate(diagonal, parts(2, 1), parts(1)),
        "toeplitz": ops.LinearOperatorToeplitz(parts(3), parts(3)),
        "mirror": ops.LinearOperatorHouseholder(parts(2)),
        "factor": ops.LinearOperatorScaledIdentity(2, parts()),
        "adjoint": ops.LinearOperatorAdjoint(ops.LinearOperatorFullMatrix(parts(2, 2))),
        "product": ops.LinearOperatorComposition([diagonal, full]),
        "bands": ops.LinearOperatorTridiag(
            [parts(2), parts(2), parts(2)], diagonals_format="sequence"
        ),
        "zeros": ops.LinearOperatorZeros(2),
    }


def operators_are_modules(tf: ModuleType) -> Any:
    """MG-310: variables of operators, of modules that have them, and their keys."""
    module = tf.Module(name="holder")
    module.operators = _operators(tf)
    found = []
    for name, operator in sorted(module.operators.items()):
        variables = [variable.name for variable in operator.variables]
        inner = [type(part).__name__ for part in operator.submodules]
        found.append([name, isinstance(operator, tf.Module), variables, inner])
    found.append([variable.name for variable in module.trainable_variables])
    found.append([type(part).__name__ for part in module.submodules])
    checkpoint = tf.train.Checkpoint(module=module)
    with _running(tf).as_default():
        checkpoint.save("m")
        return [found, tf.train.list_variables("m-1"), _described(tf, "m-1")]


def generators_tables_and_files(tf: ModuleType) -> Any:
    """MG-310: what has a state, or none, beside variables."""
    Path("words.txt").write_text("a\nb\n", encoding="utf-8")
    asset = tf.saved_model.Asset("words.txt")
    lines = tf.lookup.TextFileInitializer(asset, tf.string, -2, tf.int64, -1)
    pairs = tf.lookup.KeyValueTensorInitializer(["a"], np.array([0], np.int64))
    table = tf.lookup.StaticHashTable(lines, -1)
    generator = tf.random.Generator.from_seed(1234, alg="philox")
    checkpoint = tf.train.Checkpoint(
        asset=asset,
        generator=generator,
        lines=lines,
        pairs=pairs,
        table=table,
        unknown=tf.lookup.StaticVocabularyTable(None, 3),
        words=tf.lookup.StaticVocabularyTable(pairs, 1),
    )
    drawn = generator.normal([2])
    with _running(tf).as_default() as session:
        session.run(tf.tables_initializer())
        found = [tf.io.read_file(asset), table.lookup(tf.constant(["b", "c"]))]
        found = [value.tolist() for value in map(np.asarray, session.run(found))]
        checkpoint.save("m")
        first = session.run(drawn)
        checkpoint.restore("m-1").assert_consumed().run_restore_ops()
        again = bool((first == session.run(drawn)).all())
        return [
            again,
            str(found),
            tf.train.list_variables("m-1"),
            _described(tf, "m-1"),
        ]


def saved_and_written(tf: ModuleType) -> Any:
    """MG-310: numbers, the state file, and a write that is not counted."""
    v, w = _pair(tf)
    checkpoint = tf.train.Checkpoint(v=v, w=w)
    with _running(tf).as_default():
        found = [checkpoint.save("sub/m"), checkpoint.save("sub/m")]
        state = Path("sub/checkpoint").read_text(encoding="utf-8")
        found += [checkpoint.write("sub/w"), state, tree()]
        found.append(_values(tf, "sub/w"))
    counter = checkpoint.save_counter
    return [*found, counter.op.name, counter.dtype.name, counter.trainable]


def _not_tracked(make: Callable[[ModuleType], Any]) -> Case:
    def case(tf: ModuleType) -> Any:
        """MG-310: what has no variables."""
        tf.train.Checkpoint(a=make(tf))
        return "made"

    return case


def _written(tf: ModuleType, **names: str) -> None:
    """Write a checkpoint of variables under these names."""
    with tf.Graph().as_default():
        made = {
            name: tf.Variable(np.float32(len(name)), name=var)
            for name, var in names.items()
        }
        checkpoint = tf.train.Checkpoint(**made)
        with _running(tf).as_default():
            checkpoint.save("m")


def _asserted(
    assertion: str, stored_names: str, names: str, checkpoint: str | None = "m-1"
) -> Case:
    def case(tf: ModuleType) -> Any:
        """MG-310: what the program has and the checkpoint has."""
        _written(tf, **{name: name for name in stored_names})
        made = {name: tf.Variable(9.0, name=name) for name in names}
        root = tf.train.Checkpoint(**made)
        status = root.restore(checkpoint)
        getattr(status, assertion)()
        with tf.Session() as session:
            status.initialize_or_restore(session)
            values = {name: session.run(var).item() for name, var in made.items()}
            return [values, session.run(root.save_counter).item()]

    return case


def restored_only(tf: ModuleType) -> Any:
    """MG-310: other variables stay without value."""
    _written(tf, a="a", b="b")
    a, c = tf.Variable(9.0, name="renamed"), tf.Variable(9.0)
    status = tf.train.Checkpoint(a=a, c=c).restore("m-1")
    with tf.Session() as session:
        status.run_restore_ops(session)
        status.expect_partial()
        return [
            session.run(a).item(),
            session.run(tf.is_variable_initialized(c)).item(),
        ]


def restored_slots(tf: ModuleType) -> Any:
    """MG-310: the variables of optimizers come back with their variable."""

    def program() -> Any:
        v = tf.get_variable("v", initializer=[1.0, 2.0])
        optimizer = tf.train.AdamOptimizer(0.5)
        step = optimizer.minimize(tf.reduce_sum(v * v))
        return v, optimizer, step

    with tf.Graph().as_default():
        v, optimizer, step = program()
        checkpoint = tf.train.Checkpoint(v=v, optimizer=optimizer)
        with _running(tf).as_default() as session:
            session.run(step)
            checkpoint.save("m")
    v, optimizer, step = program()
    checkpoint = tf.train.Checkpoint(v=v, optimizer=optimizer)
    status = checkpoint.restore("m-1").assert_consumed()
    with tf.Session() as session:
        status.run_restore_ops(session)
        slot = optimizer.get_slot(v, "m")
        return [
            session.run(each).tolist() for each in (v, slot, *optimizer.variables())
        ]


def not_all_restored_by_saver(tf: ModuleType) -> Any:
    """MG-310: a variable whose name the checkpoint lacks."""
    session = started(tf)
    tf.train.Saver().save(session, "m")
    with tf.Graph().as_default():
        root = tf.train.Checkpoint(new=tf.Variable(0.0, name="new"))
        status = root.restore("m")
        with tf.Session() as other:
            status.run_restore_ops(other)
    return "restored"


def warm_started_by_objects(tf: ModuleType) -> Any:
    """MG-320, MG-310: variables are found by the names that objects had."""
    _written(tf, a="one", b="two")
    one = tf.get_variable("one", [])
    tf.train.warm_start("m-1")
    return _running(tf).run(one).item()


def warm_started_without_object(tf: ModuleType) -> Any:
    """MG-321: a variable that no object had."""
    _written(tf, a="one")
    tf.get_variable("new", [])
    tf.train.warm_start("m-1")
    return "started"


def saver_reads_objects(tf: ModuleType) -> Any:
    """MG-289, MG-310: a saver finds the variables by their names."""
    _written(tf, a="one", b="two")
    made = [tf.Variable(0.0, name="two"), tf.Variable(0.0, name="one")]
    with tf.Session() as session:
        tf.train.Saver().restore(session, "m-1")
        return [session.run(each).item() for each in made]


# -- managers --------------------------------------------------------------------------


def _managed(saves: int, seconds: float = 600.0, **kwargs: Any) -> Case:
    def case(tf: ModuleType) -> Any:
        """MG-310: what is kept, and what the state file says before and after."""
        v, _ = _pair(tf)
        with clock(1_000_000.0) as now, _running(tf).as_default():
            checkpoint = tf.train.Checkpoint(v=v)
            manager = tf.train.CheckpointManager(checkpoint, "sub", **kwargs)
            found: list[Any] = [manager.latest_checkpoint, manager.checkpoints]
            for _ in range(saves):
                now[0] += seconds
                found.append(manager.save())
            found += [manager.checkpoints, manager.latest_checkpoint, tree()]
            found.append(Path("sub/checkpoint").read_text(encoding="utf-8"))
            now[0] += 1.0
            again = tf.train.CheckpointManager(checkpoint, Path("sub"), 1)
            found += [again.checkpoints, again.latest_checkpoint, again.directory]
            now[0] += 1.0
            found += [again.save(), again.checkpoints, tree()]
        return found

    return case


def _numbered(*numbers: Any) -> Case:
    def case(tf: ModuleType) -> Any:
        """MG-310: numbers of the caller's, also the same again."""
        v, _ = _pair(tf)
        step = tf.train.get_or_create_global_step()
        with clock(1_000_000.0) as now, _running(tf).as_default() as session:
            session.run(step.assign(41))
            manager = tf.train.CheckpointManager(
                tf.train.Checkpoint(v=v), "sub", 2, checkpoint_name="x"
            )
            found = []
            for number in numbers:
                now[0] += 10.0
                found.append(manager.save(step if number == "step" else number))
            return [found, manager.checkpoints, tree()]

    return case


def by_interval(tf: ModuleType) -> Any:
    """MG-310: saves that come too early do nothing."""
    v, _ = _pair(tf)
    step = tf.train.get_or_create_global_step()
    with clock(1_000_000.0) as now, _running(tf).as_default() as session:
        manager = tf.train.CheckpointManager(
            tf.train.Checkpoint(v=v), "sub", 3, step_counter=step, checkpoint_interval=3
        )
        found: list[Any] = [manager.checkpoint_interval]
        for number in (0, 1, 2, 3, 3, 5):
            now[0] += 10.0
            session.run(step.assign(number))
            found.append(manager.save())
        found += [
            manager.save(check_interval=False),
            manager.save(check_interval=False),
        ]
        return found


def restored_or_initialised(tf: ModuleType) -> Any:
    """MG-310: without a checkpoint the function is called."""
    v, _ = _pair(tf)
    called: list[int] = []
    with clock(1_000_000.0) as now, _running(tf).as_default():
        manager = tf.train.CheckpointManager(
            tf.train.Checkpoint(v=v), "sub", 3, init_fn=lambda: called.append(1)
        )
        found = [manager.restore_or_initialize(), len(called)]
        now[0] += 10.0
        manager.save()
        return [*found, manager.restore_or_initialize(), len(called)]


def _wrong_manager(*args: Any, **kwargs: Any) -> Case:
    def case(tf: ModuleType) -> Any:
        """MG-310: numbers that make no sense."""
        tf.train.CheckpointManager(tf.train.Checkpoint(), "sub", *args, **kwargs)
        return "made"

    return case


CASES: dict[str, Case] = {
    "objects_of_every_kind": objects_of_every_kind,
    "operators_are_modules": operators_are_modules,
    "generators_tables_and_files": generators_tables_and_files,
    "saved_and_written": saved_and_written,
    "not_tracked_number": _not_tracked(lambda tf: 3),
    "not_tracked_none": _not_tracked(lambda tf: None),
    "not_tracked_tensor": _not_tracked(lambda tf: tf.constant(1.0)),
    "tracked_list": _not_tracked(lambda tf: [3]),
    **{
        f"{assertion} {theirs} {ours}": _asserted(assertion, theirs, ours)
        for assertion in (
            "assert_consumed",
            "assert_existing_objects_matched",
            "assert_nontrivial_match",
        )
        for theirs, ours in (("ab", "ab"), ("ab", "a"), ("a", "ab"), ("a", "b"))
    },
    "nothing_to_restore": _asserted("expect_partial", "a", "a", None),
    "nothing_consumed": _asserted("assert_consumed", "a", "a", None),
    "no_such_checkpoint": _asserted("expect_partial", "a", "a", "zz"),
    "restored_only": restored_only,
    "restored_slots": restored_slots,
    "not_all_restored_by_saver": not_all_restored_by_saver,
    "warm_started_by_objects": warm_started_by_objects,
    "warm_started_without_object": warm_started_without_object,
    "saver_reads_objects": saver_reads_objects,
    "managed": _managed(4, max_to_keep=2),
    "managed_all": _managed(3, max_to_keep=None),
    "managed_for_good": _managed(
        6, max_to_keep=2, keep_checkpoint_every_n_hours=0.3, checkpoint_name="mine"
    ),
    "numbered": _numbered(5, np.int64(7), "step", 7, True),
    "by_interval": by_interval,
    "restored_or_initialised": restored_or_initialised,
    "manager_of_none": _wrong_manager(0),
    "manager_of_less": _wrong_manager(-1),
    "manager_without_counter": _wrong_manager(1, checkpoint_interval=3),
}
