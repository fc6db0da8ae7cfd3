"""Statistics of a step, written by hand: overlaps, two devices, a stream of a GPU."""

from __future__ import annotations

from typing import Any

_CPU, _GPU = "/job:localhost/replica:0/task:0/device:CPU:0", "/device:GPU:0"
_NODES = (
    (_CPU, "a", "a = Const()", 10, 5, 1),
    (_CPU, "b", "b = Split(a, missing)", 12, 9, 2),
    (_CPU, "c", "c = Add(b:1, a)", 22, 3, 1),
    (_CPU, "odd", "no label", 30, 1, 0),
    (_CPU, "RecvTensor", "edge_1", 31, 1, 0),
    (_GPU, "d", "d = Mul(c/_4, b)", 40, 7, 1),
    (f"{_GPU}/stream:all", "k", "gemm@@d:MatMul#id=1#", 41, 3, 0),
    (f"{_GPU}/stream:all", "plain", "kernel", 50, 3, 0),
)


def fill(stats: Any) -> Any:
    """Write the statistics into a message of either library."""
    devices: dict[str, Any] = {}
    for device, name, label, start, took, outputs in _NODES:
        if device not in devices:
            devices[device] = stats.dev_stats.add(device=device)
        node = devices[device].node_stats.add(
            node_name=name,
            timeline_label=label,
            all_start_micros=start,
            all_end_rel_micros=took,
        )
        for slot in range(outputs):
            node.output.add(slot=slot)
    return stats
