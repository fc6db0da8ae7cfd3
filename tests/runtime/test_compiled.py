"""Compiled plans: the same results as on the host, cut only where needed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pytest

from metagraft import errors
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.graph import Graph
from metagraft.graph.shapes import TensorShape
from metagraft.runtime import compile, program
from metagraft.runtime.segments import Findings, cut
from metagraft.runtime.session import Session


@pytest.fixture
def always_compile(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compile every plan when it is first run."""
    monkeypatch.setattr(program, "DISPATCH_NS", -1.0)
    monkeypatch.setattr(program, "compile_ns", lambda _: 0.0)


pytestmark = pytest.mark.usefixtures("always_compile")


@pytest.fixture
def session() -> Iterator[Session]:
    """A session of a graph of its own."""
    with Graph().as_default(), Session() as opened:
        yield opened


def variable(session: Session, value: Any, name: str = "w") -> Any:
    """Make an initialised reference variable."""
    array = np.asarray(value)
    w = op(
        "VariableV2", shape=array.shape, dtype=dtypes.as_dtype(array.dtype), name=name
    )
    session.run(op("Assign", ref=w, value=array))
    return w


def placeholder(shape: Any, dtype: Any = dtypes.float32) -> Any:
    """Make a placeholder."""
    return op("Placeholder", dtype=dtype, shape=shape)


def segments(session: Session) -> list[tuple[bool, int]]:
    """Return (runs on the device, number of nodes) per segment of the last program."""
    programs = [p._compiled for p in session._programs.values()]
    compiled = [program for program in programs if program is not None][-1]
    return [(s.on_device, len(s.nodes)) for s in compiled.segments]


FLOATS = np.arange(6, dtype=np.float32).reshape(2, 3)


def test_update_is_one_program(session: Session) -> None:
    """A step that reads, computes and updates is one program, run again and again."""
    w = variable(session, FLOATS)
    x = placeholder([None, 2])
    read = op("Identity", input=w)
    y = op("MatMul", a=x, b=read)
    update = op("AssignSub", ref=w, value=op("Mul", x=read, y=np.float32(0.5)))
    feed = np.ones((4, 2), np.float32)
    for step in range(3):
        now = FLOATS * 0.5**step
        fetched = session.run([y, update.op], {x: feed})
        np.testing.assert_array_equal(fetched[0], feed @ now)
    np.testing.assert_array_equal(session.run(w), FLOATS * 0.125)
    assert segments(session) == [(True, 3)]


def test_results_do_not_alias_variables(session: Session) -> None:
    """Changing a fetched array changes no variable, constant or other result."""
    large = np.zeros((300, 300), np.float32)
    w = variable(session, large)
    constant = op("Const", value=_proto(large), dtype=dtypes.float32)
    same = op("Identity", input=w)
    for fetch in (w, constant, op("Reshape", tensor=w, shape=[90000])):
        found = session.run(fetch)
        found[...] = 7
        np.testing.assert_array_equal(session.run(fetch).ravel(), large.ravel())
    first, second = session.run([w, same])
    first[...] = 7
    assert not second.any()
    fetched, _ = session.run([w, op("AssignAdd", ref=w, value=large + 1).op])
    fetched[...] = 7
    np.testing.assert_array_equal(session.run(w), large + 1)


def _proto(value: Any) -> Any:
    from metagraft.graph.tensor_values import make_tensor_proto

    return make_tensor_proto(value)


def test_feeds_may_change_after_the_run(session: Session) -> None:
    """A fed array can be overwritten when `run` has returned."""
    x = placeholder([600, 600])
    w = variable(session, np.zeros((600, 600), np.float32))
    y = x
    for _ in range(4):
        y = op("MatMul", a=y, b=x)
    assign = op("Assign", ref=w, value=y)
    kept = op("Assign", ref=w, value=x)
    feed = np.full((600, 600), 1e-3, np.float32)
    expected = session.run(y, {x: feed})
    for _ in range(3):
        changing = feed.copy()
        session.run(assign.op, {x: changing})
        changing[...] = 0
        np.testing.assert_array_equal(session.run(w), expected)
    changing = feed.copy()
    session.run(kept.op, {x: changing})
    changing[...] = 0
    np.testing.assert_array_equal(session.run(w), feed)


def test_fed_static_operand(session: Session) -> None:
    """A shape computed from feeds becomes part of the program's signature."""
    x, rows = placeholder([None]), placeholder([], dtypes.int32)
    y = op("Reshape", tensor=op("Neg", x=x), shape=op("Pack", values=[rows, -1]))
    feed = np.arange(6, dtype=np.float32)
    for count in (2, 3, 2):
        result = session.run(y, {x: feed, rows: count})
        np.testing.assert_array_equal(result, -feed.reshape(count, -1))
    assert [on_device for on_device, _ in segments(session)] == [False, True]


def test_shapes_are_known_while_tracing(session: Session) -> None:
    """What only depends on shapes does not cut a program."""
    x = placeholder([None, None])
    hidden = op("MatMul", a=x, b=x)
    y = op("Fill", dims=op("Shape", input=hidden), value=np.float32(2))
    z = op("Reshape", tensor=op("Mul", x=hidden, y=y), shape=[-1])
    feed = np.ones((3, 3), np.float32)
    np.testing.assert_array_equal(session.run(z, {x: feed}), np.full(9, 6))
    assert [on_device for on_device, _ in segments(session)] == [True]


def test_cut_at_computed_shape(session: Session) -> None:
    """A shape computed on the device is fetched, and the program goes on."""
    w = variable(session, np.full((64, 64), 1 / 64, np.float32))
    total = op("Sum", input=op("MatMul", a=w, b=w), reduction_indices=[0, 1])
    size = op("Cast", x=total, DstT=dtypes.int32)
    y = op("Fill", dims=op("Pack", values=[size]), value=np.float32(1))
    z = op("Sum", input=op("Mul", x=y, y=total), reduction_indices=[0])
    np.testing.assert_allclose(session.run(z), 64 * 64, rtol=1e-5)
    assert [on_device for on_device, _ in segments(session)] == [True, True]


def test_what_has_run_stays_compiled(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that a later segment wants to know is found in one run, and it goes on."""
    compiled: list[Any] = []
    make = compile._Executable
    monkeypatch.setattr(
        compile, "_Executable", lambda *args: compiled.append(args) or make(*args)
    )
    w = variable(session, np.ones((3, 3), np.float32))
    x = placeholder([None, 3])
    layers = [x]
    for _ in range(3):
        layers.append(op("MatMul", a=layers[-1], b=w))
    count = op(
        "Cast",
        x=op("Sum", input=layers[-1], reduction_indices=[0, 1]),
        DstT=dtypes.int32,
    )
    ones = op("Fill", dims=op("Pack", values=[count]), value=np.float32(1))
    total = op("Sum", input=ones, reduction_indices=[0])
    filled = [
        op("Fill", dims=op("Shape", input=layer), value=total) for layer in layers[1:]
    ]
    updated = op("AssignAdd", ref=w, value=np.zeros((3, 3), np.float32))
    for _ in range(3):
        found = session.run([*filled, updated], {x: np.ones((2, 3), np.float32)})
        for array in found[:-1]:
            np.testing.assert_array_equal(array, np.full((2, 3), 162, np.float32))
    assert len(segments(session)) == len(compiled) == 2


def test_merged_references_on_the_host(session: Session) -> None:
    """Nothing makes the values of references that nothing reads."""
    w = variable(session, np.float32(1))
    p = placeholder([], dtypes.bool)
    taken = op("RefSwitch", data=w, pred=p)
    updated = [op("AssignAdd", ref=ref, value=np.float32(2)) for ref in taken]
    merged, _ = op("RefMerge", inputs=updated)
    session.run(merged.op, {p: True})
    plan = next(iter(session._programs.values()))._plan
    merge = next(node for node in plan.nodes if node.op.type == "RefMerge")
    parts = cut(plan, Findings(host_nodes={merge}))
    assert any(merge in part.nodes and not part.on_device for part in parts.segments)


def test_strings_run_on_the_host(session: Session) -> None:
    """An op on strings takes what a program computed, and nothing is computed twice."""
    w = variable(session, np.float32(0))
    update = op("AssignAdd", ref=w, value=np.float32(1))
    name = op("ShardedFilename", basename="a", shard=_int(update), num_shards=9)
    assert session.run(name) == b"a-00001-of-00009"
    assert session.run([name, w]) == [b"a-00002-of-00009", 2.0]


def _int(tensor: Any) -> Any:
    return op("Cast", x=tensor, DstT=dtypes.int32)


def test_random_streams_continue(session: Session) -> None:
    """Seeded numbers are those of the host, and go on from run to run."""
    x = op("RandomUniform", shape=[5], dtype=dtypes.float32, seed=3, seed2=5)
    y = op("Add", x=x, y=np.float32(0))
    compiled = [session.run(y) for _ in range(3)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(program, "DISPATCH_NS", float("inf"))
        patch.setattr(program, "compile_ns", lambda _: float("inf"))
        with Session() as other:
            on_host = [other.run(y) for _ in range(3)]
    np.testing.assert_array_equal(compiled, on_host)
    assert len({value.tobytes() for value in compiled}) == 3


def test_a_draw_costs_its_rounds_for_few_numbers_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Steps with dropout leave the host as early as others of the same time."""
    monkeypatch.setattr(program, "compile_ns", lambda _: float("inf"))
    x = placeholder([2])
    draws = [op("RandomUniform", shape=[2], dtype=dtypes.float32) for _ in range(9)]
    costs: list[float] = []
    for fetches in (op("Neg", x=x), draws):
        with Session() as other:
            other.run(fetches, {x: np.ones(2)})
            (runs,) = other._programs.values()
        costs.extend(s.cost_ns or 0.0 for s in runs._signatures.values())
    assert 0.0 < 9 * 30 * costs[0] < costs[1]


def test_numbers_of_rows_that_keep_changing_are_not_compiled(session: Session) -> None:
    """A mask leaves another number in every run; what comes often is compiled."""
    x = placeholder([None])
    kept = op("Where", input=op("Greater", x=x, y=np.float32(0)))
    doubled = op("Add", x=kept, y=kept)

    def programs_after(counts: Iterable[int], seconds: float | None = None) -> int:
        if seconds is not None:  # to compile
            (run,) = session._programs.values()
            for runner in run._compiled._runners:  # type: ignore[union-attr]
                if hasattr(runner, "_rare"):
                    runner._rare.compile_seconds = seconds
        for count in counts:
            values = np.where(np.arange(100) < count, 1.0, -1.0)
            expected = 2 * np.arange(count)[:, None]
            np.testing.assert_array_equal(session.run(doubled, {x: values}), expected)
        (run,) = session._programs.values()
        runners = run._compiled._runners  # type: ignore[union-attr]
        return max(len(getattr(r, "_executables", ())) for r in runners)

    assert programs_after(range(1, 50)) == 4
    assert programs_after([3] * 5) == 4
    assert programs_after([60] * 50, seconds=1e6) == 4
    assert programs_after([60] * 5, seconds=0.0) == 5


def _branches(predicate: Any, x: Any) -> tuple[Any, Any]:
    inside = op("Identity", input=predicate)
    when_false, when_true = op("Switch", data=x, pred=inside)
    doubled = op("Mul", x=when_true, y=np.float32(2))
    merged, index = op("Merge", inputs=[op("Neg", x=when_false), doubled])
    return merged, index


def test_fed_condition(session: Session) -> None:
    """The branch that is not taken is not part of the program."""
    x, flag = placeholder([2]), placeholder([], dtypes.bool)
    merged, index = _branches(flag, x)
    for taken, expected in ((True, [2, 4]), (False, [-1, -2])):
        value, position = session.run([merged, index], {x: [1, 2], flag: taken})
        np.testing.assert_array_equal(value, expected)
        assert position == int(taken)
    assert segments(session) == [(True, 3)]


def test_computed_condition(session: Session) -> None:
    """A condition computed in the program selects, and updates only where it holds."""
    x = placeholder([2])
    w = variable(session, np.zeros(2, np.float32))
    total = op("Sum", input=op("Mul", x=x, y=x), reduction_indices=[0])
    predicate = op("Greater", x=total, y=np.float32(5))
    merged, _ = _branches(predicate, x)
    _, branch_w = op("RefSwitch", data=w, pred=predicate)
    update = op("AssignAdd", ref=branch_w, value=np.ones(2, np.float32))
    for feed, expected, state in (([1, 1], [-1, -1], 0), ([2, 2], [4, 4], 1)):
        value, _ = session.run([merged, update.op], {x: feed})
        np.testing.assert_array_equal(value, expected)
        np.testing.assert_array_equal(session.run(w), [state, state])


def test_branches_of_different_shapes(session: Session) -> None:
    """If the branches' shapes differ, the condition is computed first."""
    x = placeholder([4])
    total = op("Sum", input=x, reduction_indices=[0])
    predicate = op("Greater", x=total, y=np.float32(5))
    when_false, when_true = op("Switch", data=x, pred=predicate)
    short = op("Slice", input=when_true, begin=[0], size=[1])
    merged, _ = op("Merge", inputs=[op("Neg", x=when_false), short])
    assert session.run(merged, {x: [9, 0, 0, 0]}).shape == (1,)
    assert session.run(merged, {x: [1, 0, 0, 0]}).shape == (4,)


def test_fetch_from_untaken_branch(session: Session) -> None:
    """What is in a branch that is not taken has no value."""
    x, flag = placeholder([2]), placeholder([], dtypes.bool)
    _, when_true = op("Switch", data=x, pred=flag)
    with pytest.raises(errors.InvalidArgumentError, match="does not have value"):
        session.run(op("Neg", x=when_true), {x: [1, 2], flag: False})


def test_failed_check_changes_nothing(session: Session) -> None:
    """A check inside a program fails the run before variables change."""
    w = variable(session, np.zeros(2, np.float32))
    x = placeholder([2])
    checked = op("CheckNumerics", tensor=op("Log", x=x), message="log of x")
    update = op("AssignAdd", ref=w, value=checked)
    session.run(update.op, {x: [1, 1]})
    with pytest.raises(
        errors.InvalidArgumentError, match=r"log of x : .* NaN"
    ) as raised:
        session.run(update.op, {x: [np.e, -1]})
    assert raised.value.op is checked.op
    np.testing.assert_array_equal(session.run(w), [0, 0])
    session.run(update.op, {x: [np.e, np.e]})
    np.testing.assert_allclose(session.run(w), [1, 1], rtol=1e-6)
    assert segments(session) == [(True, 3)]


def test_assert_in_program(session: Session) -> None:
    """An assertion with text does not cut a program."""
    x = placeholder([2])
    total = op("Sum", input=x, reduction_indices=[0])
    condition = op("Greater", x=total, y=np.float32(0))
    check = op("Assert", condition=condition, data=["total:", total])
    with session.graph.control_dependencies([check]):
        y = op("Mul", x=x, y=np.float32(2))
    np.testing.assert_array_equal(session.run(y, {x: [1, 2]}), [2, 4])
    with pytest.raises(errors.InvalidArgumentError, match=r"\[total:\] \[-3\]"):
        session.run(y, {x: [-1, -2]})
    assert [on_device for on_device, _ in segments(session)] == [True]


def test_kernel_error_names_the_operation(session: Session) -> None:
    """Operands that do not fit fail with the operation, while it is traced, too."""
    x, y = placeholder(None), placeholder(None)
    z = op("Add", x=x, y=y, name="total")
    with pytest.raises(
        errors.InvalidArgumentError, match=r"Incompatible shapes: \[2\] vs. \[3\]"
    ) as raised:
        session.run(z, {x: [1, 2], y: [1, 2, 3]})
    assert raised.value.op is z.op
    assert "test_compiled.py" in str(raised.value)


def test_uninitialized(session: Session) -> None:
    """A program does not start before its variables have values."""
    w = op("VariableV2", shape=[2], dtype=dtypes.float32, name="w")
    y = op("Neg", x=op("Identity", input=w))
    with pytest.raises(errors.FailedPreconditionError, match="uninitialized value w"):
        session.run(y)
    session.run(op("Assign", ref=w, value=np.ones(2, np.float32)))
    np.testing.assert_array_equal(session.run(y), [-1, -1])


def test_large_constants_are_arguments(session: Session) -> None:
    """A frozen weight is handed to the program, not compiled into it."""
    weight = np.random.default_rng(0).standard_normal((128, 128)).astype(np.float32)
    x = placeholder([None, 128])
    y = op("MatMul", a=x, b=op("Const", value=_proto(weight), dtype=dtypes.float32))
    feed = np.eye(128, dtype=np.float32)[:3]
    np.testing.assert_allclose(session.run(y, {x: feed}), weight[:3], rtol=1e-6)
    (segment,) = list(session._programs.values())[-1]._compiled.segments  # type: ignore[union-attr]
    assert len(segment.inputs) == 2


@pytest.mark.parametrize("dtype", ["float64", "int64", "uint8", "bool", "complex128"])
def test_wide_types_stay_wide(session: Session, dtype: str) -> None:
    """64-bit types are neither narrowed nor promoted, and JAX's settings are left."""
    import jax

    x = placeholder([2], dtypes.as_dtype(dtype))
    y = op("Reshape", tensor=op("ConcatV2", values=[x, x], axis=0), shape=[2, 2])
    result = session.run(y, {x: np.ones(2, dtype)})
    assert result.dtype == np.dtype(dtype)
    assert not jax.config.jax_enable_x64


def test_folded_constants_stay_wide(session: Session) -> None:
    """What is computed once from constants, by JAX's functions, keeps 64 bits."""
    x = placeholder([2], dtypes.float64)
    # lgamma(3) is log(2): gamma(3) is 2.
    folded = op("Lgamma", x=np.array([3.0, 3.0]))
    y = op("Mul", x=x, y=folded)
    for _ in range(3):
        result = session.run(y, {x: np.ones(2)})
        assert result.dtype == np.float64
        np.testing.assert_allclose(result, np.log(2.0), rtol=1e-14)


def test_threads_share_a_session(session: Session) -> None:
    """Updates from many threads all count, while others read."""
    w = variable(session, np.zeros(1000, np.float32))
    update = op("AssignAdd", ref=w, value=np.ones(1000, np.float32))
    total = op("Sum", input=op("Identity", input=w), reduction_indices=[0])
    session.run([update.op, total])
    failures: list[BaseException] = []

    def work(fetch: Any) -> None:
        try:
            for _ in range(50):
                session.run(fetch)
        except BaseException as error:  # noqa: BLE001 - reported by the test
            failures.append(error)

    threads = [
        threading.Thread(target=work, args=(fetch,))
        for fetch in (update.op, total, update.op, w)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    np.testing.assert_array_equal(session.run(w), np.full(1000, 101))


def test_variable_of_changing_shape(session: Session) -> None:
    """A program is compiled anew when a variable has another shape."""
    x = placeholder(None)
    w = op("VariableV2", shape=TensorShape(None), dtype=dtypes.float32)
    assign = op("Assign", ref=w, value=x, validate_shape=False)
    y = op("Neg", x=op("Identity", input=w))
    for size in (2, 3, 2):
        session.run(assign.op, {x: np.ones(size)})
        np.testing.assert_array_equal(session.run(y), -np.ones(size))


def test_changing_shapes_stop_compiling(
    session: Session, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """After many shapes used once, new shapes run on the host; it is said once."""
    monkeypatch.setattr(program, "_SIGNATURES_MAX", 3)
    x = placeholder([None])
    y = op("Neg", x=x)
    for size in range(1, 8):
        np.testing.assert_array_equal(
            session.run(y, {x: np.ones(size)}), -np.ones(size)
        )
    (runs,) = session._programs.values()
    assert runs._n_compiled == 3
    assert len([r for r in caplog.records if "keep changing" in r.message]) == 1


def test_small_graphs_do_not_load_jax() -> None:
    """A small graph of host arrays runs without importing JAX."""
    code = (
        "import sys, numpy as np\n"
        "from metagraft.graph.apply_op import op\n"
        "from metagraft.runtime.session import Session\n"
        "y = op('AddV2', x=np.float32(1), y=np.float32(2))\n"
        "assert Session().run(y) == 3\n"
        "assert 'jax' not in sys.modules, 'jax was imported'\n"
    )
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
    }
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
