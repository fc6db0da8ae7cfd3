"""Einstein summation (`tf.einsum`).

Source: tensorflow python/ops/special_math_ops.py.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from metagraft.graph.apply_op import op
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["einsum"]

ELLIPSIS = "..."
# Stands for the ellipsis while an equation is taken apart.
_BATCH = "0"


def einsum(
    equation: str, *inputs: Any, name: str | None = None, optimize: str = "greedy"
) -> Tensor:
    """Sum products of elements whose labels agree.

    Args:
        equation: The labels of every operand and of the result, as `ij,jk->ik`. With
            `...` the remaining axes broadcast. Without `->` the result has, in
            alphabetical order, the labels that occur once.
        *inputs: The operands.
        name: Name of the scope.
        optimize: `greedy`; how the order of more than two operands is chosen.

    Raises:
        ValueError: The equation is malformed or does not fit the operands.
    """
    if optimize != "greedy":
        raise ValueError(
            f"einsum of '{equation}': `optimize` must be 'greedy', not {optimize!r}."
        )
    with name_scope(name, "einsum", [equation, *inputs]):
        resolved = _resolved(equation, len(inputs))
        operands = list(inputs)
        if len(operands) <= 2:
            return _contract(operands, resolved)
        return _in_pairs([convert_to_tensor(x) for x in operands], resolved)


def _contract(operands: Sequence[Any], equation: str) -> Tensor:
    return op("Einsum", inputs=operands, equation=equation.replace(_BATCH, ELLIPSIS))


def _resolved(equation: str, count: int) -> str:
    """Check an equation and add the result's labels where they are left out."""
    resolved = equation.replace(" ", "")
    if _BATCH in resolved:
        raise ValueError(f'Invalid character "{_BATCH}" in equation: {equation}.')
    resolved = resolved.replace(ELLIPSIS, _BATCH)
    match = re.match(r"^([a-zA-Z0,]*)(->[a-zA-Z0]*)?$", resolved)
    if not match:
        raise ValueError(f"Subscripts have incorrect format: {resolved}")
    terms = match.group(1)
    if len(terms.split(",")) != count:
        raise ValueError(
            f'Got {count} inputs for equation "{equation}", expecting'
            f" {len(terms.split(','))}"
        )
    if match.group(2) is None:
        counts = Counter(terms.replace(",", ""))
        output = "".join(sorted(s for s in counts if counts[s] == 1))
        return f"{terms}->{output}"
    output = match.group(2)[2:]
    if len(set(output)) != len(output):
        raise ValueError(
            f"Output subscripts contain a label appearing more than once: {equation}"
        )
    unknown = [s for s in output if s != _BATCH and s not in terms]
    if unknown:
        raise ValueError(
            f"Output subscripts contain the label {unknown[0]} not present in the"
            " input subscripts."
        )
    return resolved


def _in_pairs(operands: list[Tensor], equation: str) -> Tensor:
    """Contract two operands at a time, those first whose result is smallest."""
    left, _, output = equation.partition("->")
    terms = left.split(",")
    sizes = _sizes(terms, operands)
    while len(operands) > 1:
        is_last = len(operands) == 2
        pair = _best_pair(terms, output, sizes)
        needed = _labels_needed(terms, output, *pair)
        # TF: the later operand of a pair comes first, and results go to the end.
        labels = [terms.pop(index) for index in reversed(pair)]
        taken = [operands.pop(index) for index in reversed(pair)]
        order = "".join(labels)
        result = output if is_last else "".join(sorted(needed, key=order.find))
        operands.append(_contract(taken, f"{','.join(labels)}->{result}"))
        terms.append(result)
    return operands[0]


def _sizes(terms: list[str], operands: list[Tensor]) -> dict[str, int]:
    """The size of every label; 1 where it is not known."""
    sizes: dict[str, int] = {}
    for labels, operand in zip(terms, operands, strict=True):
        dims = operand.dims
        if dims is None:
            continue
        head, batch, tail = labels.partition(_BATCH)
        end = len(dims) - len(tail)
        if len(head) > end or (not batch and len(head) != len(dims)):
            raise ValueError(
                f"Number of named labels in '{labels}' must be equal to the number of"
                f" dimensions in shape {list(dims)}"
            )
        middle = 1
        for dim in dims[len(head) : end]:
            middle *= dim or 1
        named = list(zip(head, dims, strict=False)) + list(
            zip(tail, dims[end:], strict=True)
        )
        if batch:
            named.append((_BATCH, middle))
        for label, size in named:
            sizes[label] = max(sizes.get(label, 1), size or 1)
    return sizes


def _labels_needed(terms: list[str], output: str, i: int, j: int) -> set[str]:
    others = set(output).union(*(t for k, t in enumerate(terms) if k not in (i, j)))
    return (set(terms[i]) | set(terms[j])) & others


def _best_pair(terms: list[str], output: str, sizes: dict[str, int]) -> tuple[int, int]:
    """The pair that, replaced by its product, leaves the fewest elements."""

    def volume(labels: set[str]) -> int:
        product = 1
        for label in labels:
            product *= sizes.get(label, 1)
        return product

    def gain(pair: tuple[int, int]) -> int:
        i, j = pair
        result = volume(_labels_needed(terms, output, i, j))
        return result - volume(set(terms[i])) - volume(set(terms[j]))

    count = len(terms)
    return min(((i, j) for i in range(count) for j in range(i + 1, count)), key=gain)
