"""What a layer demands of its inputs (`tf.layers.InputSpec`).

Source: tf_keras engine/input_spec.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from metagraft.graph.dtypes import as_dtype
from metagraft.graph.shapes import TensorShape
from metagraft.graph.structure import flatten

__all__ = ["InputSpec", "check_inputs"]


class InputSpec:
    """Type, rank and sizes that an input must have, where they are not None."""

    def __init__(
        self,
        dtype: Any = None,
        shape: Any = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: Mapping[int, int | None] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ) -> None:
        """Write the demands down.

        Args:
            dtype: The type.
            shape: The whole shape; None in it is any size.
            ndim: The rank.
            max_ndim: The highest rank.
            min_ndim: The lowest rank.
            axes: Sizes of some axes.
            allow_last_axis_squeeze: For Keras's models: whether a last axis of size
                one may be missing.
            name: For Keras's models: the key of the input.
            optional: For Keras's models: whether the input may be None.

        Raises:
            TypeError: Axes are no numbers.
            ValueError: An axis does not exist.
        """
        self.dtype = None if dtype is None else as_dtype(dtype).name
        dims = None if shape is None else tuple(TensorShape(shape).as_list())
        self.shape = dims
        self.ndim = ndim if dims is None else len(dims)
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.allow_last_axis_squeeze = allow_last_axis_squeeze
        self.name = name
        self.optional = optional
        try:
            given = axes or {}
            self.axes = {int(axis): given[axis] for axis in given}
        except (ValueError, TypeError):
            raise TypeError(
                "Argument `axes` must be a dict with integer keys. Received:"
                f" axes={axes}"
            ) from None
        limit = self.ndim or self.max_ndim
        if self.axes and limit is not None and max(self.axes) > limit - 1:
            raise ValueError(
                f"Axis {max(self.axes)} is greater than the maximum allowed value:"
                f" {limit - 1}"
            )

    def get_config(self) -> dict[str, Any]:
        """Return the demands."""
        names = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make one of what `get_config` returned."""
        return cls(**config)

    def __repr__(self) -> str:
        """Show the demands."""
        names = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes")
        given = [f"{n}={getattr(self, n)}" for n in names if getattr(self, n)]
        return f"InputSpec({', '.join(given)})"


def check_inputs(spec: Any, inputs: Any, layer_name: str) -> None:
    """Check that inputs meet the demands of a layer.

    Args:
        spec: An `InputSpec`, a list of one for every input, or None.
        inputs: A tensor or a structure of them.
        layer_name: Named in errors.

    Raises:
        TypeError: An input is no tensor.
        ValueError: An input does not meet the demands, or there are too many.
    """
    if not spec:
        return
    specs = list(spec) if isinstance(spec, (list, tuple)) else [spec]
    items = flatten(inputs)
    for item in items:
        if not hasattr(item, "shape"):
            raise TypeError(
                f"Inputs to a layer should be tensors. Got '{item}' (of type"
                f" {type(item)}) as input for layer '{layer_name}'."
            )
    if len(items) != len(specs):
        raise ValueError(
            f'Layer "{layer_name}" expects {len(specs)} input(s), but it received'
            f" {len(items)} input tensors. Inputs received: {items}"
        )
    for place, (item, demands) in enumerate(zip(items, specs, strict=True)):
        if demands is not None and TensorShape(item.shape).ndims is not None:
            _check_input(demands, item, f'Input {place} of layer "{layer_name}" is ')


def _check_input(spec: InputSpec, item: Any, prefix: str) -> None:
    sizes = TensorShape(item.shape).as_list()
    begin = f"{prefix}incompatible with the layer: expected"
    found = f"found ndim={len(sizes)}"
    if spec.ndim is not None and len(sizes) != spec.ndim:
        raise ValueError(
            f"{begin} ndim={spec.ndim}, {found}. Full shape received: {tuple(sizes)}"
        )
    if spec.max_ndim is not None and len(sizes) > spec.max_ndim:
        raise ValueError(f"{begin} max_ndim={spec.max_ndim}, {found}")
    if spec.min_ndim is not None and len(sizes) < spec.min_ndim:
        raise ValueError(
            f"{begin} min_ndim={spec.min_ndim}, {found}. Full shape received:"
            f" {tuple(sizes)}"
        )
    if spec.dtype is not None and item.dtype.name != spec.dtype:
        raise ValueError(f"{begin} dtype={spec.dtype}, found dtype={item.dtype}")
    for axis, size in spec.axes.items():
        if size is not None and sizes[axis] not in (size, None):
            raise ValueError(
                f"{begin} axis {axis} of input shape to have value {size}, but"
                f" received input with shape {tuple(sizes)}"
            )
    for wanted, size in zip(spec.shape or (), sizes, strict=False):
        if None not in (wanted, size) and wanted != size:
            raise ValueError(f"{begin} shape={spec.shape}, found shape={tuple(sizes)}")
