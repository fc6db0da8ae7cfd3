"""Einstein summation; twin of `ops/einsum.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import namespace

__all__ = ["KERNELS"]


def _repeated(labels: str) -> list[str]:
    plain = labels.replace("...", "")
    return sorted({label for label in plain if plain.count(label) > 1})


def _spread_diagonals(xp: Any, x: Array, once: str, labels: str) -> Array:
    """Put the entries of `x` on the diagonals of the axes that repeat a label.

    Args:
        xp: The array library.
        x: An array with one axis per label of `once`.
        once: The labels of `labels`, each a single time.
        labels: The labels of the result; `aab` for `ab` makes diagonal matrices.
    """
    for label in _repeated(labels):
        for _ in range(labels.count(label) - 1):
            split = len(once.partition("...")[2]) if "..." in once else 0
            place = once.replace("...", "").index(label)
            before = once.find("...") if "..." in once else len(once)
            axis = place if place < before else place - before - split
            axis %= x.ndim
            eye = xp.eye(x.shape[axis], dtype=x.dtype)
            shape = [1] * (x.ndim + 1)
            shape[axis] = shape[axis + 1] = x.shape[axis]
            x = xp.expand_dims(x, axis + 1) * eye.reshape(shape)
            at = once.index(label)
            once = once[:at] + label + once[at:]
    if once == labels:
        return x
    return xp.transpose(x, _permutation(once, labels, x.ndim))


def _permutation(source: str, target: str, rank: int) -> list[int]:
    """The axes of `source` in the order of `target`, ellipsis included."""
    order = _axis_names(source, rank)
    taken: list[int] = []
    for name in _axis_names(target, rank):
        taken.append(
            next(i for i, n in enumerate(order) if n == name and i not in taken)
        )
    return taken


def _axis_names(labels: str, rank: int) -> list[str]:
    head, ellipsis, tail = labels.partition("...")
    count = rank - len(head) - len(tail) if ellipsis else 0
    return [*head, *(f".{i}" for i in range(count)), *tail]


def _check_operands(
    terms: Sequence[str], output: str, inputs: tuple[Array, ...]
) -> None:
    """Check ranks and sizes, which are unknown when some graphs are built.

    Raises:
        InvalidArgumentError: They contradict the equation.
    """
    sizes: dict[str, int] = {}
    batch: tuple[int, ...] = ()
    for i, (term, x) in enumerate(zip(terms, inputs, strict=True)):
        head, ellipsis, tail = term.partition("...")
        count = len(head) + len(tail)
        if x.ndim < count or (x.ndim != count and not ellipsis):
            at_least = "at least " if ellipsis else ""
            raise InvalidArgumentError(
                None,
                None,
                f"Expected input {i} to have rank {at_least}{count} but got: {x.ndim}",
            )
        end = x.ndim - len(tail)
        places = [*range(len(head)), *range(end, x.ndim)]
        for label, axis in zip(head + tail, places, strict=True):
            known = sizes.setdefault(label, x.shape[axis])
            if known != x.shape[axis]:
                raise InvalidArgumentError(
                    None,
                    None,
                    f"Expected dimension {known} at axis {axis} of the input shaped"
                    f" {show(x.shape)} but got dimension {x.shape[axis]}",
                )
        try:
            batch = np.broadcast_shapes(batch, x.shape[len(head) : end])
        except ValueError as error:
            raise InvalidArgumentError(
                None, None, f"Broadcast dimensions do not fit: {error}"
            ) from error
    if batch and "..." not in output:
        raise InvalidArgumentError(
            None, None, "Output subscripts must have ellipsis: the inputs broadcast."
        )


def einsum(attrs: Any, inputs: tuple[Array, ...]) -> tuple[Array]:
    equation = attrs["equation"].decode()
    xp = namespace(inputs)
    terms, _, labels = equation.partition("->")
    _check_operands(terms.split(","), labels, inputs)
    once = "".join(dict.fromkeys(labels.replace("...", "."))).replace(".", "...")
    dtype = inputs[0].dtype
    operands = inputs
    if len(inputs) == 1 and "." not in terms:
        # What is not there is not summed: of -0 the sign stays.
        sizes = zip(terms, inputs[0].shape, strict=True)
        lost = [i for i, (s, n) in enumerate(sizes) if n == 1 and s not in labels]
        operands = (inputs[0].squeeze(tuple(lost)),)
        terms = "".join(s for i, s in enumerate(terms) if i not in lost)
    if xp is np:
        if dtype.name in ("float16", "bfloat16"):
            operands = tuple(x.astype(np.float32) for x in operands)
        result = np.einsum(f"{terms}->{once}", *operands, optimize=True)
    else:
        result = xp.einsum(f"{terms}->{once}", *operands, preferred_element_type=dtype)
    result = xp.asarray(result).astype(dtype)
    return (result if once == labels else _spread_diagonals(xp, result, once, labels),)


KERNELS = {"Einsum": Kernel(einsum)}
