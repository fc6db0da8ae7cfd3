"""Biases and linear layers (`tf.nn.bias_add` and its kin).

Source: tensorflow python/ops/nn_ops.py, nn_impl.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.graph.apply_op import op
from metagraft.graph.build.matmul import matmul
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["bias_add", "bias_add_v1", "l2_loss", "relu_layer", "xw_plus_b"]


def bias_add(
    value: Any, bias: Any, data_format: str | None = None, name: str | None = None
) -> Tensor:
    """Add a vector to every channel.

    Args:
        value: `[n, ..., c]`, or `[n, c, ...]`.
        bias: `[c]`.
        data_format: Of the form `N...C` or `NC...`.
        name: Name of the operation.

    Raises:
        ValueError: The format has another form.
    """
    with name_scope(name, "BiasAdd", [value, bias]) as scope:
        if data_format is not None:
            if data_format.startswith("NC"):
                data_format = "NCHW"
            elif data_format.startswith("N") and data_format.endswith("C"):
                data_format = "NHWC"
            else:
                raise ValueError(
                    "`data_format` must be of the form `N...C` or `NC...`. Received:"
                    f" data_format={data_format}"
                )
        value = convert_to_tensor(value, name="input")
        bias = convert_to_tensor(bias, dtype=value.dtype, name="bias")
        result: Tensor = op(
            "BiasAdd", value=value, bias=bias, data_format=data_format, name=scope
        )
        return result


def bias_add_v1(value: Any, bias: Any, name: str | None = None) -> Tensor:
    """As `bias_add`, for the last axis only."""
    with name_scope(name, "BiasAddV1", [value, bias]) as scope:
        value = convert_to_tensor(value, name="input")
        bias = convert_to_tensor(bias, dtype=value.dtype, name="bias")
        result: Tensor = op("BiasAddV1", value=value, bias=bias, name=scope)
        return result


def xw_plus_b(x: Any, weights: Any, biases: Any, name: str | None = None) -> Tensor:
    """`x @ weights + biases`."""
    with name_scope(name, "xw_plus_b", [x, weights, biases]) as scope:
        product = _product(x, weights)
        biases = convert_to_tensor(biases, name="biases")
        return bias_add(matmul(*product), biases, name=scope)


def relu_layer(x: Any, weights: Any, biases: Any, name: str | None = None) -> Tensor:
    """`relu(x @ weights + biases)`."""
    with name_scope(name, "relu_layer", [x, weights, biases]) as scope:
        product = _product(x, weights)
        biases = convert_to_tensor(biases, name="biases")
        linear = bias_add(matmul(*product), biases)
        result: Tensor = op("Relu", features=linear, name=scope)
        return result


def _product(x: Any, weights: Any) -> tuple[Tensor, Tensor]:
    return (
        convert_to_tensor(x, name="x"),
        convert_to_tensor(weights, name="weights"),
    )


def l2_loss(t: Any, name: str | None = None) -> Tensor:
    """Half the sum of the squares."""
    result: Tensor = op("L2Loss", t=t, name=name)
    return result
