"""How the ops that train variables run: what takes which formula.

The dense op applies a formula to whole variables, the sparse op
(`Sparse...`) to the rows named by `indices`; the ops on reference variables and on
resource variables share it. `metagraft.ops.training` says what the ops mean.

Source: tensorflow core/kernels/training_ops.cc.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from metagraft.kernels import training_formulas as formulas
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.rows import OUTSIDE as OUTSIDE_TABLE
from metagraft.kernels.rows import Undo, updated_rows
from metagraft.kernels.training_checks import OUTSIDE, Check, checks_of
from metagraft.kernels.training_formulas import Attributes, Formula


@dataclass(frozen=True, slots=True)
class Rule:
    """One optimizer: its formula and the op types that apply it.

    Attributes:
        name: The op type without `Apply`, `Resource` and `Sparse`.
        formula: New values of `variables`.
        variables: Input args that are variables: `var` and its slots.
        gradient_at: Position of the gradient among the operands; in the sparse op
            `indices` follows it.
        reference: Whether there are ops on reference variables.
        sparse: Whether there are ops on rows.
        of_rows: The formula of these, if it is another.
        outside: What these say of an index outside of the table.
    """

    name: str
    formula: Formula
    variables: tuple[str, ...]
    gradient_at: int
    reference: bool = True
    sparse: bool = True
    of_rows: Formula | None = None
    outside: str = OUTSIDE


_FTRL = ("var", "accum", "linear")
_ACCUM_UPDATE = ("var", "accum", "accum_update")
_DUAL = ("var", "gradient_accumulator", "gradient_squared_accumulator")
_ONLY_DENSE: dict[str, Any] = {"sparse": False}

RULES = (
    Rule("GradientDescent", formulas.gradient_descent, ("var",), 2, **_ONLY_DENSE),
    Rule("Momentum", formulas.momentum, ("var", "accum"), 3),
    Rule(
        "KerasMomentum",
        formulas.keras_momentum,
        ("var", "accum"),
        3,
        reference=False,
        outside=OUTSIDE_TABLE,
    ),
    Rule("Adam", formulas.adam, ("var", "m", "v"), 9, **_ONLY_DENSE),
    Rule(
        "AdamWithAmsgrad",
        formulas.adam_with_amsgrad,
        ("var", "m", "v", "vhat"),
        10,
        reference=False,
        sparse=False,
    ),
    Rule("AdaMax", formulas.ada_max, ("var", "m", "v"), 8, **_ONLY_DENSE),
    Rule(
        "RMSProp",
        formulas.rms_prop,
        ("var", "ms", "mom"),
        7,
        of_rows=formulas.rms_prop_of_rows,
    ),
    Rule(
        "CenteredRMSProp",
        formulas.centered_rms_prop,
        ("var", "mg", "ms", "mom"),
        8,
        of_rows=formulas.centered_rms_prop_of_rows,
    ),
    Rule("Adagrad", formulas.adagrad, ("var", "accum"), 3),
    Rule("AdagradV2", formulas.adagrad_v2, ("var", "accum"), 4),
    Rule(
        "AdagradDA", formulas.adagrad_da, _DUAL, 3, of_rows=formulas.adagrad_da_of_rows
    ),
    Rule("Adadelta", formulas.adadelta, _ACCUM_UPDATE, 6),
    Rule("ProximalGradientDescent", formulas.proximal_gradient_descent, ("var",), 4),
    Rule("ProximalAdagrad", formulas.proximal_adagrad, ("var", "accum"), 5),
    Rule(
        "Ftrl",
        partial(formulas.ftrl, formulas.followed_leader),
        _FTRL,
        3,
        of_rows=partial(formulas.ftrl, formulas.followed_leader_of_rows),
    ),
    Rule(
        "FtrlV2",
        partial(formulas.ftrl_v2, formulas.followed_leader),
        _FTRL,
        3,
        of_rows=partial(formulas.ftrl_v2, formulas.followed_leader_of_rows),
    ),
    Rule("AddSign", formulas.add_sign, ("var", "m"), 6, **_ONLY_DENSE),
    Rule("PowerSign", formulas.power_sign, ("var", "m"), 6, **_ONLY_DENSE),
)


def _names(rule: Rule, *, rows: bool) -> tuple[str, ...]:
    """The names of the operands, which the formulas share with the ops."""
    names = [*inspect.signature(rule.formula).parameters][1:]
    if rows:
        names[rule.gradient_at : rule.gradient_at + 1] = ["grad", "indices"]
    return tuple(names)


def _run_checks(
    checks: Sequence[Check],
    names: Sequence[str],
    attrs: Attributes,
    operands: Sequence[Array],
) -> None:
    """Raise InvalidArgumentError if TensorFlow would, with its words."""
    named = dict(zip(names, operands, strict=True))
    for check in checks:
        check(attrs, named)


def _on_rows(rule: Rule) -> Formula:
    """Return what applies a formula to the rows named by `indices`.

    It takes, before the attributes, what `Kernel.in_place` does, or None.
    """
    count, at = len(rule.variables), rule.gradient_at
    formula_of_rows = rule.of_rows or rule.formula
    names = _names(rule, rows=True)
    checks = checks_of(rule.name, rule.variables, rows=True)

    def apply_to_rows(
        undo: Undo | None, attrs: Attributes, *operands: Array
    ) -> tuple[Array, ...]:
        _run_checks(checks, names, attrs, operands)
        gradient, indices = operands[at], operands[at + 1]
        before, after = operands[count:at], operands[at + 2 :]

        def formula(rows: tuple[Array, ...], gradient_rows: Array) -> tuple[Array, ...]:
            return formula_of_rows(attrs, *rows, *before, gradient_rows, *after)

        tables = operands[:count]
        return updated_rows(formula, tables, indices, gradient, undo, rule.outside)

    return apply_to_rows


def _on_whole(rule: Rule) -> Formula:
    """Return the kernel that applies a formula to whole variables."""
    names = _names(rule, rows=False)
    checks = checks_of(rule.name, rule.variables, rows=False)

    def apply_to_whole(attrs: Attributes, *operands: Array) -> tuple[Array, ...]:
        _run_checks(checks, names, attrs, operands)
        return rule.formula(attrs, *operands)

    return apply_to_whole


def _kernels(rule: Rule) -> Iterator[tuple[str, Kernel]]:
    prefixes = ("", "Resource") if rule.reference else ("Resource",)
    for prefix in prefixes:
        yield (
            f"{prefix}Apply{rule.name}",
            Kernel(_on_whole(rule), updates=rule.variables),
        )
        if rule.sparse:
            apply_to_rows = _on_rows(rule)
            yield (
                f"{prefix}SparseApply{rule.name}",
                Kernel(
                    partial(apply_to_rows, None),
                    updates=rule.variables,
                    in_place=apply_to_rows,
                ),
            )


KERNELS = {name: kernel for rule in RULES for name, kernel in _kernels(rule)}
