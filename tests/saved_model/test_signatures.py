"""Signatures and what they say of tensors."""

from __future__ import annotations

import pytest

import metagraft.compat.v1 as tf
from metagraft.errors import NotFoundError, UnimplementedError
from metagraft.proto import SignatureDef, TensorInfo, TypeSpecProto
from metagraft.proto.text import parse_text
from metagraft.saved_model import keys, signatures, tensor_info
from tests.programs.saved_models import SIGNATURES
from tests.saved_model.test_recorded_models import recorded


@pytest.mark.golden
@pytest.mark.parametrize("name", SIGNATURES)
def test_made_as_tensorflow_makes_it(name: str) -> None:
    """MG-332: names, types and shapes of tensors, sparse ones and slices too."""
    expected = parse_text(recorded("signatures")[name], SignatureDef)
    with tf.Graph().as_default():
        assert SIGNATURES[name](tf) == expected


@pytest.mark.golden
@pytest.mark.parametrize("name", SIGNATURES)
def test_read_back(name: str) -> None:
    """A signature leads to the tensors that it was made of, in a scope too."""
    read = tf.saved_model.get_tensor_from_tensor_info
    for scope in ("", "scope"):
        with tf.Graph().as_default(), tf.variable_scope(scope):
            made = SIGNATURES[name](tf)
            outside = parse_text(str(made).replace(f'"{scope}/', '"'), SignatureDef)
            for field in ("inputs", "outputs"):
                for key, info in getattr(outside, field).items():
                    if key == "resource":  # its name is that of its handle
                        continue
                    again = tf.saved_model.build_tensor_info(
                        read(info, import_scope=scope or None)
                    )
                    assert again == getattr(made, field)[key]


def test_servable() -> None:
    """Signatures count as valid by method, names and types of tensors."""
    is_valid = tf.saved_model.is_valid_signature
    with tf.Graph().as_default():
        for name in (
            "regression",
            "classification",
            "classification_classes",
            "classification_scores",
            "any",
        ):
            made = SIGNATURES[name](tf)
            assert is_valid(made), name
            for method in ("other", ""):
                changed = SignatureDef.FromString(made.SerializeToString())
                changed.method_name = method
                assert not is_valid(changed), name
            for field in ("inputs", "outputs"):
                emptied = SignatureDef.FromString(made.SerializeToString())
                emptied.ClearField(field)
                assert not is_valid(emptied), name
            if name != "any":
                for field in ("inputs", "outputs"):
                    other = SignatureDef.FromString(made.SerializeToString())
                    getattr(other, field)["other"].dtype = 1
                    assert not is_valid(other), name
                    other = SignatureDef.FromString(made.SerializeToString())
                    for info in getattr(other, field).values():
                        info.dtype = 3
                    assert not is_valid(other), name
    assert not is_valid(None)


def test_operation_by_signature() -> None:
    """MG-334: a reserved signature names an operation, without type and shape."""
    with tf.Graph().as_default():
        op = tf.no_op(name="in/prepare")
        made = signatures.op_signature_def(op, keys.INIT_OP_SIGNATURE_KEY)
        info = made.outputs[keys.INIT_OP_SIGNATURE_KEY]
        assert (info.name, info.dtype) == ("in/prepare", 0)
        assert info.tensor_shape.unknown_rank
        load = signatures.load_op_from_signature_def
        assert load(made, keys.INIT_OP_SIGNATURE_KEY) is op
        with pytest.raises(NotFoundError, match="none named 'in/prepare'"):
            load(made, keys.INIT_OP_SIGNATURE_KEY, import_scope="other")


def test_values_of_other_classes() -> None:
    """A value of a class that is not known is refused by the name of the class."""
    info = TensorInfo()
    info.composite_tensor.type_spec.type_spec_class = TypeSpecProto.OPTIONAL_SPEC
    with pytest.raises(UnimplementedError, match="OPTIONAL_SPEC"):
        tf.saved_model.get_tensor_from_tensor_info(info)


def test_not_while_executing_eagerly() -> None:
    """There are no names of tensors without a graph."""
    tf.reset_default_graph()  # other tests may have used it
    tf.enable_eager_execution()
    try:
        with pytest.raises(RuntimeError, match="eager"):
            tensor_info.build_tensor_info(None)
        with pytest.raises(RuntimeError, match="eager"):
            tensor_info.build_tensor_info_from_op(None)  # type: ignore[arg-type]
    finally:
        tf.disable_eager_execution()


# What TensorFlow 2.21 makes of the ragged tensor in the test, as text.
_RAGGED = """
composite_tensor {
  type_spec {
    type_spec_class: RAGGED_TENSOR_SPEC
    type_state { tuple_value {
      values { tensor_shape_value { dim { size: 2 } dim { size: -1 } } }
      values { tensor_dtype_value: DT_FLOAT }
      values { int64_value: 1 }
      values { tensor_dtype_value: DT_INT64 }
    } }
    type_spec_class_name: "RaggedTensorSpec"
    num_flat_components: 2
  }
  components {
    name: "values:0" dtype: DT_FLOAT tensor_shape { dim { size: 3 } }
  }
  components {
    name: "splits:0" dtype: DT_INT64 tensor_shape { dim { size: 3 } }
  }
}
"""


def test_ragged_tensors() -> None:
    """A ragged tensor is described by its parts, and found again."""
    with tf.Graph().as_default(), tf.Session() as session:
        values = tf.constant([1.0, 2.0, 3.0], name="values")
        splits = tf.constant([0, 2, 3], tf.int64, name="splits")
        ragged = tf.RaggedTensor.from_row_splits(values, splits, validate=False)
        info = tf.saved_model.build_tensor_info(ragged)
        assert info == parse_text(_RAGGED, TensorInfo)
        found = tf.saved_model.get_tensor_from_tensor_info(info)
        assert session.run(found).to_list() == [[1.0, 2.0], [3.0]]
        assert found.shape.as_list() == [2, None]
        deeper = tf.RaggedTensor.from_row_splits(ragged, [0, 1, 2])
        info = tf.saved_model.build_tensor_info(deeper)
        found = tf.saved_model.get_tensor_from_tensor_info(info)
        assert session.run(found).to_list() == [[[1.0, 2.0]], [[3.0]]]
