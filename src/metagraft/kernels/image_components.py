"""Connected parts of images; twin of `ops/image_components.py`.

Source: tensorflow contrib/image/kernels/segmentation_ops.cc.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.kernels.kernel import Array, Kernel


def components(_attrs: Any, images: Array) -> tuple[Array]:
    """Number the parts of equal neighbours, over all images of a batch.

    A part has the number of the first pixel that it has, among those that are not zero
    (or empty text); these have 0.

    Args:
        _attrs: Nothing.
        images: `[n, h, w]`, of any type.
    """
    from scipy.sparse import coo_array, csgraph  # type: ignore[import-untyped]

    if images.ndim != 3:
        raise InvalidArgumentError(
            None, None, f"images must be rank 3 but is rank {images.ndim}"
        )
    place = np.arange(images.size).reshape(images.shape)
    nothing = b"" if images.dtype == object else images.dtype.type(0)
    is_part = images != nothing
    pairs = []
    for axis in (1, 2):
        ahead = [slice(None)] * 3
        behind = [slice(None)] * 3
        ahead[axis], behind[axis] = slice(None, -1), slice(1, None)
        one, other = tuple(ahead), tuple(behind)
        joined = (images[one] == images[other]) & is_part[one]
        pairs.append(np.stack([place[one][joined], place[other][joined]]))
    edges = np.concatenate(pairs, axis=1)
    ones = np.ones(edges.shape[1], np.int8)
    graph = coo_array((ones, (edges[0], edges[1])), shape=(images.size,) * 2)
    labels = csgraph.connected_components(graph, directed=False)[1]
    flat = is_part.reshape(-1)
    _, first, own = np.unique(labels[flat], return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(1, len(first) + 1)
    result = np.zeros(images.size, np.int64)
    result[flat] = rank[own.reshape(-1)]
    return (result.reshape(images.shape),)


KERNELS = {"ImageConnectedComponents": Kernel(components, host=True)}
