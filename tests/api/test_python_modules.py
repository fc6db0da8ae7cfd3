"""The modules of `tensorflow.python` that programs import: names, and what they do."""

from __future__ import annotations

import functools
import importlib
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

import metagraft.compat.python
import metagraft.compat.v1 as tf
from metagraft.compat.python.eager import backprop
from metagraft.compat.python.framework import device_spec, dtypes, tensor_shape
from metagraft.compat.python.ops import (
    array_ops,
    gen_nn_ops,
    math_ops,
    resource_variable_ops,
    resource_variables_toggle,
    variables,
)
from metagraft.compat.python.summary import summary_iterator
from metagraft.compat.python.util import (
    all_util,
    deprecation,
    function_utils,
    nest,
    tf_contextlib,
    tf_decorator,
    tf_export,
    tf_inspect,
)

ROOT = Path(metagraft.compat.python.__file__).parent
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in ROOT.rglob("*.py")
    if path.name != "__init__.py" and not path.name.startswith("gen_")
)


def test_every_name_of_every_module_is_there() -> None:
    """Each row of each table leads somewhere."""
    assert len(MODULES) > 120
    for name in MODULES:
        module = importlib.import_module(f"metagraft.compat.python.{name}")
        for public in dir(module):
            getattr(module, public)


def test_same_objects() -> None:
    """A name is what `tf` has under it."""
    assert array_ops.concat is tf.concat
    assert math_ops.reduce_sum is tf.reduce_sum
    assert math_ops.reduce_mean is math_ops.reduce_mean_v1
    assert array_ops.constant is tf.constant
    assert variables.Variable is variables.VariableV1
    assert device_spec.DeviceSpecV1 is tf.DeviceSpec
    assert backprop.GradientTape is tf.GradientTape
    toggle = resource_variables_toggle
    assert toggle.enable_resource_variables is tf.enable_resource_variables
    assert summary_iterator.summary_iterator is tf.train.summary_iterator
    assert nest.map_structure is tf.nest.map_structure
    assert dtypes.float16_ref.base_dtype is tf.float16
    assert tensor_shape.scalar() == tf.TensorShape([])
    assert tensor_shape.vector(3) == tf.TensorShape([3])
    assert tensor_shape.matrix(None, 3).as_list() == [None, 3]


def test_unknown_shapes() -> None:
    """The rank may be known, under its name or the older one."""
    assert tensor_shape.unknown_shape().ndims is None
    assert tensor_shape.unknown_shape(rank=2).as_list() == [None, None]
    assert tensor_shape.unknown_shape(ndims=2).as_list() == [None, None]
    with pytest.raises(TypeError, match="Unknown argument"):
        tensor_shape.unknown_shape(size=2)


def test_functions_of_ops_take_arguments_in_order() -> None:
    """Inputs first, then attributes; also under the name with an underscore."""
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [1, 4, 4, 1])
        y = tf.nn.max_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
        window = [1, 2, 2, 1]
        grad = gen_nn_ops._max_pool_grad(x, y, y, window, window, "SAME", name="g")
        assert (grad.op.name, grad.op.type) == ("g", "MaxPoolGrad")
        assert grad.op.get_attr("data_format") == b"NHWC"
        kept = tf.get_variable("v", [2], use_resource=True)
        added = resource_variable_ops.resource_scatter_add(kept.handle, [0], [1.0])
        assert added.type == "ResourceScatterAdd"
        assert resource_variable_ops.variable_shape(kept.handle).op.type == "Const"
        found = gen_nn_ops.top_kv2([3, 1], 1)
        assert (found.values, found.indices) == tuple(found)
        with pytest.raises(TypeError, match="'input' is given twice"):
            gen_nn_ops.conv2d(x, input=x)
        with pytest.raises(TypeError, match="Relu takes at most 2 arguments"):
            gen_nn_ops.relu(x, "n", 3)
        with pytest.raises(AttributeError, match="no attribute 'no_such_op'"):
            _ = gen_nn_ops.no_such_op


def three(a: int, b: int = 2, *, c: int = 3) -> tuple[int, int, int]:
    """Return three numbers."""
    return a, b, c


class Called:
    def __call__(self, x: int, y: int) -> int:
        return x + y


def test_arguments_of_functions() -> None:
    """Names of arguments, without those already given."""
    assert function_utils.fn_args(lambda x, y: (x, y)) == ("x", "y")
    assert function_utils.fn_args(Called()) == ("x", "y")
    assert function_utils.fn_args(Called().__call__) == ("x", "y")
    assert function_utils.fn_args(functools.partial(three, 1)) == ("b",)
    assert function_utils.fn_args(functools.partial(three, b=1)) == ("a",)
    assert function_utils.has_kwargs(lambda **kwargs: kwargs)
    assert not function_utils.has_kwargs(three)
    assert function_utils.get_func_name(functools.partial(three, 1)) == "three"
    assert function_utils.get_func_name(Called()) == "Called"
    assert tf_inspect.getfullargspec(three).kwonlyargs == ["c"]
    assert tf_inspect.getargspec(Called.__call__).args == ["self", "x", "y"]
    with pytest.raises(ValueError, match="by keyword only"):
        tf_inspect.getargspec(three)


def test_decorators() -> None:
    """What is decorated keeps its name, and can be found again."""

    def call(*args: int) -> object:
        return three(*args)

    made = tf_decorator.make_decorator(three, call, decorator_doc="Twice.")
    assert made.__name__ == "three"
    assert made.__doc__ == "Twice.\n\nReturn three numbers."
    assert tf_decorator.unwrap(made) == ([made], three)
    assert tf_export.tf_export("somewhere", v1=[])(three) is three
    assert deprecation.deprecated(None, "Use four.")(three)(1) == (1, 2, 3)
    lookup = deprecation.deprecated_argument_lookup
    assert lookup("new", None, "old", 3) == 3
    with pytest.raises(ValueError, match="Cannot specify both 'old' and 'new'"):
        lookup("new", 1, "old", 2)


def test_warnings_of_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only calls that give what is to be given no more are told of, once."""
    told: list[str] = []
    monkeypatch.setattr(tf.logging, "warning", lambda _, text: told.append(text))
    lists = deprecation.deprecated_args("2030-01-01", "Use a.", "b", ("c", 3))(three)
    values = deprecation.deprecated_arg_values(None, "Not 4.", b=4)(three)
    always = deprecation.deprecated_args(None, "No b.", "b", warn_once=False)(three)
    assert lists(1) == lists(1, c=3) == values(1, 2) == always(1) == (1, 2, 3)
    assert not told
    assert lists(1, c=4) == (1, 2, 4)
    assert lists(1, 5, c=4) == (1, 5, 4)
    assert values(1, b=4) == (1, 4, 3)
    assert [text.split(" is ")[0] for text in told] == [
        "calling three with c",
        "calling three with b",
    ]
    assert "after 2030-01-01.\nInstructions for updating:\nUse a." in told[0]
    always(1, 2)
    always(1, 2)
    assert len(told) == 4
    with pytest.raises(TypeError, match="missing"):
        lists()
    with pytest.raises(ValueError, match="three has no argument z"):
        deprecation.deprecated_args(None, "No z.", "z")(three)


def test_context_managers() -> None:
    """A generator function becomes one."""

    @tf_contextlib.contextmanager
    def doubled(x: int) -> Iterator[int]:
        yield 2 * x

    with doubled(2) as four:
        assert four == 4


def test_names_with_documentation() -> None:
    """What the documentation mentions with @@ and the module has."""
    module = types.ModuleType("for_listing", "A module.\n\n@@there\n@@missing\n")
    module.there = module.other = 1  # type: ignore[attr-defined]
    sys.modules["for_listing"] = module
    try:
        assert all_util.make_all("for_listing") == ["there"]
    finally:
        del sys.modules["for_listing"]


def test_names_without_documentation_are_removed() -> None:
    """What the documentation mentions with @@ stays."""
    module = types.ModuleType("for_removal", "A module.\n\n@@kept\n")
    module.kept = module.dropped = module.allowed = 1  # type: ignore[attr-defined]
    sys.modules["for_removal"] = module
    try:
        all_util.remove_undocumented("for_removal", ["allowed"])
    finally:
        del sys.modules["for_removal"]
    assert not hasattr(module, "dropped")
    assert {"kept", "allowed"} <= set(dir(module))
