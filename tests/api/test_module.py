"""`tf.Module`: names, scopes, variables, checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import metagraft.compat.v1 as tf


class DenseLayer(tf.Module):  # type: ignore[misc, name-defined]
    def __init__(self, width: int, name: str | None = None) -> None:
        super().__init__(name=name)
        with self.name_scope:
            self.w = tf.Variable(tf.ones([width, width]), name="w")
            self.b = tf.Variable(tf.zeros([width]), name="b", trainable=False)

    @tf.Module.with_name_scope  # type: ignore[untyped-decorator]
    def __call__(self, x: Any) -> Any:
        """Multiply and add."""
        return tf.add(tf.matmul(x, self.w), self.b, name="sum")


class Network(tf.Module):  # type: ignore[misc, name-defined]
    def __init__(self) -> None:
        super().__init__("net")
        self.layers = [DenseLayer(2), {"second": DenseLayer(2, "other")}]
        self.again = self.layers[0]
        self.step = tf.Variable(0, trainable=False, name="step")


def test_names_and_variables() -> None:
    """Attributes come by name, each once, those of inner modules last."""
    with tf.Graph().as_default():
        net = Network()
        first, second = net.layers[0], net.layers[1]["second"]
        assert first.name == "dense_layer"
        assert net.submodules == (first, second)
        assert [v.name for v in net.variables] == [
            "step:0",
            "dense_layer/b:0",
            "dense_layer/w:0",
            "other/b:0",
            "other/w:0",
        ]
        assert net.trainable_variables == (first.w, second.w)
        assert len(net.non_trainable_variables) == 3
        assert first(tf.ones([1, 2])).op.name == "dense_layer/sum"
        paths = [p for p, leaf in net._flatten(with_path=True) if leaf is first]
        assert paths == [("again",), ("layers", 0)]
        assert list(net._flatten(recursive=False, predicate=lambda v: v == "net")) == [
            "net"
        ]
        with pytest.raises(ValueError, match="'a b' is not a valid module name"):
            tf.Module("a b")


def test_in_checkpoints(tmp_path: Path) -> None:
    """The attributes name what is saved."""
    with tf.Graph().as_default(), tf.Session() as session:
        net = Network()
        session.run(tf.global_variables_initializer())
        path = tf.train.Checkpoint(net=net).save(str(tmp_path / "c"), session=session)
    names = {name for name, _ in tf.train.list_variables(path)}
    ending = "/.ATTRIBUTES/VARIABLE_VALUE"
    assert f"net/step{ending}" in names
    assert f"net/again/w{ending}" in names
