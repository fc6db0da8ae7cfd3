"""Ops of networks: activations, windows, normalization, losses, choices."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.programs.typed_ops.case import Case, Op, op

WINDOW: dict[str, Any] = {
    "ksize": [1, 2, 2, 1],
    "strides": [1, 1, 2, 1],
    "padding": "SAME",
}
BOX: dict[str, Any] = {
    "ksize": [1, 2, 2, 2, 1],
    "strides": [1, 1, 2, 1, 1],
    "padding": "SAME",
}
STEP: dict[str, Any] = {"strides": [1, 2, 2, 1], "padding": "SAME"}
STEPS: dict[str, Any] = {"strides": [1, 2, 1, 2, 1], "padding": "SAME"}
# The same window as operands.
GIVEN: dict[str, Any] = {
    "ksize": WINDOW["ksize"],
    "strides": WINDOW["strides"],
    "padding": "VALID",
}


def _slope(name: str) -> Op:
    """Return an op that takes slopes and another operand of their shape."""
    return op(lambda t: t.op(gradients=t.x(9), **{name: t.x(9)}))


def _pooled(t: Case, name: str, windows: dict[str, Any], *shape: int) -> Any:
    image = t.x(*shape)
    return image, t.add(name, input=image, **windows)


def _pool_grad(name: str, windows: dict[str, Any], *shape: int) -> Op:
    def build(t: Case) -> Any:
        image, pooled = _pooled(t, name, windows, *shape)
        grad = t.x(*pooled.shape.as_list())
        return t.op(orig_input=image, orig_output=pooled, grad=grad, **windows)

    return op(build)


def _pool_grad_grad(name: str, windows: dict[str, Any], *shape: int) -> Op:
    def build(t: Case) -> Any:
        image, pooled = _pooled(t, name, windows, *shape)
        return t.op(orig_input=image, orig_output=pooled, grad=t.x(*shape), **windows)

    return op(build)


def _argmax_grad(t: Case) -> Any:
    image = t.x(1, 4, 4, 2)
    pooled = t.add("MaxPoolWithArgmax", input=image, Targmax=t.tf.int64, **WINDOW)
    grad = t.x(*pooled.output.shape.as_list())
    return t.op(input=image, grad=grad, argmax=pooled.argmax, **WINDOW)


def _batch_norm(t: Case, **more: Any) -> dict[str, Any]:
    x = t.x(2, 2, 2, 3)
    return {"x": x, "scale": t.positive(3, attr="U"), **more}


def _forward_norm(t: Case) -> Any:
    empty = np.zeros(0)
    trained = t.op(
        **_batch_norm(t),
        offset=t.x(3, attr="U"),
        mean=t.fed(empty, "U"),
        variance=t.fed(empty, "U"),
    )
    fixed = t.op(
        **_batch_norm(t),
        offset=t.x(3, attr="U"),
        mean=t.x(3, attr="U"),
        variance=t.positive(3, attr="U"),
        is_training=False,
    )
    # The spaces that are kept for the gradient differ between versions.
    return [trained[:3], fixed[0]]


def _backward_norm(t: Case) -> Any:
    saved = {
        "y_backprop": t.x(2, 2, 2, 3),
        "reserve_space_1": t.x(3, attr="U"),
        "reserve_space_2": t.positive(3, attr="U"),
    }
    if t.name.endswith("V3"):
        saved["reserve_space_3"] = t.fed(np.zeros(0), "float32")
    modes = (True, False)
    norms = [t.op(**_batch_norm(t), **saved, is_training=mode) for mode in modes]
    return [norm[:3] for norm in norms]


def _global_norm(t: Case) -> dict[str, Any]:
    return {
        "t": t.x(1, 2, 2, 3),
        "m": t.x(3),
        "v": t.positive(3),
        "gamma": t.x(3),
        "variance_epsilon": 0.25,
        "scale_after_normalization": True,
    }


def _dilation_grad(t: Case) -> Any:
    return t.op(
        input=t.x(1, 4, 4, 2),
        filter=t.x(2, 2, 2),
        out_backprop=t.x(1, 2, 2, 2),
        strides=STEP["strides"],
        rates=[1, 1, 1, 1],
        padding="SAME",
    )


def _convolved(t: Case, *filter_shape: int, **more: Any) -> Any:
    return t.op(input=t.x(1, 4, 5, 2), filter=t.x(*filter_shape), **STEP, **more)


def _filter_grad(t: Case, *filter_shape: int) -> Any:
    channels = 4 if "Depthwise" in t.name else filter_shape[-1]
    return t.op(
        input=t.x(1, 4, 5, 2),
        filter_sizes=list(filter_shape),
        out_backprop=t.x(1, 2, 3, channels),
        **STEP,
    )


def _input_grad(t: Case, *filter_shape: int) -> Any:
    channels = 4 if "Depthwise" in t.name else filter_shape[-1]
    return t.op(
        input_sizes=[1, 4, 5, 2],
        filter=t.x(*filter_shape),
        out_backprop=t.x(1, 2, 3, channels),
        **STEP,
    )


def _old_volume_grad(t: Case) -> Any:
    return t.op(
        input=t.x(1, 2, 3, 4, 2),
        filter=t.x(2, 2, 2, 2, 3),
        out_backprop=t.x(1, 1, 3, 2, 3),
        **STEPS,
    )


def _fractional(t: Case) -> Any:
    return t.op(
        value=t.x(1, 5, 5, 2),
        pooling_ratio=[1, 1.5, 1.5, 1],
        seed=3,
        seed2=4,
        deterministic=True,
    )


def _fractional_grad(t: Case) -> Any:
    rows, columns = [0, 2, 3, 5], [0, 1, 3, 5]
    known = {"row_pooling_sequence": rows, "col_pooling_sequence": columns}
    return t.op(
        orig_input_tensor_shape=[1, 5, 5, 2], out_backprop=t.x(1, 3, 3, 2), **known
    )


def _fractional_max_grad(t: Case) -> Any:
    image = t.x(1, 5, 5, 2)
    pooled = t.add(
        "FractionalMaxPool",
        value=image,
        pooling_ratio=[1, 1.5, 1.5, 1],
        seed=3,
        seed2=4,
        deterministic=True,
    )
    return t.op(
        orig_input=image,
        orig_output=pooled.output,
        out_backprop=t.x(1, 3, 3, 2),
        row_pooling_sequence=pooled.row_pooling_sequence,
        col_pooling_sequence=pooled.col_pooling_sequence,
    )


def _resized(**more: Any) -> Op:
    return op(lambda t: t.op(images=t.x(1, 3, 4, 2), size=[5, 2], **more))


def _distorted(t: Case) -> Any:
    seeds = (
        {"seed": [3, 4]} if t.name.startswith("Stateless") else {"seed": 3, "seed2": 4}
    )
    more = (
        {} if t.name == "SampleDistortedBoundingBox" else {"min_object_covered": 0.25}
    )
    return t.op(
        image_size=t.known([40, 30, 3], "T"),
        bounding_boxes=t.fed(np.array([[[0.25, 0.25, 0.75, 0.5]]]), "float32"),
        **seeds,
        **more,
    )


def _cropped(t: Case) -> Any:
    return t.op(
        image=t.x(1, 4, 5, 2),
        boxes=t.fed(np.array([[0.25, 0, 1, 0.75], [-0.5, 0.5, 1.5, 0]]), "float32"),
        box_ind=[0, 0],
        crop_size=[3, 2],
        extrapolation_value=2.5,
    )


def _cropped_boxes(t: Case) -> Any:
    return t.op(
        grads=t.x(1, 3, 2, 2, attr="float32"),
        image=t.x(1, 4, 5, 2),
        boxes=t.fed(np.array([[0.25, 0, 1, 0.75]]), "float32"),
        box_ind=[0],
    )


def _projected(t: Case) -> Any:
    return t.op(
        images=t.x(1, 3, 4, 2, attr="dtype"),
        transforms=t.fed(np.array([[1, 0.25, -1, 0, 1, 1, 0, 0]]), "float32"),
        output_shape=[3, 4],
        fill_value=2.0,
        interpolation="BILINEAR",
    )


NETWORKS: dict[str, Op] = {
    "AdjustContrast": op(
        lambda t: t.op(
            images=t.x(2, 2, 3), contrast_factor=1.5, min_value=-1.0, max_value=2.0
        )
    ),
    "AvgPool": op(lambda t: t.op(value=t.x(1, 4, 4, 2), **WINDOW)),
    "AvgPool3D": op(lambda t: t.op(input=t.x(1, 2, 4, 2, 2), **BOX)),
    "AvgPool3DGrad": op(
        lambda t: t.op(orig_input_shape=[1, 2, 4, 2, 2], grad=t.x(1, 2, 2, 2, 2), **BOX)
    ),
    "AvgPoolGrad": op(
        lambda t: t.op(orig_input_shape=[1, 4, 4, 2], grad=t.x(1, 4, 2, 2), **WINDOW)
    ),
    "BatchNormWithGlobalNormalization": op(
        lambda t: t.op(**_global_norm(t), beta=t.x(3))
    ),
    "BatchNormWithGlobalNormalizationGrad": op(
        lambda t: t.op(**_global_norm(t), backprop=t.x(1, 2, 2, 3))
    ),
    "BiasAdd": op(lambda t: t.op(value=t.x(2, 2, 3), bias=t.x(3))),
    "BiasAddGrad": op(lambda t: t.op(out_backprop=t.x(2, 2, 3))),
    "BiasAddV1": op(lambda t: t.op(value=t.x(2, 2, 3), bias=t.x(3))),
    "Conv": op(lambda t: _convolved(t, 2, 3, 2, 3)),
    "Conv2D": op(lambda t: _convolved(t, 2, 3, 2, 3)),
    "Conv2DBackpropFilter": op(lambda t: _filter_grad(t, 2, 3, 2, 3)),
    "Conv2DBackpropInput": op(lambda t: _input_grad(t, 2, 3, 2, 3)),
    "Conv3D": op(
        lambda t: t.op(input=t.x(1, 2, 3, 4, 2), filter=t.x(2, 2, 2, 2, 3), **STEPS)
    ),
    "Conv3DBackpropFilter": op(_old_volume_grad),
    "Conv3DBackpropFilterV2": op(
        lambda t: t.op(
            input=t.x(1, 2, 3, 4, 2),
            filter_sizes=[2, 2, 2, 2, 3],
            out_backprop=t.x(1, 1, 3, 2, 3),
            **STEPS,
        )
    ),
    "Conv3DBackpropInput": op(_old_volume_grad),
    "Conv3DBackpropInputV2": op(
        lambda t: t.op(
            input_sizes=[1, 2, 3, 4, 2],
            filter=t.x(2, 2, 2, 2, 3),
            out_backprop=t.x(1, 1, 3, 2, 3),
            **STEPS,
        )
    ),
    "CropAndResize": op(_cropped),
    "CropAndResizeGradBoxes": op(_cropped_boxes),
    "DepthwiseConv2dNative": op(lambda t: _convolved(t, 2, 3, 2, 2)),
    "DepthwiseConv2dNativeBackpropFilter": op(lambda t: _filter_grad(t, 2, 3, 2, 2)),
    "DepthwiseConv2dNativeBackpropInput": op(lambda t: _input_grad(t, 2, 3, 2, 2)),
    "Dilation2D": op(
        lambda t: t.op(
            input=t.x(1, 4, 4, 2),
            filter=t.x(2, 2, 2),
            strides=STEP["strides"],
            rates=[1, 1, 1, 1],
            padding="SAME",
        )
    ),
    "Dilation2DBackpropFilter": op(_dilation_grad),
    "Dilation2DBackpropInput": op(_dilation_grad),
    "Elu": op(lambda t: t.op(features=t.x(9))),
    "EluGrad": _slope("outputs"),
    "ExtractImagePatches": op(
        lambda t: t.op(
            images=t.x(1, 3, 4, 2),
            ksizes=[1, 2, 2, 1],
            strides=[1, 1, 2, 1],
            rates=[1, 1, 1, 1],
            padding="SAME",
        )
    ),
    "ExtractVolumePatches": op(
        lambda t: t.op(
            input=t.x(1, 2, 3, 2, 2),
            ksizes=[1, 1, 2, 2, 1],
            strides=[1, 1, 2, 1, 1],
            padding="SAME",
        )
    ),
    "FractionalAvgPool": op(_fractional),
    "FractionalAvgPoolGrad": op(_fractional_grad),
    "FractionalMaxPool": op(_fractional),
    "FractionalMaxPoolGrad": op(_fractional_max_grad),
    "FusedBatchNorm": op(_forward_norm),
    "FusedBatchNormGrad": op(_backward_norm),
    "FusedBatchNormGradV2": op(_backward_norm),
    "FusedBatchNormGradV3": op(_backward_norm),
    "FusedBatchNormV2": op(_forward_norm),
    "FusedBatchNormV3": op(_forward_norm),
    "FusedPadConv2D": op(
        lambda t: _convolved(
            t, 2, 3, 2, 3, paddings=[[0, 0], [1, 0], [0, 1], [0, 0]], mode="REFLECT"
        )
    ),
    "ImageProjectiveTransformV3": op(_projected),
    "InTopK": op(
        lambda t: t.op(
            predictions=t.x(3, 5, attr="float32"),
            targets=t.known([1, 4, 0], "T"),
            k=2,
        )
    ),
    "InTopKV2": op(
        lambda t: t.op(
            predictions=t.x(3, 5, attr="float32"),
            targets=t.known([1, 4, 0], "T"),
            k=t.known(2, "T"),
        )
    ),
    "L2Loss": op(lambda t: t.op(t=t.x(2, 3))),
    "LRN": op(lambda t: t.op(input=t.x(1, 2, 2, 7), depth_radius=2)),
    "LRNGrad": op(
        lambda t: t.op(
            input_grads=t.x(1, 2, 2, 7),
            input_image=t.x(1, 2, 2, 7),
            output_image=t.x(1, 2, 2, 7),
            depth_radius=2,
        )
    ),
    "LeakyRelu": op(lambda t: t.op(features=t.x(9), alpha=0.25)),
    "LeakyReluGrad": _slope("features"),
    "LogSoftmax": op(lambda t: t.op(logits=t.x(2, 5))),
    "MaxPool": op(lambda t: t.op(input=t.x(1, 4, 4, 2), **WINDOW)),
    "MaxPool3D": op(lambda t: t.op(input=t.x(1, 2, 4, 2, 2), **BOX)),
    "MaxPool3DGrad": _pool_grad("MaxPool3D", BOX, 1, 2, 4, 2, 2),
    "MaxPool3DGradGrad": _pool_grad_grad("MaxPool3D", BOX, 1, 2, 4, 2, 2),
    "MaxPoolGrad": _pool_grad("MaxPool", WINDOW, 1, 4, 4, 2),
    "MaxPoolGradGrad": _pool_grad_grad("MaxPool", WINDOW, 1, 4, 4, 2),
    "MaxPoolGradGradV2": _pool_grad_grad("MaxPoolV2", GIVEN, 1, 4, 4, 2),
    "MaxPoolGradV2": _pool_grad("MaxPoolV2", GIVEN, 1, 4, 4, 2),
    "MaxPoolGradWithArgmax": op(_argmax_grad),
    "MaxPoolV2": op(lambda t: t.op(input=t.x(1, 4, 4, 2), **GIVEN)),
    "MaxPoolWithArgmax": op(lambda t: t.op(input=t.x(1, 4, 4, 2), **WINDOW)),
    "Relu": op(lambda t: t.op(features=t.x(9))),
    "Relu6": op(lambda t: t.op(features=t.x(9))),
    "Relu6Grad": _slope("features"),
    "ReluGrad": _slope("features"),
    "ResizeArea": _resized(),
    "ResizeBicubic": _resized(),
    "ResizeBilinear": _resized(),
    "ResizeNearestNeighbor": _resized(align_corners=True),
    "ResizeNearestNeighborGrad": op(lambda t: t.op(grads=t.x(1, 3, 4, 2), size=[5, 2])),
    "SampleDistortedBoundingBox": op(_distorted),
    "SampleDistortedBoundingBoxV2": op(_distorted),
    "ScaleAndTranslate": op(
        lambda t: t.op(
            images=t.x(1, 3, 4, 2),
            size=[4, 4],
            scale=[1.5, 0.75],
            translation=[0.25, 0.0],
        )
    ),
    "Selu": op(lambda t: t.op(features=t.x(9))),
    "SeluGrad": _slope("outputs"),
    "Softmax": op(lambda t: t.op(logits=t.x(2, 5))),
    "SoftmaxCrossEntropyWithLogits": op(
        lambda t: t.op(features=t.x(2, 5), labels=t.x(2, 5))
    ),
    "Softplus": op(lambda t: t.op(features=t.x(9))),
    "SoftplusGrad": _slope("features"),
    "Softsign": op(lambda t: t.op(features=t.x(9))),
    "SoftsignGrad": _slope("features"),
    "SparseSoftmaxCrossEntropyWithLogits": op(
        lambda t: t.op(features=t.x(2, 5), labels=t.known([4, 0], "Tlabels"))
    ),
    "StatelessSampleDistortedBoundingBox": op(_distorted),
    "TopKV2": op(lambda t: t.op(input=t.x(2, 7), k=3)),
}
