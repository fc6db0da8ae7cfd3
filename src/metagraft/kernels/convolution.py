"""Convolution and its gradients; twin of `ops/convolution.py`.

XLA convolves; its transposes (JAX derives them) are the gradients. There is no NumPy
side: host arrays are convolved by XLA too and come back as host arrays.

On the CPU, depthwise convolutions are sums over the places of the filter, and so are
those with few weights; see `depthwise_places.py` and `convolution_places.py`. To write
others as matrix products was measured and is not worth it with the options of
`runtime/compiler_options.py` (64x16x16x32 to 64, gradient of the filter: 5.0 ms as it
is, 5.5 to 20 as products).
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from metagraft.errors import InvalidArgumentError, ResourceExhaustedError
from metagraft.graph.shapes import show
from metagraft.kernels import convolution_checks as checks
from metagraft.kernels.convolution_checks import check_depthwise, check_strides
from metagraft.kernels.convolution_phases import gradient_by_phases, is_by_phases
from metagraft.kernels.convolution_places import (
    convolve_by_products,
    convolve_few_weights,
    is_by_products,
    is_of_few_weights,
)
from metagraft.kernels.convolution_points import filter_of_points, is_of_points
from metagraft.kernels.convolution_rows import rows_as_places, spans_rows
from metagraft.kernels.depthwise_places import (
    convolve_places,
    gradient_of_filter,
    gradient_of_image,
)
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import is_traced, lax, namespace
from metagraft.kernels.ynnpack import kept_apart
from metagraft.ops.convolution import ConvAttrs
from metagraft.ops.windows import WindowAttrs

__all__ = ["KERNELS"]

_LETTERS = "DHW"
# More would not fit in any memory, and XLA ends the process where 64 bits overflow.
_ELEMENTS_MAX = 1 << 40


def _convolve(attrs: WindowAttrs, image: Array, kernel: Array) -> Array:
    """Convolve; groups follow from how many channels a filter takes."""
    check_strides(attrs)
    letters = _LETTERS[-(attrs.rank - 2) :]
    data = f"NC{letters}" if attrs.channels_first else f"N{letters}C"
    sizes = [
        (axis, image.shape[axis], kernel.shape[place])
        for place, axis in enumerate(attrs.spatial)
    ]
    groups = _groups(attrs, image, kernel)
    dims = _convolved(attrs, image, kernel, kernel.shape[-1])
    if image.size and 0 not in dims:
        _require_filter(kernel)
    if empty := _if_empty(dims, image, kernel):
        return empty[0]
    by_xla = functools.partial(
        lax().conv_general_dilated,
        window_strides=[attrs.strides[axis] for axis in attrs.spatial],
        padding=[attrs.pads(*size) for size in sizes],
        rhs_dilation=[attrs.dilations[axis] for axis in attrs.spatial],
        dimension_numbers=(data, f"{letters}IO", data),
        feature_group_count=groups,
    )
    is_compiled = is_traced(image) and is_traced(kernel)
    if not is_compiled or not is_by_products(attrs, image, kernel):
        return by_xla(image, kernel)
    by_products = functools.partial(convolve_by_products, attrs, dims)
    return lax().platform_dependent(image, kernel, cpu=by_products, default=by_xla)


def _convolved(
    attrs: WindowAttrs, image: Array, kernel: Array, channels: int
) -> tuple[int, ...]:
    """Return the shape of the result; refuse filters that are too large."""
    dims, padded = list(image.shape), list(image.shape)
    for place, axis in enumerate(attrs.spatial):
        size, taps = image.shape[axis], kernel.shape[place]
        dims[axis] = attrs.count(axis, size, taps)
        padded[axis] += sum(attrs.pads(axis, size, taps))
    dims[attrs.channels] = channels
    # TF: paddings from 2^31 on lose their upper bits.
    if max(math.prod(dims), math.prod(padded)) > _ELEMENTS_MAX:
        raise ResourceExhaustedError(
            None, None, f"OOM when convolving a tensor with shape {show(tuple(padded))}"
        )
    return tuple(dims)


def _if_empty(dims: Sequence[int], *operands: Array) -> tuple[Array] | tuple[()]:
    """Return zeros of shape `dims` if there is nothing to sum up or to be summed."""
    if 0 not in dims and all(operand.size for operand in operands):
        return ()
    return (namespace(*operands).zeros(dims, operands[0].dtype),)


def _groups(attrs: WindowAttrs, image: Array, kernel: Array) -> int:
    channels, taken = image.shape[attrs.channels], kernel.shape[-2]
    if taken == 0 or channels % taken:
        raise InvalidArgumentError(
            None,
            None,
            f"input depth must be evenly divisible by filter depth: {channels} vs"
            f" {taken}",
        )
    return max(int(channels // taken), 1)


def _by_channel(image: Array, kernel: Array, channels_axis: int) -> Array:
    """Lay out a depthwise filter `[h, w, c, m]` as `[h, w, 1, c * m]`."""
    height, width, channels, multiplier = kernel.shape
    if image.shape[channels_axis] != channels:
        raise InvalidArgumentError(
            None,
            None,
            f"input and filter must have the same depth: {image.shape[channels_axis]}"
            f" vs {channels}",
        )
    return kernel.reshape(height, width, 1, channels * multiplier)


def _convolve_groups(attrs: WindowAttrs, image: Array, kernel: Array) -> Array:
    return _convolve(attrs, image, _by_channel(image, kernel, attrs.channels))


Convolve = Callable[[WindowAttrs, Array, Array], Array]


def _transposed(
    linear: Callable[[Array], Array], dims: Sequence[int], dy: Array
) -> Array:
    """Apply the transpose of a function that is linear in an array of shape `dims`."""
    import jax

    operand = _described(dims, dy.dtype)
    (gradient,) = jax.linear_transpose(linear, operand)(dy)
    return gradient


def _described(shape: Sequence[int], dtype: Any) -> Any:
    import jax

    lax()  # on the host, lets 64-bit types be described as what they are
    sizes = tuple(int(dim) for dim in shape)
    return jax.ShapeDtypeStruct(sizes, dtype)  # type: ignore[no-untyped-call]


def _like_operands(result: Array, *operands: Array) -> tuple[Array]:
    """Return a host array if all operands are."""
    return (np.asarray(result) if namespace(*operands) is np else result,)


def _forward(convolve: Convolve) -> Any:
    def forward(attrs: WindowAttrs, image: Array, kernel: Array) -> tuple[Array]:
        result = kept_apart(convolve(attrs, image, kernel))
        return _like_operands(result, image, kernel)

    return forward


def _convolve_soonest(attrs: WindowAttrs, image: Array, kernel: Array) -> Array:
    check_strides(attrs)
    forms = None
    if is_traced(image) and is_of_few_weights(attrs, image, kernel):
        forms = _FEW_WEIGHTS
    elif is_traced(image) and is_by_products(attrs, image, kernel):
        forms = _PRODUCTS
    if forms is None:
        return _convolve(attrs, image, kernel)
    dims = _convolved(attrs, image, kernel, kernel.shape[-1])
    if empty := _if_empty(dims, image, kernel):
        return empty[0]
    return _per_platform(forms, attrs, dims)(image, kernel)


convolution = _forward(_convolve_soonest)


def backprop_input(
    attrs: WindowAttrs, sizes: np.ndarray, kernel: Array, dy: Array
) -> tuple[Array]:
    dims = tuple(_whole_sizes(attrs, sizes, kernel, dy))
    checks.INPUT.check(attrs, dims, kernel.shape, dy.shape)
    if dy.dtype.kind == "i":
        # JAX transposes no functions of integers. Sums beyond 2**53 are rounded.
        kernel, wide = (x.astype(np.float64) for x in (kernel, dy))
        (gradient,) = _gradient_of_image(attrs, dims, kernel, wide)
        return (gradient.astype(np.int64).astype(dy.dtype),)
    return _gradient_of_image(attrs, dims, kernel, dy)


def _gradient_of_image(
    attrs: WindowAttrs, dims: tuple[int, ...], kernel: Array, dy: Array
) -> tuple[Array]:
    if empty := _if_empty(dims, kernel, dy):
        return empty
    if spans_rows(attrs, dims, kernel, dy):
        row_dims, taps = rows_as_places(dims, kernel)
        return (_gradient_of_image(attrs, row_dims, taps, dy)[0].reshape(dims),)
    if not is_by_phases(attrs, dims, kernel.shape, dy.shape):
        gradient = _image_transposed(attrs, dims, kernel, dy)
        return _like_operands(kept_apart(gradient), kernel, dy)
    (gradient,) = _run(_per_platform(_IMAGE, attrs, dims), kernel, dy)
    return (kept_apart(gradient),)


def _image_transposed(
    attrs: WindowAttrs, dims: Sequence[int], kernel: Array, dy: Array
) -> Array:
    return _transposed(lambda image: _convolve(attrs, image, kernel), dims, dy)


def _whole_sizes(
    attrs: WindowAttrs, sizes: np.ndarray, kernel: Array, dy: Array
) -> list[int]:
    given = [int(size) for size in sizes]
    if len(given) == attrs.rank:
        return given
    whole = [int(dy.shape[0])] * attrs.rank
    whole[attrs.channels] = int(kernel.shape[-2])
    for axis, size in zip(attrs.spatial, given, strict=True):
        whole[axis] = size
    return whole


def backprop_filter(
    attrs: WindowAttrs, image: Array, sizes: np.ndarray, dy: Array
) -> tuple[Array]:
    dims = tuple(int(size) for size in sizes)
    return _gradient_of_filter(attrs, dims, image, dy)


def _gradient_of_filter(
    attrs: WindowAttrs, dims: tuple[int, ...], image: Array, dy: Array
) -> tuple[Array]:
    checks.FILTER.check(attrs, image.shape, dims, dy.shape)
    if empty := _if_empty(dims, image, dy):
        return empty
    if is_of_points(attrs, dims, image):
        return _run(_per_platform(_POINTS, attrs, dims), image, dy)
    if not _is_better_exchanged(attrs, dims, image):
        gradient = _filter_transposed(attrs, dims, image, dy)
        return _like_operands(kept_apart(gradient), image, dy)
    (gradient,) = _run(_per_platform(_FILTER, attrs, dims), image, dy)
    return (kept_apart(gradient),)


def _filter_transposed(
    attrs: WindowAttrs, dims: Sequence[int], image: Array, dy: Array
) -> Array:
    return _transposed(lambda kernel: _convolve(attrs, image, kernel), dims, dy)


def _is_better_exchanged(attrs: WindowAttrs, dims: Sequence[int], image: Array) -> bool:
    """Whether `_filter_exchanged` gives the gradient of a filter, and sooner."""
    *_, taken, filters = dims
    is_plain = all(attrs.strides[axis] == 1 for axis in attrs.spatial)
    is_one_group = image.shape[attrs.channels] == taken
    return is_plain and is_one_group and taken > filters > 0 and image.size > 0


def _filter_exchanged(
    attrs: WindowAttrs, dims: Sequence[int], image: Array, dy: Array
) -> Array:
    """Convolve `dy` with the image; the gradient comes out mirrored.

    XLA convolves the image with `dy`. It lays out what is under each place of the
    filter, for every channel of what is convolved: that had better be few (3x3, 32
    images of 28x28x48 to 16 filters: 5.3 ms as XLA's, so 3.0).
    """
    letters = _LETTERS[-(attrs.rank - 2) :]
    data = f"CN{letters}" if attrs.channels_first else f"C{letters}N"
    taken = f"IO{letters}" if attrs.channels_first else f"I{letters}O"
    pads = []
    for place, axis in enumerate(attrs.spatial):
        before, _ = attrs.pads(axis, image.shape[axis], dims[place])
        span = (dims[place] - 1) * attrs.dilations[axis]
        low = span - before
        pads.append((low, image.shape[axis] + span - dy.shape[axis] - low))
    mirrored = lax().conv_general_dilated(
        dy,
        image,
        window_strides=[attrs.dilations[axis] for axis in attrs.spatial],
        padding=pads,
        dimension_numbers=(data, taken, f"{letters}NC"),
    )
    flat = lax().rev(mirrored, range(attrs.rank - 2))
    return flat.swapaxes(-1, -2)


# Depthwise convolutions: a sum over the places of the filter.


def depthwise(attrs: WindowAttrs, image: Array, kernel: Array) -> tuple[Array]:
    checks.check_depthwise_steps(attrs)
    filters = _by_channel(image, kernel, attrs.channels).shape[-1]
    dims = _convolved(attrs, image, kernel, filters)
    return _if_empty(dims, image, kernel) or _run(
        _per_platform(_DEPTHWISE, attrs, ()), image, kernel
    )


def depthwise_backprop_input(
    attrs: WindowAttrs, sizes: np.ndarray, kernel: Array, dy: Array
) -> tuple[Array]:
    dims = tuple(int(size) for size in sizes)
    name = "DepthwiseConv2DBackpropInput"
    attrs = check_depthwise(name, attrs, dims, kernel.shape, dy.shape)
    run = _per_platform(_DEPTHWISE_INPUT, attrs, dims)
    return _if_empty(dims, kernel, dy) or _run(run, kernel, dy)


def depthwise_backprop_filter(
    attrs: WindowAttrs, image: Array, sizes: np.ndarray, dy: Array
) -> tuple[Array]:
    dims = tuple(int(size) for size in sizes)
    name = "DepthwiseConv2DBackpropFilter"
    attrs = check_depthwise(name, attrs, image.shape, dims, dy.shape)
    run = _per_platform(_DEPTHWISE_FILTER, attrs, dims)
    return _if_empty(dims, image, dy) or _run(run, image, dy)


class _Forms(NamedTuple):
    """Two ways to compute the same, `form(attrs, dims, *operands)`."""

    cpu: Callable[..., Array]
    default: Callable[..., Array]


@functools.lru_cache(maxsize=256)
def _per_platform(
    forms: _Forms, attrs: WindowAttrs, dims: tuple[int, ...]
) -> Callable[..., Array]:
    """Return a function of the operands that runs what suits the platform.

    On the host it is a program, of which many runs make one.
    """
    import jax

    cpu, default = (functools.partial(form, attrs, dims) for form in forms)
    return jax.jit(
        lambda *operands: lax().platform_dependent(*operands, cpu=cpu, default=default)
    )


def _run(function: Callable[..., Array], *operands: Array) -> tuple[Array]:
    lax()  # on the host, lets 64-bit types be what they are
    return _like_operands(function(*operands), *operands)


_FEW_WEIGHTS = _Forms(
    cpu=convolve_few_weights,
    default=lambda attrs, _dims, image, kernel: _convolve(attrs, image, kernel),
)
_PRODUCTS = _FEW_WEIGHTS._replace(cpu=convolve_by_products)
_IMAGE = _Forms(cpu=gradient_by_phases, default=_image_transposed)
_FILTER = _Forms(cpu=_filter_exchanged, default=_filter_transposed)
_POINTS = _Forms(cpu=filter_of_points, default=_filter_transposed)


_DEPTHWISE = _Forms(
    cpu=convolve_places,
    default=lambda attrs, _dims, image, kernel: _convolve_groups(attrs, image, kernel),
)
_DEPTHWISE_INPUT = _Forms(
    cpu=gradient_of_image,
    default=lambda attrs, dims, kernel, dy: _transposed(
        lambda image: _convolve_groups(attrs, image, kernel), dims, dy
    ),
)
_DEPTHWISE_FILTER = _Forms(
    cpu=gradient_of_filter,
    default=lambda attrs, dims, image, dy: _transposed(
        lambda kernel: _convolve_groups(attrs, image, kernel), dims, dy
    ),
)


# Gradient ops that take an operand for its shape.


def backprop_input_like(
    attrs: WindowAttrs, image: Array, kernel: Array, dy: Array
) -> tuple[Array]:
    checks.INPUT.check(attrs, image.shape, kernel.shape, dy.shape)
    return _gradient_of_image(attrs, image.shape, kernel, dy)


def backprop_filter_like(
    attrs: WindowAttrs, image: Array, kernel: Array, dy: Array
) -> tuple[Array]:
    return _gradient_of_filter(attrs, kernel.shape, image, dy)


def conv(attrs: ConvAttrs, image: Array, kernel: Array) -> tuple[Array]:
    """Convolve along one to three axes, with any number of batch axes."""
    windows = checks.general_windows(attrs, image.ndim, kernel.ndim)
    channels = image.shape[attrs.batch_dims - 1 + windows.channels]
    attrs.check_groups(channels, kernel.shape)
    _require_filter(kernel)
    batch = image.shape[: attrs.batch_dims]
    flat = image.reshape(math.prod(batch), *image.shape[attrs.batch_dims :])
    result = kept_apart(_convolve_soonest(windows, flat, kernel))
    result = result.reshape(*batch, *result.shape[1:])
    return _like_operands(result, image, kernel)


# Volumes: XLA's CPU backend convolves images much faster.


def _convolve_slices(
    attrs: WindowAttrs, _dims: Sequence[int], image: Array, kernel: Array
) -> Array:
    """Convolve volumes as images.

    Slices are the batch, and those that lie one behind the other under a filter are
    the channels (3x3x3 with stride 2, 2 volumes of 8x28x28x32 to 64, gradient of the
    volume: 850 ms as XLA's convolution of volumes, so 3).
    """
    if _groups(attrs, image, kernel) > 1:
        return _convolve(attrs, image, kernel)
    if attrs.channels_first:
        last = (0, 2, 3, 4, 1)
        result = _convolve_slices(
            _reordered(attrs, last), (), image.transpose(last), kernel
        )
        return result.transpose(0, 4, 1, 2, 3)
    depth, *taps, _channels, filters = kernel.shape
    flat, behind = _slices_behind(attrs, image, depth)
    wide = behind.shape[3]
    kernel = kernel.transpose(1, 2, 0, 3, 4).reshape(*taps, wide, filters)
    result = _convolve(flat, behind, kernel)
    slices = attrs.count(1, image.shape[1], depth)
    return result.reshape(image.shape[0], slices, *result.shape[1:])


def _slices_behind(
    attrs: WindowAttrs, image: Array, depth: int
) -> tuple[WindowAttrs, Array]:
    """Return slices as images whose channels are those of all under a filter."""
    before, after = attrs.pads(1, image.shape[1], depth)
    nothing = (0, 0, 0)
    pads = [nothing, (before, after, 0), nothing, nothing, nothing]
    padded = lax().pad(image, image.dtype.type(0), pads)
    step, stride = attrs.dilations[1], attrs.strides[1]
    count = max((padded.shape[1] - (depth - 1) * step - 1) // stride + 1, 0)
    span = max((count - 1) * stride + 1, 0)
    under = [
        padded[:, place * step : place * step + span : stride] for place in range(depth)
    ]
    behind = namespace(*under).concatenate(under, 4)
    images = (behind.shape[0] * count, *behind.shape[2:])
    return _reordered(attrs, (0, 2, 3, 4)), behind.reshape(images)


def _filter_of_slices(
    attrs: WindowAttrs, dims: Sequence[int], image: Array, dy: Array
) -> Array:
    """Return the gradient of the filter of `_convolve_slices`."""
    channels = dims[3]
    if image.shape[attrs.channels] != channels or 0 in (*image.shape, *dy.shape):
        return _transposed(lambda k: _convolve_slices(attrs, (), image, k), dims, dy)
    if attrs.channels_first:
        last = (0, 2, 3, 4, 1)
        image, dy = image.transpose(last), dy.transpose(last)
        attrs = _reordered(attrs, last)
    half = image.shape[0] // 2
    if half == 0:
        return _filter_of_some_slices(attrs, dims, image, dy)
    # XLA convolves two such halves at the same time (4 volumes of 8x28x28x16 to
    # 16 filters of 3x3x3: 3.4 ms, so 2.2).
    first = _filter_of_some_slices(attrs, dims, image[:half], dy[:half])
    return first + _filter_of_some_slices(attrs, dims, image[half:], dy[half:])


def _filter_of_some_slices(
    attrs: WindowAttrs, dims: Sequence[int], image: Array, dy: Array
) -> Array:
    depth, *taps, channels, filters = dims
    flat, behind = _slices_behind(attrs, image, depth)
    flat_dims = (*taps, depth * channels, filters)
    exchanges = _is_better_exchanged(flat, flat_dims, behind)
    gradient = _filter_exchanged if exchanges else _filter_transposed
    result = gradient(flat, flat_dims, behind, dy.reshape(-1, *dy.shape[2:]))
    return result.reshape(*taps, depth, channels, filters).transpose(2, 0, 1, 3, 4)


def _reordered(attrs: WindowAttrs, axes: Sequence[int]) -> WindowAttrs:
    """Return attributes for some axes of volumes with their channels last."""
    strides, dilations = (
        tuple(values[axis] for axis in axes)
        for values in (attrs.strides, attrs.dilations)
    )
    return dataclasses.replace(
        attrs,
        rank=len(axes),
        channels_first=False,
        strides=strides,
        dilations=dilations,
        explicit=tuple(attrs.explicit[axis] for axis in axes) if attrs.explicit else (),
    )


_VOLUMES = _Forms(
    cpu=_convolve_slices,
    default=lambda attrs, _dims, image, kernel: _convolve(attrs, image, kernel),
)
_VOLUMES_INPUT = _Forms(
    cpu=lambda attrs, dims, kernel, dy: _transposed(
        lambda image: _convolve_slices(attrs, (), image, kernel), dims, dy
    ),
    default=lambda attrs, dims, kernel, dy: _transposed(
        lambda image: _convolve(attrs, image, kernel), dims, dy
    ),
)
_VOLUMES_FILTER = _Forms(cpu=_filter_of_slices, default=_filter_transposed)


def convolve_volumes(attrs: WindowAttrs, image: Array, kernel: Array) -> tuple[Array]:
    check_strides(attrs)
    _require_filter(kernel)
    checks.check_channels(attrs, image.shape)
    _groups(attrs, image, kernel)
    dims = _convolved(attrs, image, kernel, kernel.shape[-1])
    run = _per_platform(_VOLUMES, attrs, ())
    return _if_empty(dims, image, kernel) or _run(run, image, kernel)


def _require_filter(kernel: Array) -> None:
    if not kernel.size:
        raise InvalidArgumentError(
            None,
            None,
            "filter must not have zero elements (i.e. all dimensions must be non-zero)",
        )


def volumes_backprop_input(
    attrs: WindowAttrs, sizes: np.ndarray, kernel: Array, dy: Array
) -> tuple[Array]:
    dims = tuple(int(size) for size in sizes)
    checks.INPUT.check(attrs, dims, kernel.shape, dy.shape)
    run = _per_platform(_VOLUMES_INPUT, attrs, dims)
    return _if_empty(dims, kernel, dy) or _run(run, kernel, dy)


def volumes_backprop_filter(
    attrs: WindowAttrs, image: Array, sizes: np.ndarray, dy: Array
) -> tuple[Array]:
    dims = tuple(int(size) for size in sizes)
    checks.FILTER.check(attrs, image.shape, dims, dy.shape)
    forms = _POINTS if is_of_points(attrs, dims, image) else _VOLUMES_FILTER
    run = _per_platform(forms, attrs, dims)
    return _if_empty(dims, image, dy) or _run(run, image, dy)


KERNELS = {
    "Conv2D": Kernel(convolution),
    "Conv2DBackpropInput": Kernel(backprop_input, static=("input_sizes",)),
    "Conv2DBackpropFilter": Kernel(backprop_filter, static=("filter_sizes",)),
    "Conv3D": Kernel(convolve_volumes),
    "Conv3DBackpropInputV2": Kernel(volumes_backprop_input, static=("input_sizes",)),
    "Conv3DBackpropFilterV2": Kernel(volumes_backprop_filter, static=("filter_sizes",)),
    "DepthwiseConv2dNative": Kernel(depthwise),
    "DepthwiseConv2dNativeBackpropInput": Kernel(
        depthwise_backprop_input, static=("input_sizes",)
    ),
    "DepthwiseConv2dNativeBackpropFilter": Kernel(
        depthwise_backprop_filter, static=("filter_sizes",)
    ),
    "Conv2DBackpropInputV2": Kernel(backprop_input_like),
    "Conv2DBackpropFilterV2": Kernel(backprop_filter_like),
    "Conv3DBackpropInput": Kernel(backprop_input_like),
    "Conv3DBackpropFilter": Kernel(backprop_filter_like),
    "Conv": Kernel(conv),
}
