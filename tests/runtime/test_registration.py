"""Ops that a program registers: imported, built, run, differentiated, exported."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import metagraft
import metagraft.compat.v1 as tf
from metagraft.errors import InvalidArgumentError, UnimplementedError
from metagraft.graph import registered_ops
from metagraft.proto import GraphDef, MetaGraphDef, OpDef
from metagraft.proto.text import parse_text

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "register-an-op.md"

# Twice its input, or any multiple.
ZEBRA = """
name: "Zebra"
input_arg { name: "horse" type_attr: "T" }
output_arg { name: "zebra" type_attr: "T" }
attr { name: "T" type: "type" }
attr { name: "stripes" type: "int" default_value { i: 2 } }
"""
# The longer of some texts, and its length.
LONGEST = """
name: "Longest"
input_arg { name: "texts" type: DT_STRING number_attr: "N" }
output_arg { name: "text" type: DT_STRING }
output_arg { name: "length" type: DT_INT64 }
attr { name: "N" type: "int" has_minimum: true minimum: 1 }
"""


def _zebra(attrs: Any, horse: Any) -> Any:
    return horse * horse.dtype.type(attrs["stripes"])


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    yield
    for op_type in registered_ops.registered_types():
        metagraft.unregister_op(op_type)


def test_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page on registering ops does what it says, and prints what it shows."""
    monkeypatch.chdir(tmp_path)
    examples = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert len(examples) == 5
    names: dict[str, object] = {}
    for example in examples:
        exec(compile(example, PAGE.name, "exec"), names)
    comments = re.findall(r"^# (.*)$", examples[1], re.MULTILINE)
    text = str(names["report"]).splitlines()
    assert [line for line in text if line] == comments


@pytest.mark.parametrize("runs", [1, 3])
def test_run(runs: int) -> None:
    """It runs by itself and compiled with others, and 64-bit types stay so."""
    metagraft.register_op(ZEBRA, _zebra)
    with tf.Graph().as_default(), tf.Session() as sess:
        x = tf.placeholder(tf.float64, [None, 300])
        y = tf.matmul(tf.raw_ops.Zebra(horse=x, stripes=3), x, transpose_b=True)
        value = np.linspace(1, 2, 90_000).reshape(300, 300)
        for _ in range(runs):
            found = sess.run(y, {x: value})
        assert found.dtype == np.float64
        np.testing.assert_allclose(found, 3 * value @ value.T, rtol=1e-13)


def test_kernel_in_jax() -> None:
    """A kernel may be written for JAX alone; it computes with 64 bits all the same."""

    def kernel(attrs: Any, horse: Any) -> Any:
        import jax.numpy as jnp

        return jnp.sin(horse)

    metagraft.register_op(ZEBRA, kernel)
    with tf.Graph().as_default(), tf.Session() as sess:
        y = tf.raw_ops.Zebra(horse=tf.constant([0.1], tf.float64))
        np.testing.assert_allclose(sess.run(y), np.sin([0.1]), rtol=1e-15)
        n = tf.raw_ops.Zebra(horse=tf.placeholder_with_default(0.1, []))
        assert sess.run(n).dtype == np.float32


def test_kernel_on_the_host() -> None:
    """With `host=True` it gets NumPy arrays in the midst of a compiled program."""
    kinds = []

    def kernel(attrs: Any, *texts: Any) -> Any:
        (given,) = texts
        kinds.append({type(text) for text in given})
        longest = max((text.item() for text in given), key=len)
        return longest.decode(), len(longest)

    metagraft.register_op(
        LONGEST, kernel, host=True, shape=lambda attrs, inputs: [(), ()]
    )
    with tf.Graph().as_default(), tf.Session() as sess:
        text, length = tf.raw_ops.Longest(texts=["a", "bcd", "ef"])
        assert text.shape == length.shape == ()
        found = sess.run([text, length + 1])
        assert found == [b"bcd", 4]
        assert found[1].dtype == np.int64
    assert all(kind == {np.ndarray} for kind in kinds)


def test_names_of_outputs() -> None:
    """Outputs are told apart by name, and may have names that Python does not allow."""
    for text in ('"text"', '"class"'):
        metagraft.register_op(LONGEST.replace('"text"', text))
        with tf.Graph().as_default():
            longest = tf.raw_ops.Longest(texts=["a", "bc"])
        assert longest.length is longest[1]
        metagraft.unregister_op("Longest")


def test_static_inputs() -> None:
    """The value of a static input is known while the kernel is traced."""

    def kernel(attrs: Any, x: Any, size: Any) -> Any:
        assert isinstance(size, np.ndarray)
        return metagraft.array_namespace(x).broadcast_to(x, tuple(size))

    metagraft.register_op(
        'name: "Spread" input_arg { name: "x" type: DT_FLOAT }'
        ' input_arg { name: "size" type: DT_INT32 }'
        ' output_arg { name: "y" type: DT_FLOAT }',
        kernel,
        static=["size"],
        shape=lambda attrs, inputs: [inputs.as_dims(1)],
    )
    with tf.Graph().as_default(), tf.Session() as sess:
        x = tf.placeholder(tf.float32, [])
        y = tf.raw_ops.Spread(x=x, size=[tf.size([1, 2]), 3])
        assert y.shape.as_list() == [2, 3]
        for _ in range(3):
            assert sess.run(y, {x: 7.0}).tolist() == [[7.0] * 3] * 2


def test_gradient() -> None:
    """`tf.gradients` uses the rule, and a training step is made with it."""

    def gradient(op: Any, dy: Any) -> Any:
        return dy * tf.cast(op.get_attr("stripes"), dy.dtype)

    metagraft.register_op(
        ZEBRA, _zebra, shape=lambda attrs, inputs: list(inputs), gradient=gradient
    )
    with tf.Graph().as_default(), tf.Session() as sess:
        v = tf.get_variable("v", initializer=[1.0, 2.0])
        loss = tf.reduce_sum(tf.raw_ops.Zebra(horse=v, stripes=5))
        train = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
        sess.run(tf.global_variables_initializer())
        sess.run(train)
        np.testing.assert_allclose(sess.run(v), [0.5, 1.5])
    with pytest.raises(KeyError, match=r"two gradient .*test_registration\.py:"):
        tf.RegisterGradient("Zebra")(gradient)


def test_no_gradient() -> None:
    """Without a rule there is an error, unless the op is not differentiable."""
    for differentiable in (True, False):
        with (
            metagraft.register_op(ZEBRA, _zebra, differentiable=differentiable),
            tf.Graph().as_default(),
        ):
            x = tf.constant(1.0)
            y = tf.raw_ops.Zebra(horse=x)
            if not differentiable:
                assert tf.gradients(y, x) == [None]
                continue
            with pytest.raises(LookupError, match="Zebra"):
                tf.gradients(y, x)


def test_import_and_export() -> None:
    """A file's nodes are checked and get defaults; an export has the signature."""
    graph_def = GraphDef()
    graph_def.node.add(name="x", op="Placeholder").attr["dtype"].type = 1
    graph_def.node.add(name="z", op="Zebra", input=["x"]).attr["T"].type = 1
    wrong = GraphDef()
    wrong.CopyFrom(graph_def)
    wrong.node[1].attr["stripes"].f = 2.0
    metagraft.register_op(ZEBRA, _zebra)
    with tf.Graph().as_default() as graph, tf.Session() as sess:
        tf.import_graph_def(graph_def, name="")
        assert graph.get_operation_by_name("z").get_attr("stripes") == 2
        assert sess.run("z:0", {"x:0": 4.0}) == 8.0
        exported = tf.train.export_meta_graph()
        with pytest.raises(ValueError, match="type 'float' when 'int' expected"):
            tf.import_graph_def(wrong)
    listed = {op.name: op for op in exported.meta_info_def.stripped_op_list.op}
    assert listed["Zebra"].input_arg[0].name == "horse"
    metagraft.unregister_op("Zebra")
    # The list that goes along is enough to register it again, elsewhere.
    with metagraft.register_op("Zebra", _zebra, derived_from=exported) as again:
        assert again.op_type == "Zebra"
        assert again.op_def.attr[1].default_value.i == 2
        metagraft.import_meta_graph(exported, graph=tf.Graph())


def test_check(tmp_path: Path) -> None:
    """A registered kernel counts in reports on files."""
    graph_def = GraphDef()
    graph_def.node.add(name="z", op="Zebra", input=["z"]).attr["T"].type = 1
    path = tmp_path / "graph.pb"
    path.write_bytes(graph_def.SerializeToString())
    assert not metagraft.check(path).ready
    with metagraft.register_op(ZEBRA):
        assert not metagraft.check(path).ready
    with metagraft.register_op(ZEBRA, _zebra):
        assert metagraft.check(path).ready


def test_derived_signature() -> None:
    """Nodes tell the signature, in a graph or in either message."""
    graph_def = parse_text(
        """
        node { name: "x" op: "Placeholder"
               attr { key: "dtype" value { type: DT_FLOAT } } }
        node { name: "z" op: "Zebra" input: "x" attr { key: "n" value { i: 1 } } }
        node { name: "y" op: "IsNan" input: "z"
               attr { key: "T" value { type: DT_HALF } } }
        node { name: "w" op: "Wolf" input: "x" }
        node { name: "v" op: "Wolf" input: "w" }
        """,
        GraphDef,
    )
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name="")
    for source in (graph_def, graph, MetaGraphDef(graph_def=graph_def)):
        with metagraft.register_op("Zebra", derived_from=source) as found:
            assert repr(found) == (
                "<Registration Zebra(input_0: float32, *, n: int) -> "
                "(output_0: float16)>"
            )
    with pytest.raises(ValueError, match=r"Wolf.*type of 'output_0' is not known"):
        metagraft.register_op("Wolf", derived_from=graph_def)
    with pytest.raises(ValueError, match="no node of type 'Fox'"):
        metagraft.register_op("Fox", derived_from=graph_def)


def test_twice() -> None:
    """A second registration is refused and says where the first is."""
    metagraft.register_op(ZEBRA, _zebra)
    with pytest.raises(ValueError, match=r"'Zebra' is registered already, at .*\.py:"):
        metagraft.register_op(ZEBRA, _zebra)
    metagraft.unregister_op("Zebra")
    with pytest.raises(KeyError, match="'Zebra' is not registered"):
        metagraft.unregister_op("Zebra")
    with metagraft.register_op(ZEBRA, _zebra) as first:
        first.unregister()
        second = metagraft.register_op(ZEBRA, _zebra)
    assert registered_ops.registered(second.op_type) is not None


@pytest.mark.parametrize("op_type", ["Conv2D", "Assign", "While", "Const"])
def test_ops_that_run_already(op_type: str) -> None:
    """What has a kernel keeps it, also where the runtime is the kernel."""
    with pytest.raises(ValueError, match=f"'{op_type}' has a kernel already"):
        metagraft.register_op(op_type, _zebra)


def test_ops_of_the_catalogue() -> None:
    """An op without kernel is registered by its name; its signature stays."""
    name = "ComputeBatchSize"  # of TensorFlow's data service, which nobody runs here
    with pytest.raises(ValueError, match="is TensorFlow's, with another signature"):
        metagraft.register_op(ZEBRA.replace("Zebra", name), _zebra)
    with metagraft.register_op(name, lambda attrs, dataset: 7):
        assert name in dir(tf.raw_ops)
    with pytest.raises(ValueError, match="'Zebra' is not in the catalogue"):
        metagraft.register_op("Zebra", _zebra)


@pytest.mark.parametrize(
    ("signature", "message"),
    [
        ('input_arg { name: "x" type: DT_FLOAT }', "has no name"),
        ('name: "Z" input_arg { name: "x" }', "type of 'x' is not known"),
        ('name: "Z" input_arg { name: "x" type_attr: "T" }', "'T', which is missing"),
        (
            'name: "Z" attr { name: "T" type: "int" } input_arg { type_attr: "T" }',
            "'T', which is int and not type",
        ),
        ('name: "Z" attr { name: "a" type: "zoo" }', "'a' has unknown type 'zoo'"),
        ('name: "Z" inputs { }', "The signature is not the text of a"),
    ],
)
def test_bad_signatures(signature: str, message: str) -> None:
    """What is wrong with a signature is said before anything uses it."""
    with pytest.raises(ValueError, match=message):
        metagraft.register_op(signature, _zebra)


def test_bad_arguments() -> None:
    """Arguments that contradict each other are refused."""
    with pytest.raises(ValueError, match=r"static names \['x'\].*\['horse'\]"):
        metagraft.register_op(ZEBRA, _zebra, static=["x"])
    with pytest.raises(ValueError, match="a gradient is given, and"):
        metagraft.register_op(
            ZEBRA, _zebra, gradient=lambda op, dy: dy, differentiable=False
        )
    with pytest.raises(ValueError, match="derived_from goes with an op type"):
        metagraft.register_op(ZEBRA, _zebra, derived_from=GraphDef())
    with pytest.raises(TypeError, match="expected a OpDef message"):
        metagraft.register_op(3, _zebra)
    assert not registered_ops.registered_types()


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (lambda x: (x, x), "returned 2 values for 1 outputs"),
        (
            lambda x: x.astype("float64"),
            "returned float64 for output 'zebra', which is",
        ),
        (lambda x: "text", "for output 'zebra', which is float32"),
    ],
)
def test_bad_kernels(returned: Any, message: str) -> None:
    """What a kernel does wrong is an error of the operation."""
    metagraft.register_op(ZEBRA, lambda attrs, x: returned(x), host=True)
    with tf.Graph().as_default(), tf.Session() as sess:
        x = tf.placeholder(tf.float32, [2])
        y = tf.raw_ops.Zebra(horse=x, name="z")
        with pytest.raises(InvalidArgumentError, match=message) as caught:
            sess.run(y, {x: [1.0, 2.0]})
        assert caught.value.op is y.op


def test_bad_shape_function() -> None:
    """A shape function must give one shape for every output."""
    metagraft.register_op(ZEBRA, _zebra, shape=lambda attrs, inputs: [])
    with (
        tf.Graph().as_default(),
        pytest.raises(ValueError, match="gave 0 shapes for 1 outputs for 'z'"),
    ):
        assert tf.raw_ops.Zebra(horse=1.0, name="z").shape


def test_plans_do_not_outlive_a_kernel() -> None:
    """A session that ran the op runs the new kernel, or none, afterwards."""
    with tf.Graph().as_default(), tf.Session() as sess:
        with metagraft.register_op(ZEBRA, _zebra):
            x = tf.placeholder(tf.float32, [])
            y = tf.raw_ops.Zebra(horse=x)
            assert sess.run(y, {x: 3.0}) == 6.0
        with pytest.raises(UnimplementedError, match="Zebra"):
            sess.run(y, {x: 3.0})
        with metagraft.register_op(ZEBRA, lambda attrs, horse: -horse):
            assert sess.run(y, {x: 3.0}) == -3.0


def test_threads() -> None:
    """Threads that register ops at the same time lose none of them."""
    names = [f"Zebra{i}" for i in range(40)]

    def register(some: list[str]) -> None:
        for name in some:
            metagraft.register_op(ZEBRA.replace("Zebra", name), _zebra)

    threads = [threading.Thread(target=register, args=[names[i::4]]) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(registered_ops.registered_types()) == sorted(names)


def test_op_def_of_tensorflow() -> None:
    """A message is taken as it is."""
    op_def = parse_text(ZEBRA, OpDef)
    with metagraft.register_op(op_def) as found:
        assert found.op_def == op_def


def test_libraries_of_ops() -> None:
    """`tf.load_op_library` cannot work, and says what can."""
    for load in (tf.load_op_library, tf.load_library):
        with pytest.raises(UnimplementedError, match=r"(?s)_zebra\.so.*register_op"):
            load("_zebra.so")
    with pytest.raises(UnimplementedError, match="fsspec"):
        tf.load_file_system_library("_zebra.so")
