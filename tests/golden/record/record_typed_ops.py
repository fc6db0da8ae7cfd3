"""Records what TensorFlow's ops give in every type that its CPU has kernels for.

Usage: python -m tests.golden.record.record_typed_ops [GROUP ...]
"""

from __future__ import annotations

import gzip
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

from tests.golden.record.kernel_values import packed
from tests.golden.record.tensorflow_v1 import load
from tests.programs.typed_ops import runs

FOLDER = Path(__file__).resolve().parent.parent / "typed_ops"
# Handles: no values.
OPAQUE = {"resource", "variant"}
# What is raised while a node is made.
BUILDING = {"TypeError", "ValueError"}


def kernels(op: str) -> list[dict[str, list[str]]]:
    """Return the types that each of the CPU's kernels takes, by attribute."""
    load()
    from tensorflow.python.framework.kernels import get_registered_kernels_for_op

    registered = get_registered_kernels_for_op(op).kernel
    found = [
        {
            constraint.name: _kinds(constraint.allowed_values.list.type)
            for constraint in kernel.constraint
            if constraint.allowed_values.list.type
        }
        for kernel in registered
        if kernel.device_type == "CPU"
    ]
    return [kernel for kernel in found if all(kernel.values())]


def _kinds(numbers: Any) -> list[str]:
    names = (load().as_dtype(number).name for number in numbers)
    return [name for name in names if name not in OPAQUE]


def combinations(name: str) -> list[dict[str, str]]:
    """Return combinations in which each type of each attribute is once."""
    free = runs.OPS[name].free
    found: list[dict[str, str]] = []
    seen: set[tuple[str, str]] = set()
    for kernel in kernels(name) or [{}]:
        for attr, kind in _pairs({**free, **kernel}):
            if (attr, kind) in seen:
                continue
            first = {other: kinds[0] for other, kinds in {**free, **kernel}.items()}
            types = {**first, attr: kind}
            seen |= set(types.items())
            if types not in found:
                found.append(types)
    return found or [{}]


def _pairs(kernel: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for attr, kinds in kernel.items():
        for kind in kinds:
            yield attr, kind


def _storable(array: Any) -> Any:
    if array.dtype == np.dtype(object):
        return np.array([runs.closed(bytes(item)) for item in array.reshape(-1)])
    is_own = array.dtype.name in dir(ml_dtypes)
    return array.astype(np.float32) if is_own else array


def _same(left: list[Any], right: list[Any]) -> bool:
    pairs = zip(left, right, strict=True)
    return all(
        one.tobytes() == other.tobytes()
        if one.dtype != object
        else one.tolist() == other.tolist()
        for one, other in pairs
    )


def write_kernels() -> None:
    """Write the types that the CPU's kernels take, by op and attribute."""
    from tensorflow.python.framework.kernels import get_all_registered_kernels

    found: dict[str, dict[str, set[str]]] = {}
    for op in {kernel.op for kernel in get_all_registered_kernels().kernel}:
        for attr, kind in (pair for kernel in kernels(op) for pair in _pairs(kernel)):
            found.setdefault(op, {}).setdefault(attr, set()).add(kind)
    plain = {
        op: {attr: sorted(kinds) for attr, kinds in sorted(attrs.items())}
        for op, attrs in sorted(found.items())
    }
    with gzip.GzipFile(FOLDER / "kernels.json.gz", "wb", mtime=0) as file:
        file.write(json.dumps(plain).encode())


def main(names: list[str]) -> None:
    """Write the values of each group."""
    # Its own kernels: what oneDNN's give depends on the machine.
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
    tf = load()
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "VERSION").write_text(f"tensorflow {tf.__version__}\n", encoding="utf-8")
    write_kernels()
    for group in names or runs.GROUPS:
        arrays: dict[str, Any] = {}
        index: dict[str, Any] = {}
        refused: dict[str, Any] = {}
        missing: dict[str, Any] = {}
        for name in runs.GROUPS[group]:
            index[name] = []
            for types in combinations(name):
                error = runs.error_of(tf, name, types)
                if error:
                    # Where only the kernel refuses, others may do more.
                    kind = refused if error in BUILDING else missing
                    kind.setdefault(name, {})[runs.spelled(types)] = error
                    continue
                found = runs.values(tf, name, [types])[0]
                number = len(index[name])
                about = []
                for run, values in enumerate(found):
                    if run and _same(values, found[0]):
                        break
                    about.append([[v.dtype.name, list(v.shape)] for v in values])
                    for place, value in enumerate(values):
                        arrays[f"{name}.{number}.{run}.{place}"] = _storable(value)
                index[name].append({"types": types, "runs": about})
        text = json.dumps({"values": index, "refused": refused, "missing": missing})
        np.savez_compressed(
            FOLDER / f"{group}.npz", index=np.array(text), **packed(arrays)
        )
        count = sum(map(len, index.values()))
        print(f"{group}: {count} cases of {len(index)} ops")
        for name, found in missing.items():
            print(f"  {name} has no kernel for", *found)


if __name__ == "__main__":
    main(sys.argv[1:])
