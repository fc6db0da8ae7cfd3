"""Signatures: what a model takes and gives, by names of their own.

Source: tensorflow python/saved_model/signature_def_utils_impl.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from metagraft.errors import NotFoundError
from metagraft.graph.operation import Operation
from metagraft.graph.tensor import Tensor
from metagraft.proto import AttrValue, DataType, SignatureDef, TensorInfo
from metagraft.proto.coercion import as_message
from metagraft.saved_model import keys
from metagraft.saved_model.tensor_info import (
    build_tensor_info,
    build_tensor_info_from_op,
    get_element_from_tensor_info,
)

_STRING: Final = DataType.Value("DT_STRING")
_FLOAT: Final = DataType.Value("DT_FLOAT")


def build_signature_def(
    inputs: Mapping[str, Any] | None = None,
    outputs: Mapping[str, Any] | None = None,
    method_name: str | None = None,
    defaults: Mapping[str, Tensor] | None = None,
) -> SignatureDef:
    """Return a signature.

    Args:
        inputs: `TensorInfo` messages by the names of the inputs.
        outputs: `TensorInfo` messages by the names of the outputs.
        method_name: What kind of signature it is.
        defaults: Constants that are taken for inputs that are not given.

    Raises:
        ValueError: A default is no constant.
    """
    signature_def = SignatureDef()
    for name, info in (inputs or {}).items():
        signature_def.inputs[name].CopyFrom(as_message(info, TensorInfo))
    for name, info in (outputs or {}).items():
        signature_def.outputs[name].CopyFrom(as_message(info, TensorInfo))
    if method_name is not None:
        signature_def.method_name = method_name
    for name, default in (defaults or {}).items():
        if default.op.type != "Const":
            raise ValueError(
                f"Unable to convert object {default} of type {type(default)} to "
                "TensorProto."
            )
        value: AttrValue = default.op.node_def.attr["value"]
        signature_def.defaults[name].CopyFrom(value.tensor)
    return signature_def


def regression_signature_def(examples: Any, predictions: Any) -> SignatureDef:
    """Return a signature of a model that gives numbers for examples.

    Args:
        examples: A string tensor of serialised `Example` messages.
        predictions: A float tensor.

    Raises:
        ValueError: A tensor is missing or has another type.
    """
    _check_examples("Regression", examples)
    if predictions is None:
        raise ValueError("Regression `predictions` cannot be None.")
    given = _typed("Regression input", "string", _STRING, examples)
    result = _typed("Regression output", "float", _FLOAT, predictions)
    return build_signature_def(
        {keys.REGRESS_INPUTS: given},
        {keys.REGRESS_OUTPUTS: result},
        keys.REGRESS_METHOD_NAME,
    )


def classification_signature_def(
    examples: Any, classes: Any, scores: Any
) -> SignatureDef:
    """Return a signature of a model that sorts examples into classes.

    Args:
        examples: A string tensor of serialised `Example` messages.
        classes: A string tensor of labels, or None.
        scores: A float tensor, or None.

    Raises:
        ValueError: Tensors are missing or have other types.
    """
    _check_examples("Classification", examples)
    if classes is None and scores is None:
        raise ValueError("Classification `classes` and `scores` cannot both be None.")
    given = _typed("Classification input", "string", _STRING, examples)
    results = {}
    if classes is not None:
        results[keys.CLASSIFY_OUTPUT_CLASSES] = _typed(
            "Classification classes", "string", _STRING, classes
        )
    if scores is not None:
        results[keys.CLASSIFY_OUTPUT_SCORES] = _typed(
            "Classification scores", "float", _FLOAT, scores
        )
    return build_signature_def(
        {keys.CLASSIFY_INPUTS: given}, results, keys.CLASSIFY_METHOD_NAME
    )


def predict_signature_def(
    inputs: Mapping[str, Any], outputs: Mapping[str, Any]
) -> SignatureDef:
    """Return a signature of a model that takes and gives any tensors.

    Args:
        inputs: Tensors by the names of the inputs.
        outputs: Tensors by the names of the outputs.

    Raises:
        ValueError: There are no inputs or no outputs.
    """
    if not inputs:
        raise ValueError("Prediction `inputs` cannot be None or empty.")
    if not outputs:
        raise ValueError("Prediction `outputs` cannot be None or empty.")
    return build_signature_def(
        {name: build_tensor_info(tensor) for name, tensor in inputs.items()},
        {name: build_tensor_info(tensor) for name, tensor in outputs.items()},
        keys.PREDICT_METHOD_NAME,
    )


def supervised_train_signature_def(
    inputs: Mapping[str, Any],
    loss: Mapping[str, Any] | None,
    predictions: Mapping[str, Any] | None = None,
    metrics: Mapping[str, Any] | None = None,
) -> SignatureDef:
    """Return a signature of a training step; see `supervised_eval_signature_def`."""
    return _supervised(
        keys.SUPERVISED_TRAIN_METHOD_NAME, inputs, (loss, predictions, metrics)
    )


def supervised_eval_signature_def(
    inputs: Mapping[str, Any],
    loss: Mapping[str, Any] | None,
    predictions: Mapping[str, Any] | None = None,
    metrics: Mapping[str, Any] | None = None,
) -> SignatureDef:
    """Return a signature of an evaluation.

    Args:
        inputs: Tensors by the names of the inputs.
        loss: Tensors by the names of outputs, as the next two.
        predictions: What the model says.
        metrics: How good that is.

    Raises:
        ValueError: There are no inputs.
    """
    return _supervised(
        keys.SUPERVISED_EVAL_METHOD_NAME, inputs, (loss, predictions, metrics)
    )


def is_valid_signature(signature_def: Any) -> bool:
    """Return whether TensorFlow Serving serves a signature.

    Args:
        signature_def: The signature; None is not valid.
    """
    if signature_def is None:
        return False
    signature = as_message(signature_def, SignatureDef)
    check = _CHECKS.get(signature.method_name)
    return check is not None and check(signature)


def op_signature_def(op: Operation | Tensor, key: str) -> SignatureDef:
    """Return a signature that names an operation.

    Args:
        op: The operation.
        key: The name of the signature, and of its only output.
    """
    return build_signature_def(outputs={key: build_tensor_info_from_op(op)})


def load_op_from_signature_def(
    signature_def: SignatureDef, key: str, import_scope: str | None = None
) -> Operation | Tensor:
    """Return the operation that a signature names, in the default graph.

    Args:
        signature_def: What `op_signature_def` made.
        key: The name of its output.
        import_scope: Scope that the operation was imported into.

    Raises:
        NotFoundError: The graph has no such operation.
    """
    info = signature_def.outputs[key]
    try:
        return get_element_from_tensor_info(info, import_scope=import_scope)
    except (KeyError, ValueError) as error:
        raise NotFoundError(
            None,
            None,
            f'The key "{key}" could not be found in the graph: the signature of that '
            f"name is reserved for an operation, and there is none named "
            f"{info.name!r}.",
        ) from error


def _supervised(
    method_name: str,
    inputs: Mapping[str, Any],
    outputs: Sequence[Mapping[str, Any] | None],
) -> SignatureDef:
    if not inputs:
        raise ValueError(f"{method_name} `inputs` cannot be None or empty.")
    return build_signature_def(
        {name: build_tensor_info(tensor) for name, tensor in inputs.items()},
        {
            name: build_tensor_info(tensor)
            for named in outputs
            for name, tensor in (named or {}).items()
        },
        method_name,
    )


def _check_examples(kind: str, examples: Any) -> None:
    if examples is None:
        raise ValueError(f"{kind} `examples` cannot be None.")
    if not isinstance(examples, Tensor):
        raise ValueError(  # noqa: TRY004  # as TensorFlow
            f"{kind} `examples` must be a string Tensor. Found `examples` of type "
            f"{type(examples)}."
        )


def _typed(what: str, type_name: str, data_type: int, tensor: Any) -> TensorInfo:
    info = build_tensor_info(tensor)
    if info.dtype != data_type:
        raise ValueError(
            f"{what} tensors must be of type {type_name}. Found tensors with type "
            f"{info.dtype}."
        )
    return info


def _is_predict(signature: SignatureDef) -> bool:
    return bool(signature.inputs) and bool(signature.outputs)


def _is_regression(signature: SignatureDef) -> bool:
    return (
        _has_string_input(signature, keys.REGRESS_INPUTS)
        and set(signature.outputs) == {keys.REGRESS_OUTPUTS}
        and signature.outputs[keys.REGRESS_OUTPUTS].dtype == _FLOAT
    )


def _is_classification(signature: SignatureDef) -> bool:
    allowed = {
        keys.CLASSIFY_OUTPUT_CLASSES: _STRING,
        keys.CLASSIFY_OUTPUT_SCORES: _FLOAT,
    }
    return (
        _has_string_input(signature, keys.CLASSIFY_INPUTS)
        and bool(signature.outputs)
        and all(
            info.dtype == allowed.get(name) for name, info in signature.outputs.items()
        )
    )


def _has_string_input(signature: SignatureDef, name: str) -> bool:
    return set(signature.inputs) == {name} and signature.inputs[name].dtype == _STRING


_CHECKS: Final = {
    keys.PREDICT_METHOD_NAME: _is_predict,
    keys.REGRESS_METHOD_NAME: _is_regression,
    keys.CLASSIFY_METHOD_NAME: _is_classification,
}
