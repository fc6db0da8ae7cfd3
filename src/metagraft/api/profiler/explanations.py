"""What is said at the top of a printed profile about what it shows.

The words are our own; TensorFlow has others in the same place.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

__all__ = ["explained"]

_VIEWS: Final = {
    "scope": "nodes of the graph, in the scopes of their names.",
    "graph": "nodes of the graph, above the nodes whose outputs they take.",
    "code": "lines of Python, below those that call them.",
    "op": "op types, each for all of its nodes.",
}
_ACCELERATOR: Final = "accelerator execution time: what kernels took on accelerators."
_CPU: Final = (
    "cpu execution time: what kernels took on CPUs, with what they waited for."
)
_SELECTED: Final = {
    "accelerator_micros": _ACCELERATOR,
    "bytes": "requested bytes: memory asked for, all together.",
    "cpu_micros": _CPU,
    "device": "device: where a node ran.",
    "float_ops": "flops: float operations, for op types that have a formula.",
    "input_shapes": "input shape: shapes of the tensors that a node takes.",
    "micros": (
        "total execution time: on accelerators and CPUs together.\n"
        f"{_CPU}\n{_ACCELERATOR}"
    ),
    "occurrence": "occurrence: how many nodes there are, and how often they ran.",
    "op_types": "op_types: op type, device and what programs call a node.",
    "output_bytes": "output bytes: memory of outputs.",
    "params": "param: elements that the attribute shape of a node names.",
    "peak_bytes": "peak bytes: memory held at most at one time.",
    "residual_bytes": "residual bytes: memory still held at the end.",
    "tensor_value": "tensor_value: not shown, as there is no checkpoint.",
}


def explained(command: str, select: Iterable[str]) -> str:
    """Return what a view is, and what each selected thing is."""
    lines = [_SELECTED.get(one, f"Unknown select: {one}") for one in sorted(select)]
    view = f"{command}: {_VIEWS[command]}"
    return "\n".join(["\nDoc:", view, *lines]) + "\n\n"
