"""Strings to numbers of buckets, on the host; twin of `ops/string_hash.py`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.kernels.hash_arrays import (
    fingerprints64,
    murmur_hashes64,
    sip_hashes64,
)
from metagraft.kernels.kernel import Array, Kernel


def string_to_hash_bucket_fast(attrs: Attrs, input: Array) -> tuple[Array]:
    return (_buckets(input, attrs["num_buckets"], fingerprints64),)


def string_to_hash_bucket(attrs: Attrs, string_tensor: Array) -> tuple[Array]:
    return (_buckets(string_tensor, attrs["num_buckets"], murmur_hashes64),)


def string_to_hash_bucket_strong(attrs: Attrs, input: Array) -> tuple[Array]:
    key: list[int] = attrs["key"]
    if len(key) != 2:
        raise InvalidArgumentError(None, None, "Key must have 2 elements")
    low, high = key
    return (
        _buckets(
            input,
            attrs["num_buckets"],
            lambda texts: sip_hashes64(texts, low, high),
        ),
    )


def _buckets(
    strings: Array, count: int, hashed: Callable[[list[bytes]], Array]
) -> Array:
    """Return the bucket of every string."""
    hashes = hashed(np.ravel(strings).tolist())
    buckets = (hashes % np.uint64(count)).astype(np.int64)
    return buckets.reshape(np.shape(strings))


KERNELS = {
    "StringToHashBucket": Kernel(string_to_hash_bucket, host=True),
    "StringToHashBucketFast": Kernel(string_to_hash_bucket_fast, host=True),
    "StringToHashBucketStrong": Kernel(string_to_hash_bucket_strong, host=True),
}
