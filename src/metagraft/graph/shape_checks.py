"""What shape functions demand of their inputs, with TensorFlow's error texts.

Each function returns what is known after the check, so rules read as a sequence of
demands. The caller that runs shape functions appends the operation to the message.

Source: tensorflow core/framework/shape_inference.cc InferenceContext.
"""

from __future__ import annotations

from collections.abc import Sequence

from metagraft.graph.shapes import Dims, show

__all__ = [
    "check_ranks",
    "merge_dim",
    "merged",
    "rank_of_sparse_parts",
    "with_rank",
    "with_rank_at_least",
    "with_rank_at_most",
    "with_size",
]

KnownRank = tuple[int | None, ...]


def with_rank(dims: Dims, rank: int) -> KnownRank:
    """Demand exactly `rank` dimensions.

    Raises:
        ValueError: There are more or fewer.
    """
    if dims is None:
        return (None,) * rank
    if len(dims) != rank:
        raise ValueError(f"Shape must be rank {rank} but is rank {len(dims)}")
    return dims


def with_rank_at_least(dims: Dims, rank: int) -> Dims:
    """Demand at least `rank` dimensions.

    Raises:
        ValueError: There are fewer.
    """
    if dims is not None and len(dims) < rank:
        raise ValueError(f"Shape must be at least rank {rank} but is rank {len(dims)}")
    return dims


def with_rank_at_most(dims: Dims, rank: int) -> Dims:
    """Demand at most `rank` dimensions.

    Raises:
        ValueError: There are more.
    """
    if dims is not None and len(dims) > rank:
        raise ValueError(f"Shape must be at most rank {rank} but is rank {len(dims)}")
    return dims


def check_ranks(ranks: str, shapes: Sequence[Dims]) -> None:
    """Demand a rank of each of several operands.

    Args:
        ranks: For each operand its rank, `v` for at most one, `p` for at least one,
            `h` for the two elements of a handle or `-` for any. `*` repeats the letter
            before it for the operands that the others leave, as one argument may be a
            list; what is not told is any.
        shapes: What is known of the operands.

    Raises:
        ValueError: An operand has another rank.
    """
    before, star, after = ranks.partition("*")
    if star:
        count = len(shapes) - len(before) + 1 - len(after)
        ranks = before[:-1] + before[-1] * count + after
    for letter, dims in zip(ranks, shapes, strict=False):
        if letter == "v":
            with_rank_at_most(dims, 1)
        elif letter == "p":
            with_rank_at_least(dims, 1)
        elif letter == "h":
            with_size(with_rank(dims, 1)[0], 2)
        elif letter != "-":
            with_rank(dims, int(letter))


def with_size(dim: int | None, size: int) -> None:
    """Demand a size of an axis.

    Raises:
        ValueError: It has another one.
    """
    if dim not in (None, size):
        raise ValueError(f"Dimension must be {size} but is {dim}")


def merge_dim(a: int | None, b: int | None) -> int | None:
    """Demand that two sizes are equal and return the known one.

    Raises:
        ValueError: They differ.
    """
    if a is None:
        return b
    if b is not None and a != b:
        raise ValueError(f"Dimensions must be equal, but are {a} and {b}")
    return a


def merged(a: Dims, b: Dims) -> Dims:
    """Demand that two shapes are equal and return all that is known.

    Raises:
        ValueError: They differ.
    """
    if a is None or b is None:
        return b if a is None else a
    if len(a) != len(b):
        raise ValueError(f"Shapes must be equal rank, but are {len(a)} and {len(b)}")
    for i, (x, y) in enumerate(zip(a, b, strict=True)):
        if x is not None and y is not None and x != y:
            raise ValueError(
                f"Dimension {i} in both shapes must be equal, but are {x} and {y}."
                f" Shapes are {show(a)} and {show(b)}."
            )
    return tuple(y if x is None else x for x, y in zip(a, b, strict=True))


def rank_of_sparse_parts(indices: Dims, values: Dims, shape: Dims) -> int | None:
    """Demand parts of a sparse tensor and return the rank that its shape tells.

    Args:
        indices: `[count, rank]`, not looked at to tell the rank.
        values: `[count]`.
        shape: `[rank]`.

    Raises:
        ValueError: They do not fit each other.

    Source: tensorflow core/framework/common_shape_fns.cc ValidateSparseTensor.
    """
    count, columns = with_rank(indices, 2)
    (found,) = with_rank(values, 1)
    (rank,) = with_rank(shape, 1)
    if None not in (count, found) and count != found:
        raise ValueError(
            f"Number of elements in index ({count}) and values ({found}) do not match."
        )
    if None not in (columns, rank) and columns != rank:
        raise ValueError(
            f"Index rank ({columns}) and shape rank ({rank}) do not match."
        )
    return rank
