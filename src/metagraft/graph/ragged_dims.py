"""Shapes of tensors that rows are put into, and what does not go with them.

Source: tensorflow core/util/ragged_to_dense_util.cc, ragged_to_dense_util_common.h.
"""

from __future__ import annotations

from collections.abc import Sequence

from metagraft.graph.shapes import Dims, show

__all__ = ["check_default", "check_partitions", "combined_dims"]


def check_partitions(kinds: Sequence[bytes], partitions: Sequence[Dims]) -> None:
    """Demand partitions in an order that says where all rows are.

    Args:
        kinds: What each partition tells.
        partitions: Their shapes.

    Raises:
        ValueError: One is of another kind, of another rank, or in the wrong place.
    """
    for kind in kinds:
        if kind in (b"ROW_LENGTHS", b"ROW_LIMITS", b"ROW_STARTS"):
            raise ValueError(f"Unsupported partition type: {kind.decode()}")
    if not kinds:
        raise ValueError("Partition info types should not be empty")
    if b"FIRST_DIM_SIZE" in kinds[1:]:
        raise ValueError("FIRST_DIM_SIZE must be first")
    if kinds[0] == b"FIRST_DIM_SIZE" and kinds[1:2] != [b"VALUE_ROWIDS"]:
        raise ValueError("FIRST_DIM_SIZE must be followed by VALUE_ROWIDS")
    if kinds[0] == b"VALUE_ROWIDS":
        raise ValueError("VALUE_ROWIDS cannot be first")
    if len(kinds) != len(partitions):
        raise ValueError(
            f"Number of row partition tensors ({len(partitions)}) does not equal the"
            f" number of row partition types({len(kinds)})."
        )
    for kind, dims in zip(kinds, partitions, strict=True):
        is_size = kind == b"FIRST_DIM_SIZE"
        if dims is not None and len(dims) != (0 if is_size else 1):
            what = "FIRST_DIM_SIZE must be a scalar."
            raise ValueError(what if is_size else "Row partition must be a vector.")


def check_default(default: Dims, values: Dims) -> None:
    """Demand a value that stands for missing elements of rows.

    Args:
        default: Its shape.
        values: That of all elements.

    Raises:
        ValueError: It has too many axes, or another size.
    """
    if default is None or values is None:
        return
    problem = (
        f"default_value.shape={show(default)} and rt_input.flat_values.shape="
        f"{show(values)} are incompatible: default_value"
    )
    if len(default) >= len(values):
        raise ValueError(
            f"{problem}.rank = {len(default)}  must be less than"
            f" rt_input.flat_values.rank = {len(values)}"
        )
    # TF: axes count from the first one here, although values are spread from the last.
    for axis, (size, other) in enumerate(zip(default, values[1:], strict=False)):
        if size not in (None, 1) and other not in (None, size):
            at = axis - len(default)
            raise ValueError(
                f"{problem}.shape[{at}] = {size} but rt_input.flat_values.shape[{at}]"
                f" = {other}"
            )


def combined_dims(ragged_rank: int, shape: Dims, values: Dims) -> Dims:
    """Return the shape asked for, with the sizes that all elements have.

    Args:
        ragged_rank: How many axes of rows there are.
        shape: What is asked for.
        values: The shape of all elements.

    Raises:
        ValueError: The two contradict each other.
    """
    if values is None:
        return shape
    inner = values[1:]
    if shape is None:
        return (*[None] * (ragged_rank + len(values) - len(inner)), *inner)
    problem = f"rt_input.shape and shape={show(shape)} are incompatible: rt_input"
    rank = ragged_rank + len(values)
    if rank != len(shape):
        raise ValueError(f"{problem}.rank = {rank} but shape.rank = {len(shape)}")
    combined = list(shape)
    for axis, size in enumerate(inner, rank - len(inner)):
        if size is not None and combined[axis] not in (None, size):
            raise ValueError(
                f"{problem}.shape[{axis}] = {size} but shape[{axis}] = {shape[axis]}"
            )
        combined[axis] = combined[axis] if size is None else size
    return tuple(combined)
