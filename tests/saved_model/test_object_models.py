"""SavedModels as objects: `load_v2`, and what goes with it."""

from __future__ import annotations

import inspect
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import metagraft.compat.v1 as tf
from metagraft.errors import UnimplementedError
from metagraft.proto import DataType, FunctionDef, SavedModel
from metagraft.saved_model.options import LoadOptions
from tests.plain_values import plain
from tests.programs import loaded_functions, saved_models
from tests.programs.saved_models import Call
from tests.saved_model.test_recorded_models import GOLDEN, recorded

pytestmark = pytest.mark.golden


def _prepare(sess: Any) -> None:
    sess.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
    sess.run(tf.tables_initializer())


def _called(model: Any, call: Call) -> Any:
    return model.signatures[call.signature](**call.inputs)


@pytest.mark.parametrize("name", [n for n in saved_models.OBJECTS if n != "objects"])
def test_signatures_of_objects(name: str) -> None:
    """Signatures, called in any number, give what they give in TensorFlow."""
    calls = saved_models.OBJECTS[name]
    with tf.Graph().as_default(), tf.Session() as sess:
        model = tf.saved_model.load_v2(GOLDEN / name)
        results = [_called(model, call) for call in calls]
        _prepare(sess)
        found = sess.run(results)
    for given, expected in zip(found, recorded(f"{name}.values"), strict=True):
        assert given.keys() == expected.keys()
        for key, value in expected.items():
            if "array" not in value:
                continue
            elements = np.array(value["elements"]).reshape(value["shape"])
            if "float" in value["array"]:
                elements = elements.astype(np.float32)
                np.testing.assert_allclose(given[key], elements, rtol=1e-5, atol=1e-6)
            else:
                assert given[key].tolist() == elements.astype(int).tolist()


def test_objects() -> None:
    """Variables, lists and assets come back in the tree; each call is one of its own.

    The expected values are those of TensorFlow's `load_v2` in a graph.
    """
    with tf.Graph().as_default(), tf.Session() as sess:
        model = tf.saved_model.load_v2(GOLDEN / "objects")
        x = tf.constant(np.ones((2, 3), np.float32))
        by_name = model.signatures["serving_default"](x=x)
        by_place = model.signatures["serving_default"](np.ones((1, 3)))
        step, again = (model.signatures["step"]() for _ in range(2))
        where = model.signatures["where"]()
        _prepare(sess)
        assert sess.run(by_name)["y"].tolist() == [[7.0, 11.0]] * 2
        assert sess.run(by_place)["y"].tolist() == [[7.0, 11.0]]
        assert [sess.run(s)["count"] for s in (step, again, step)] == [5, 6, 7]
        assert sess.run(model.count) == 7
        path = str(GOLDEN / "objects" / "assets" / "words.txt").encode()
        assert sess.run(where)["path"] == path
        assert sess.run(model.words.asset_path) == path
        assert sess.run(model.layers[0]).tolist() == [1.0, 2.0]
        assert set(model.variables) == {model.w, model.count, model.layers[0]}
        assert tf.global_variables() == model.variables
        assert model.tensorflow_version.startswith("2.")
        assert [spec.name for spec in model.signatures["step"].inputs.values()] == []
        assert "shape=(?, 3)" in repr(model.signatures["serving_default"])


def test_nested_objects() -> None:
    """Lists in lists, mappings and tuples, of variables of one name."""
    with tf.Graph().as_default(), tf.Session() as sess:
        model = tf.saved_model.load_v2(GOLDEN / "objects_nested", ["extra", "serve"])
        _prepare(sess)
        values = (model.parts[0], model.parts[1][0], model.named["key"], *model.pair)
        assert sess.run(list(values)) == [3.0, 4.0, 5.0, 6]


@pytest.mark.parametrize("name", ["plain", "text", "old", "table"])
def test_graphs(name: str) -> None:
    """Models of TensorFlow 1 have signatures that can be called; they share nothing."""
    with tf.Graph().as_default(), tf.Session() as sess:
        loaded = tf.saved_model.load(sess, ["serve"], GOLDEN / name)
        signature = loaded.signature_def["serving_default"]
        (given,), (result,) = signature.inputs.values(), signature.outputs.values()
        is_text = tf.as_dtype(given.dtype) == tf.string
        value = np.array([b"b"] * 2, object) if is_text else np.ones((2, 3), np.float32)
        expected = sess.run(result.name, {given.name: value})
    with tf.Graph().as_default(), tf.Session() as sess:
        first, second = (tf.saved_model.load_v2(GOLDEN / name) for _ in range(2))
        outputs = [m.signatures["serving_default"](value) for m in (first, second)]
        _prepare(sess)
        for output in sess.run(outputs):
            (found,) = output.values()
            assert found.tolist() == expected.tolist()
        assert not set(first.variables) & set(second.variables)


def test_partitioned() -> None:
    """Parts of variables are restored as parts."""
    (values,) = recorded("partitioned.values")
    whole, numbers = (item["elements"] for item in values["items"])
    with tf.Graph().as_default(), tf.Session() as sess:
        model = tf.saved_model.load_v2(GOLDEN / "partitioned")
        _prepare(sess)
        *parts, last = sess.run(model.variables)
    assert [part.shape for part in parts] == [(3, 2), (2, 2)]
    assert np.concatenate(parts).ravel().tolist() == [float(text) for text in whole]
    assert last.tolist() == [int(text) for text in numbers]


def test_tags() -> None:
    """The tags choose; the errors are TensorFlow's."""
    with tf.Graph().as_default():
        with pytest.raises(ValueError, match=r"requires a `tags=` argument .* 2 Meta"):
            tf.saved_model.load_v2(GOLDEN / "two_graphs")
        with pytest.raises(ValueError, match=r"incompatible .*: \['x'\]\. .*'serve'"):
            tf.saved_model.load_v2(GOLDEN / "objects", ["x"])
        with pytest.raises(ValueError, match=r"no MetaGraph with tags \['x'\]"):
            tf.saved_model.load_v2(GOLDEN / "two_graphs", ["x"])
        with pytest.raises(OSError, match="SavedModel file does not exist at"):
            tf.saved_model.load_v2(GOLDEN / "nothing")


def test_wrong_inputs() -> None:
    """What does not fit a signature is told before anything is added."""
    with tf.Graph().as_default() as graph:
        serve = tf.saved_model.load_v2(GOLDEN / "objects").signatures["serving_default"]
        count = len(graph.get_operations())
        for args, kwargs in (((), {}), ((), {"z": 1}), ((1, 2), {}), ((1,), {"x": 1})):
            with pytest.raises(TypeError, match="'serving_default' takes x; "):
                serve(*args, **kwargs)
        assert len(graph.get_operations()) == count
        for value in (tf.constant(1), tf.zeros([2, 4])):
            with pytest.raises(TypeError, match=r"The input 'x' .* is TensorSpec"):
                serve(value)
    with tf.Graph().as_default(), pytest.raises(ValueError, match="another graph"):
        serve(np.ones((1, 3)))


def test_ragged_results() -> None:
    """Signatures return ragged tensors, functions take them, too (as TensorFlow)."""
    with tf.Graph().as_default(), tf.Session() as session:
        model = tf.saved_model.load_v2(GOLDEN / "objects_composite")
        splits = np.array([0, 2, 2, 3], np.int64)
        given = tf.RaggedTensor.from_row_splits([1.0, 2.0, 3.0], splits)
        by_parts = model.signatures["ragged"](rows=given.values, rows_1=splits)
        session.run(tf.global_variables_initializer())
        for found in (by_parts, model.ragged(given)):
            scaled = found["scaled"]
            assert isinstance(scaled, tf.RaggedTensor)
            assert scaled.shape.as_list() == [None, None]
            assert session.run(scaled).to_list() == [[2.0, 4.0], [], [6.0]]


def test_load_options() -> None:
    """Values may be left out; what is not built is refused."""
    with tf.Graph().as_default():
        left_out = LoadOptions(experimental_skip_checkpoint=True)
        model = tf.saved_model.load_v2(GOLDEN / "objects", options=left_out)
        assert model.variables == []
        asked = LoadOptions(allow_partial_checkpoint=True, experimental_io_device="/x")
        with pytest.raises(UnimplementedError, match=r"_checkpoint, experimental_io"):
            tf.saved_model.load_v2(GOLDEN / "objects", options=asked)


def test_save_options() -> None:
    """The options are TensorFlow's, with its errors."""
    expected = recorded("names")["v1"]["SaveOptions"]
    assert list(inspect.signature(tf.saved_model.SaveOptions).parameters) == expected
    policies = tf.saved_model.experimental.VariablePolicy
    options = tf.saved_model.SaveOptions(
        ["a"], experimental_variable_policy="SAVE_variable_devices"
    )
    assert options.namespace_whitelist == ["a"]
    assert options.experimental_variable_policy is policies.SAVE_VARIABLE_DEVICES
    assert policies.from_obj(None) is policies.NONE
    assert policies.from_obj(policies.NONE) is policies.NONE
    for wrong, error, words in (
        ({"namespace_whitelist": "x"}, TypeError, "must be a list of strings"),
        ({"namespace_whitelist": [1]}, ValueError, "must be a string. Got: 1"),
        ({"experimental_image_format": True}, ValueError, "is disabled"),
        ({"experimental_variable_policy": "zz"}, ValueError, "value: zz"),
        ({"experimental_sharding_callback": 3}, NotImplementedError, "not built"),
    ):
        with pytest.raises(error, match=words):
            tf.saved_model.SaveOptions(**wrong)  # type: ignore[arg-type]


def test_save(tmp_path: Path) -> None:
    """Saving trees of objects is refused with what can be done instead."""
    for save in (tf.saved_model.save, tf.saved_model.experimental.save):
        with pytest.raises(
            UnimplementedError, match=r"nothing was saved .*simple_save"
        ):
            save(object(), tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_asset(tmp_path: Path) -> None:
    """An asset holds the path of a file as a tensor."""
    with tf.Graph().as_default(), tf.Session() as sess:
        for path in (tmp_path, str(tmp_path)):
            asset = tf.saved_model.Asset(path)
            assert sess.run(asset.asset_path) == str(tmp_path).encode()


@pytest.mark.parametrize("name", loaded_functions.CASES)
def test_functions(name: str) -> None:
    """Functions of the objects of a model give what they give in TensorFlow."""
    folder = str(GOLDEN / loaded_functions.NAME)
    found = loaded_functions.run(tf, loaded_functions.CASES[name], folder)
    expected, _ = recorded(f"{loaded_functions.NAME}.functions")
    assert plain(found) == expected[name]


@pytest.mark.parametrize("name", loaded_functions.MISTAKES)
def test_calls_that_no_trace_takes(name: str) -> None:
    """What a function was not traced for is refused as in TensorFlow."""
    folder = str(GOLDEN / loaded_functions.NAME)
    found = loaded_functions.mistake(tf, loaded_functions.MISTAKES[name], folder)
    _, expected = recorded(f"{loaded_functions.NAME}.functions")
    assert found == expected[name]


def test_mistakes_of_calls() -> None:
    """Errors of calls tell what there is; graphs are not mixed."""
    with tf.Graph().as_default():
        model = tf.saved_model.load_v2(GOLDEN / loaded_functions.NAME)
        x = tf.constant([1.0, 2.0])
        with pytest.raises(TypeError, match=r"multiple values for argument 'x'"):
            model.scaled(x, x=x)
        with pytest.raises(TypeError, match=r"takes 3 positional arguments but 4 were"):
            model.scaled(x, 1, False, 2)
        with pytest.raises(TypeError, match=r"unexpected keyword argument 'other'"):
            model.scaled(x, other=1)
        with pytest.raises(ValueError, match=r"Option 1:\n  Positional arguments \(3"):
            model.scaled(x, 99)
        with pytest.raises(ValueError, match=r"Keyword arguments: \{'scale': 7.0\}"):
            model.nested({}, scale=7.0)
        trace = model.scaled.concrete_functions[0]
        with pytest.raises(TypeError, match=r"takes 1 arguments \(x\), got 2"):
            trace(x, x)
        with pytest.raises(TypeError, match=r"takes TensorSpec"):
            trace("text")
        assert [tensor.dtype for tensor in trace.captured_inputs] == [tf.resource]
        assert trace.function_def.signature.name == trace.name
        with pytest.raises(TypeError, match="no '__call__'"):
            model()
    with tf.Graph().as_default(), pytest.raises(ValueError, match="another graph"):
        model.scaled(np.float32([1.0, 2.0]))


def test_models_without_variables(tmp_path: Path) -> None:
    """A model of objects may have nothing to restore."""
    message = SavedModel.FromString(
        (GOLDEN / "objects_control" / "saved_model.pb").read_bytes()
    )
    (meta_graph,) = message.meta_graphs
    graph_def = meta_graph.graph_def
    name = meta_graph.saver_def.restore_op_name
    (restore,) = (node for node in graph_def.node if node.name == name)
    empty = FunctionDef()
    empty.signature.name = "restores_nothing"
    empty.signature.input_arg.add(name="prefix", type=DataType.DT_STRING)
    empty.signature.output_arg.add(name="same", type=DataType.DT_STRING)
    empty.ret["same"] = "prefix"
    empty.node_def.add(name="nothing", op="NoOp")
    graph_def.library.function.append(empty)
    restore.attr["f"].func.name = empty.signature.name
    del restore.input[1:], restore.attr["Tin"].list.type[1:]
    shutil.copytree(GOLDEN / "objects_control", tmp_path, dirs_exist_ok=True)
    (tmp_path / "saved_model.pb").write_bytes(message.SerializeToString())
    with tf.Graph().as_default():
        assert tf.saved_model.load_v2(tmp_path).variables == []


def _model_with(folder: Path, constant: float) -> None:
    """Write a model of TensorFlow's with another number in a function."""
    shutil.copytree(GOLDEN / loaded_functions.NAME, folder)
    path = folder / "saved_model.pb"
    message = SavedModel.FromString(path.read_bytes())
    for function in message.meta_graphs[0].graph_def.library.function:
        for node in function.node_def:
            if node.op == "Const" and node.attr["value"].tensor.float_val == [2.0]:
                node.attr["value"].tensor.float_val[:] = [constant]
    path.write_bytes(message.SerializeToString())


def test_models_with_functions_of_one_name(tmp_path: Path) -> None:
    """Several models whose functions have the same names share none of them."""
    factors = (2.0, 10.0, 100.0, 10.0)
    for number, factor in enumerate(factors):
        _model_with(tmp_path / str(number), factor)
    with tf.Graph().as_default(), tf.Session() as sess:
        results = []
        for number in range(len(factors)):
            model = tf.saved_model.load_v2(tmp_path / str(number))
            results.append(model.scaled(tf.constant([1.0, 2.0])))
            results.append(model.signatures["serving_default"](x=2.0)["y"])
        _prepare(sess)
        found = sess.run(results)
    # v is [1, 2]; TensorFlow's result for the first is [2, 16], see `defaults`.
    assert [each.tolist() for each in found[::2]] == [[f, 8 * f] for f in factors]
    assert found[1::2] == [6.0] * len(factors)
