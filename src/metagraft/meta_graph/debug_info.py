"""Where nodes were made, as a message that goes beside a MetaGraph."""

from __future__ import annotations

from collections.abc import Iterable
from types import CodeType

from metagraft.graph.creation_stack import CreationStack
from metagraft.proto import GraphDebugInfo


def graph_debug_info(
    places: Iterable[tuple[str, CreationStack]],
) -> GraphDebugInfo:
    """Return where each node was made.

    Args:
        places: Where nodes were made, by `<node>@<function>`, with nothing after the
            `@` for the main graph; nodes of which nothing is known are left out.

    Returns:
        Traces by these keys, outermost call first; equal frames and traces are kept
        once.

    Source: tensorflow python/framework/error_interpolation.py
    create_graph_debug_info_def.
    """
    info = GraphDebugInfo()
    files: dict[str, int] = {}
    frames: dict[tuple[CodeType, int], int] = {}
    traces: dict[tuple[tuple[CodeType, int], ...], int] = {}
    for key, stack in places:
        if not stack.frames:
            continue
        trace = traces.get(stack.frames)
        if trace is None:
            trace = traces[stack.frames] = len(traces)
            ids = [_frame_id(info, frames, files, f) for f in reversed(stack.frames)]
            info.traces_by_id[trace].frame_id.extend(ids)
        info.name_to_trace_id[key] = trace
    info.files.extend(files)
    return info


def _frame_id(
    info: GraphDebugInfo,
    frames: dict[tuple[CodeType, int], int],
    files: dict[str, int],
    frame: tuple[CodeType, int],
) -> int:
    known = frames.get(frame)
    if known is not None:
        return known
    code, line = frame
    number = frames[frame] = len(frames)
    stored = info.frames_by_id[number]
    stored.file_index = files.setdefault(code.co_filename, len(files))
    stored.line = line
    stored.func = code.co_name
    return number
