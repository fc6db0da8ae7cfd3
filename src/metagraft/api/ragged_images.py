"""Images of different sizes, as ragged tensors.

Source: tensorflow python/ops/ragged/ragged_image_ops.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.comparison import equal
from metagraft.api.cond import cond
from metagraft.api.functional import map_fn
from metagraft.api.image_resize import ResizeMethod
from metagraft.api.image_resize import resize_images as resize_dense
from metagraft.api.ragged_tensor import RaggedTensor
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.folding import constant_value_as_dims
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor
from metagraft.graph.tensor_spec import TensorSpec

__all__ = ["resize_images"]


def resize_images(
    images: Any,
    size: Any,
    method: Any = ResizeMethod.BILINEAR,
    align_corners: bool = False,
    preserve_aspect_ratio: bool = False,
    name: str | None = None,
) -> Any:
    """Bring each image of a ragged batch to a size.

    Args:
        images: `[n, h, w, c]`.
        size: New height and width.
        method: One of `ResizeMethod`, or its name in small letters.
        align_corners: Whether the centres of the corner pixels stay where they are.
        preserve_aspect_ratio: Whether the size is a limit that images are fitted into.
        name: Name of the scope.

    Raises:
        ValueError: The batch has another rank.
    """
    with name_scope(name, "RaggedResizeImages", [images, size]):
        if images.shape.rank != 4:
            raise ValueError(
                "tf.image.resize: images.shape.rank must be 4 if images is ragged."
            )
        size = convert_to_tensor(size, dtypes.int32, name="size")
        known = TensorShape(constant_value_as_dims(size)).with_rank(2)
        shape = known.concatenate(images.shape[-1:])

        def resized(image: Any) -> Tensor:
            if isinstance(image, RaggedTensor):
                image = image.to_tensor()
            found: Tensor = resize_dense(
                image,
                size,
                method=method,
                preserve_aspect_ratio=preserve_aspect_ratio,
                align_corners=align_corners,
            )
            return found

        def all_resized() -> Any:
            spec = TensorSpec(shape, dtypes.float32)
            return map_fn(resized, images, fn_output_signature=spec)

        def nothing() -> Any:
            channels = array.shape(images.flat_values)[-1:]
            return array.zeros(array.concat([[0], size, channels], axis=0))

        count = images.shape[0].value
        if count == 0:
            return nothing()
        if count is not None:
            return all_resized()
        return cond(equal(images.nrows(), 0), nothing, all_resized)
