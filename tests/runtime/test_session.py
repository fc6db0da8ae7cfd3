"""Sessions: structures, lifetimes, defaults, containers, and what they refuse."""

from __future__ import annotations

import collections
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from metagraft import errors
from metagraft.graph import defaults, dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.graph import Graph
from metagraft.proto import ConfigProto, RunMetadata, RunOptions
from metagraft.runtime.session import InteractiveSession, Session


@pytest.fixture
def graph() -> Iterator[Graph]:
    """A default graph of its own."""
    with Graph().as_default() as made:
        yield made


def counter(container: str = "", shared_name: str = "") -> tuple[Any, Any, Any]:
    """Make a variable; return it, its initialiser and an update."""
    w = op(
        "VariableV2",
        shape=[],
        dtype=dtypes.float32,
        container=container,
        shared_name=shared_name,
    )
    return (
        w,
        op("Assign", ref=w, value=np.float32(0)).op,
        op("AssignAdd", ref=w, value=np.float32(1)),
    )


# -- fetches and feeds -----------------------------------------------------------------


@dataclass
class Record:
    """Two fetches."""

    first: Any
    second: Any


class AttrsLike:
    """Looks like a class that `attrs` decorated."""

    @dataclass
    class _Attribute:
        name: str

    __attrs_attrs__ = (_Attribute("value"),)

    def __init__(self, value: Any) -> None:
        self.value = value


def test_structures(graph: Graph) -> None:
    """Results have the kind of the structure that was fetched."""
    del graph
    x = op("AddV2", x=1.0, y=2.0)
    ordered = collections.OrderedDict([("b", x), ("a", [x])])
    counted = collections.defaultdict(list, {"a": x})
    with Session() as session:
        for _ in range(2):  # the second time from the cache
            result = session.run(Record(x, {"k": x}))
            assert result == Record(3.0, {"k": 3.0})
            assert session.run(AttrsLike(x)).value == 3.0
            found = session.run(ordered)
            assert list(found.items()) == [("b", 3.0), ("a", [3.0])]
            assert type(found) is collections.OrderedDict
            again = session.run(counted)
            assert again == {"a": 3.0}
            assert again.default_factory is list
            assert session.run([x, x, (x,)]) == [3.0, 3.0, (3.0,)]


def test_tuple_keys(graph: Graph) -> None:
    """A tuple of tensors is fed a tuple of values."""
    del graph
    x, y = (op("Placeholder", dtype=dtypes.float32, shape=[]) for _ in range(2))
    z = op("Sub", x=x, y=y)
    with Session() as session:
        for _ in range(2):
            assert session.run(z, {(x, y): (5.0, 3.0)}) == 2.0
        with pytest.raises(ValueError, match="Key had 2 elements, but value had 1"):
            session.run(z, {(x, y): 5.0})


def test_fed_twice(graph: Graph) -> None:
    """Of two values for one tensor the last one counts."""
    del graph
    x = op("Placeholder", dtype=dtypes.float32, shape=[], name="x")
    y = op("Neg", x=x)
    with Session() as session:
        assert session.run(y, {x: 1.0, "x:0": 2.0}) == -2.0


def test_results_are_the_callers(graph: Graph) -> None:
    """Changing a result changes neither constants nor feeds nor other results."""
    del graph
    x = op("Placeholder", dtype=dtypes.float32, shape=[2])
    same = op("Identity", input=x)
    constant = op("ZerosLike", x=np.ones(2, np.float32))
    feed = np.ones(2, np.float32)
    with Session() as session:
        for fetch in (same, constant, op("Reshape", tensor=x, shape=[1, 2])):
            first = session.run(fetch, {x: feed})
            before = first.copy()
            first[...] = 9
            np.testing.assert_array_equal(session.run(fetch, {x: feed}), before)
        np.testing.assert_array_equal(feed, [1, 1])


def test_assigned_feed_is_copied(graph: Graph) -> None:
    """A variable does not share memory with the array that was assigned to it."""
    del graph
    x = op("Placeholder", dtype=dtypes.float32, shape=[2])
    w = op("VariableV2", shape=[2], dtype=dtypes.float32)
    assign = op("Assign", ref=w, value=x)
    feed = np.ones(2, np.float32)
    with Session() as session:
        fetched = session.run(assign, {x: feed})
        feed[...] = 5
        fetched[...] = 6
        np.testing.assert_array_equal(session.run(w), [1, 1])


def test_changed_graph(graph: Graph) -> None:
    """A run sees an input that was replaced after an earlier run."""
    x, y = (op("Placeholder", dtype=dtypes.float32, shape=[]) for _ in range(2))
    z = op("Neg", x=x)
    with Session() as session:
        assert session.run(z, {x: 1.0}) == -1.0
        graph.replace_input(z.op, 0, y)
        z.op._inputs = None
        assert session.run(z, {y: 2.0}) == -2.0


# -- state -----------------------------------------------------------------------------


def test_shared_name(graph: Graph) -> None:
    """Two nodes with one shared name are one variable."""
    del graph
    first, initialize, update = counter(shared_name="both")
    second, _, _ = counter(shared_name="both")
    with Session() as session:
        session.run(initialize)
        session.run(update)
        assert session.run([first, second]) == [1.0, 1.0]


def test_failed_run_changes_nothing(graph: Graph) -> None:
    """If any operation fails, no variable changes."""
    del graph
    w, initialize, update = counter()
    x = op("Placeholder", dtype=dtypes.float32)
    fails = op("Add", x=x, y=np.ones(3, np.float32))
    with Session() as session:
        session.run(initialize)
        with pytest.raises(errors.InvalidArgumentError, match="Incompatible shapes"):
            session.run([update, fails], {x: np.ones(2)})
        assert session.run(w) == 0.0


def test_random_stream_of_a_failed_run(graph: Graph) -> None:
    """A run that fails does not move the random streams."""
    del graph
    x = op("Placeholder", dtype=dtypes.float32)
    numbers = op("RandomUniform", shape=[3], dtype=dtypes.float32, seed=1, seed2=2)
    total = op("Add", x=numbers, y=x)
    with Session() as session, Session() as other:
        with pytest.raises(errors.InvalidArgumentError):
            session.run(total, {x: np.ones(2)})
        first = session.run(total, {x: 0.0})
        np.testing.assert_array_equal(first, other.run(total, {x: 0.0}))
        assert (first != session.run(total, {x: 0.0})).all()


def test_unseeded_streams_differ(graph: Graph) -> None:
    """Without seeds every session draws its own numbers."""
    del graph
    numbers = op("RandomUniform", shape=[3], dtype=dtypes.float32)
    with Session() as session, Session() as other:
        assert (session.run(numbers) != other.run(numbers)).all()


def test_reset_clears_containers(graph: Graph) -> None:
    """`reset` forgets variables and closes the sessions."""
    del graph
    w, initialize, _ = counter(container="mine")
    session = Session()
    session.run(initialize)
    Session.reset("", ["other"])
    with pytest.raises(errors.CancelledError, match="Session has been closed"):
        session.run(w)
    session.close()


def test_clearing_one_container(graph: Graph) -> None:
    """Clearing a container leaves the others."""
    del graph
    mine, initialize_mine, _ = counter(container="mine")
    yours, initialize_yours, _ = counter(container="yours")
    with Session() as session:
        session.run([initialize_mine, initialize_yours])
        session._store.clear(["mine"])
        assert session.run(yours) == 0.0
        with pytest.raises(errors.FailedPreconditionError):
            session.run(mine)


def test_destroyed_variable(graph: Graph) -> None:
    """A destroyed resource variable has no value any more."""
    del graph
    handle = op("VarHandleOp", shape=[], dtype=dtypes.float32, shared_name="v")
    assign = op("AssignVariableOp", resource=handle, value=np.float32(1))
    read = op("ReadVariableOp", resource=handle, dtype=dtypes.float32)
    is_there = op("VarIsInitializedOp", resource=handle)
    with Session() as session:
        session.run(assign)
        assert session.run([read, is_there]) == [1.0, True]
        session.run(op("DestroyResourceOp", resource=handle))
        assert not session.run(is_there)
        with pytest.raises(errors.FailedPreconditionError, match="variable v"):
            session.run(read)


def test_wrong_type_for_a_handle(graph: Graph) -> None:
    """A resource variable is assigned values of its type only."""
    del graph
    handle = op("VarHandleOp", shape=[], dtype=dtypes.float32, shared_name="v")
    with pytest.raises((errors.InvalidArgumentError, ValueError)):
        Session().run(op("AssignVariableOp", resource=handle, value=np.float64(1)))


def test_first_value_of_a_variable_decides_its_shape(graph: Graph) -> None:
    """A validated assignment keeps the shape that is held, not the declared one."""
    del graph
    handle = op("VarHandleOp", shape=[2], dtype=dtypes.float32, shared_name="v")
    value = op("Placeholder", dtype=dtypes.float32, shape=None)
    assign = op("AssignVariableOp", resource=handle, value=value, validate_shape=True)
    read = op("ReadVariableOp", resource=handle, dtype=dtypes.float32)
    with Session() as session:
        for turn in range(3):  # on the host, and compiled
            session.run(assign, {value: np.full(3, turn, np.float32)})
            assert session.run(read).tolist() == [turn] * 3
        with pytest.raises(errors.InvalidArgumentError, match="wrong shape"):
            session.run(assign, {value: np.zeros(2, np.float32)})


# -- life ------------------------------------------------------------------------------


def test_default_sessions_nest(graph: Graph) -> None:
    """The innermost session is the default; blocks restore the one around them."""
    del graph
    assert defaults.get_default_session() is None
    with Session() as outer:
        with Session().as_default() as inner:
            assert defaults.get_default_session() is inner
        assert defaults.get_default_session() is outer
    assert defaults.get_default_session() is None


def test_interactive_session(caplog: pytest.LogCaptureFixture) -> None:
    """It is the default until closed; a second one is warned of."""
    graph = Graph()
    session = InteractiveSession(graph=graph)
    try:
        assert defaults.get_default_session() is session
        assert defaults.get_default_graph() is graph
        assert op("AddV2", x=1.0, y=2.0).eval() == 3.0
        assert not caplog.records
        second = InteractiveSession()
        assert "already active" in caplog.text
        second.close()
        assert defaults.get_default_session() is session
    finally:
        session.close()
        session.close()
    assert defaults.get_default_session() is None
    assert defaults.get_default_graph() is not graph


def test_properties(graph: Graph) -> None:
    """A session knows its graph, target and devices."""
    op("NoOp", name="nothing")
    session = Session(config=ConfigProto(allow_soft_placement=True))
    assert session.graph is graph
    assert session.sess_str == b""
    assert [node.name for node in session.graph_def.node] == ["nothing"]
    device = session.list_devices()[0]
    assert device.name == "/job:localhost/replica:0/task:0/device:CPU:0"
    assert device.device_type == "CPU"
    assert session.run("nothing", None, RunOptions(), RunMetadata()) is None


def test_callables(graph: Graph) -> None:
    """A callable checks its fetches at once and takes options if asked to."""
    del graph
    x = op("AddV2", x=1.0, y=2.0)
    with Session() as session:
        run = session.make_callable(x, accept_options=True)
        assert run(options=RunOptions(), run_metadata=RunMetadata()) == 3.0
        assert session.make_callable(x.op)() is None
        with pytest.raises(TypeError, match="must be a list or tuple"):
            session.make_callable(x, x)
        with pytest.raises(ValueError, match="not in the graph"):
            session.make_callable("nowhere")


# -- refusals --------------------------------------------------------------------------


def test_missing_kernels_are_listed(graph: Graph) -> None:
    """All operations that cannot run are named before anything runs."""
    _, initialize, update = counter()
    first, _ = op("AnonymousMemoryCache", name="p")
    second, _ = op("AnonymousMemoryCache")
    custom = graph.create_op("ThirdParty", [], [dtypes.float32], name="odd").outputs[0]
    with Session() as session:
        session.run(initialize)
        with pytest.raises(
            errors.UnimplementedError,
            match=r"2 op types have no kernel: AnonymousMemoryCache "
            r"\(2 nodes, first 'p'\), "
            r"ThirdParty \(not an op of TensorFlow; 1 node, 'odd'\)",
        ):
            session.run([update, first, second, custom])
        assert session.run(update) == 1.0


def test_cycle(graph: Graph) -> None:
    """Operations that wait for each other are named."""
    x = op("Placeholder", dtype=dtypes.float32, shape=[])
    first = op("Neg", x=x, name="first")
    second = op("Neg", x=first, name="second")
    graph.replace_input(first.op, 0, second)
    first.op._inputs = None
    with pytest.raises(errors.InvalidArgumentError, match=r"cycle.*first.*second"):
        Session().run(second, {x: 1.0})


def test_update_of_a_fed_variable(graph: Graph) -> None:
    """A variable whose reference is fed cannot be updated."""
    del graph
    w, initialize, update = counter()
    with Session() as session:
        session.run(initialize)
        with pytest.raises(
            errors.InvalidArgumentError, match="must lead back to a var"
        ):
            session.run(update, {w: 1.0})


def test_partial_run_and_targets(graph: Graph) -> None:
    """Unknown handles and targets are refused."""
    del graph
    x = op("AddV2", x=1.0, y=2.0)
    with Session() as session:
        handle = session.partial_run_setup(x)
        assert session.partial_run(handle, x) == 3.0
        with pytest.raises(errors.InvalidArgumentError, match="Must run 'setup'"):
            session.partial_run("handle", x)
    with pytest.raises(errors.UnimplementedError, match="another process"):
        Session("grpc://localhost:1")


def test_partial_run_updates_once(graph: Graph) -> None:
    """What an update gave in one part is there in the next; a run ends with all had."""
    del graph
    w, initialize, _ = counter()
    amount, factor = (op("Placeholder", dtype=dtypes.float32) for _ in range(2))
    update = op("AssignAdd", ref=w, value=amount)
    product = op("Mul", x=update, y=factor)
    with Session() as session:
        session.run(initialize)
        before = session.run(w)
        handle = session.partial_run_setup([update, product], [amount, factor])
        assert session.partial_run(handle, update, {amount: 3.0}) == before + 3.0
        result = session.partial_run(handle, product, {factor: 2.0})
        assert result == 2.0 * (before + 3.0)
        assert session.run(w) == before + 3.0
        with pytest.raises(errors.InvalidArgumentError, match="Must run 'setup'"):
            session.partial_run(handle, product, {factor: 2.0})


@pytest.mark.parametrize("count", [0, 1, 3])
def test_number_of_devices(graph: Graph, count: int) -> None:
    """A session has as many devices of the host as its options say."""
    del graph
    if not count:
        with pytest.raises(errors.NotFoundError, match="No CPU devices are available"):
            Session(config=ConfigProto(device_count={"CPU": 0}))
        return
    with Session(config=ConfigProto(device_count={"CPU": count})) as session:
        found = [d.name for d in session.list_devices() if d.device_type == "CPU"]
    assert found == [
        f"/job:localhost/replica:0/task:0/device:CPU:{i}" for i in range(count)
    ]


def test_wrong_messages(graph: Graph) -> None:
    """Options must be messages of their class."""
    del graph
    x = op("AddV2", x=1.0, y=2.0)
    with Session() as session:
        with pytest.raises(TypeError, match="RunOptions"):
            session.run(x, options=3)
        with pytest.raises(TypeError, match="RunMetadata"):
            session.run(x, run_metadata=RunOptions())


def test_wrong_kernel_type(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that returns another type than its op declares is found out."""
    del graph
    from metagraft.kernels import Kernel
    from metagraft.runtime import planning

    wrong = Kernel(lambda attrs, x: (np.float64(1),))
    real = planning.kernel_for
    monkeypatch.setattr(
        planning, "kernel_for", lambda name: wrong if name == "Neg" else real(name)
    )
    with pytest.raises(errors.InternalError, match=r"returned float64.*float32"):
        Session().run(op("Neg", x=np.float32(1)))


@pytest.mark.parametrize("dtype", [dtypes.resource, dtypes.variant])
def test_feeds_of_handles(graph: Graph, dtype: dtypes.DType) -> None:
    """Texts and numbers are no handles of variables."""
    del graph
    handle = op("Placeholder", dtype=dtype, name="handle")
    for value in ("text", b"text", 1, None):
        with Session() as session, pytest.raises(TypeError, match="Cannot feed"):
            session.run(op("Identity", input=handle), {handle: value})


def test_metadata_of_runs(graph: Graph) -> None:
    """A traced run tells when it began and how long it took, and what ran."""
    x = op("Placeholder", dtype=dtypes.float32, shape=[], name="x")
    y = op("Neg", x=x, name="y")
    op("Neg", x=y, name="unused")
    metadata = RunMetadata()
    metadata.step_stats.dev_stats.add(device="of the run before")
    options = RunOptions(
        trace_level=RunOptions.FULL_TRACE, output_partition_graphs=True
    )
    began = time.time_ns()
    with Session() as session:
        assert session.run(y, {x: 2.0}, options, metadata) == -2.0
    (device,) = metadata.step_stats.dev_stats
    (entry,) = device.node_stats
    assert device.device.endswith("CPU:0")
    assert began <= entry.all_start_nanos <= time.time_ns()
    assert 0 < entry.all_end_rel_nanos <= time.time_ns() - began
    (part,) = metadata.partition_graphs
    assert [node.name for node in part.node] == ["x", "y"]
    assert part.versions.producer > 0


def test_engines_that_nobody_knows() -> None:
    """The name of an engine that does not exist is in the error."""
    expected = 'No session factory registered.*target: "nowhere"'
    with pytest.raises(errors.NotFoundError, match=expected):
        Session("nowhere")
