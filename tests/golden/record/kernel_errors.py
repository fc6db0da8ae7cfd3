"""Running single ops with TensorFlow that fail, and storing what they took and said."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from tests.golden.record.kernel_values import Case, run
from tests.golden.record.tensorflow_v1 import load

# TensorFlow tells the node before and after its message.
_BEFORE = re.compile(r".*\nNode: '[^']*'\n", re.DOTALL)
_AFTER = re.compile(r"\n\t \[\[.*", re.DOTALL)


def _operand(value: Any) -> Any:
    if isinstance(value, list):
        return [_operand(item) for item in value]
    array = np.asarray(value)
    if array.dtype.names:  # quantised numbers
        array = array.view(array.dtype[0])
    items = array.reshape(-1).tolist()
    if array.dtype == np.dtype(object):
        items = [item.decode("latin-1") for item in items]
    if array.dtype.kind == "c":
        items = [[item.real, item.imag] for item in items]
    return {"dtype": array.dtype.name, "shape": list(array.shape), "items": items}


def write_errors(path: Path, cases: Iterable[Case]) -> None:
    """Run the cases, all of which fail, and write the class and text of errors."""
    tf = load()
    index = []
    for case in cases:
        try:
            run(case)
        except tf.errors.OpError as error:
            message = _AFTER.sub("", _BEFORE.sub("", error.message))
            found = {"class": type(error).__name__, "message": message}
        else:
            raise AssertionError(f"{case.op} {case.attrs} does not fail")
        operands = {name: _operand(value) for name, value in case.operands.items()}
        described = {"op": case.op, "attrs": case.attrs, "operands": operands}
        index.append({**described, **found})
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")
    print(f"{path.name}: {len(index)} errors")
