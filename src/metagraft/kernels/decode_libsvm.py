"""Lines of LIBSVM files; twin of `ops/decode_libsvm.py`.

Source: tensorflow 1.15 contrib/libsvm/kernels/decode_libsvm_op.cc.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.dtypes import DType, int64
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.string_numbers import read_numbers


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


def decode_libsvm(attrs: Any, input: Array) -> tuple[Array, Array, Array, Array]:
    """Return labels, and features as a sparse tensor."""
    lines = np.ravel(input).tolist()
    parts = [line.split() for line in lines]
    for number, (line, entries) in enumerate(zip(lines, parts, strict=True)):
        if not entries:
            raise _invalid(f'No label found for input[{number}]: "{_shown(line)}"')
    labels = [entries[0] for entries in parts]
    label = _numbers(labels, labels, attrs["label_dtype"], "Label")
    features = [one for entries in parts for one in entries[1:]]
    for feature in features:
        if b":" not in feature:
            raise _invalid(f'Invalid feature "{_shown(feature)}"')
    pairs = [feature.split(b":", 1) for feature in features]
    places = _numbers([pair[0] for pair in pairs], features, int64, "Feature")
    values = _numbers([pair[1] for pair in pairs], features, attrs["dtype"], "Feature")
    if (places < 0).any():
        raise _invalid(f"Feature index should be >= 0, got {places[places < 0][0]}")
    owners = np.repeat(np.arange(len(parts)), [len(entries) - 1 for entries in parts])
    shape = np.shape(input)
    indices = np.stack([*np.unravel_index(owners, shape), places], axis=1)
    size = np.array([*shape, attrs["num_features"]], np.int64)
    return label.reshape(shape), indices.astype(np.int64), values, size


def _numbers(texts: list[bytes], shown: list[bytes], dtype: DType, what: str) -> Array:
    numbers, wrong = read_numbers(texts, dtype)
    if wrong is not None:
        raise _invalid(f"{what} format incorrect: {_shown(shown[wrong])}")
    return numbers


def _shown(text: bytes) -> str:
    return text.decode("utf-8", "backslashreplace")


KERNELS = {"DecodeLibsvm": Kernel(decode_libsvm, host=True)}
