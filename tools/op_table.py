"""Write down which ops can run, for programs and for people.

Usage: `python tools/op_table.py`

`src/metagraft/kernels/data/op_support.json` and `src/metagraft/ops/data/families.json`
say which module has which op, so that programs load no others, and `metagraft check`
none; `docs/ops.md` is a page with every op, its shape function, gradient rule and
types. A test fails while the committed files are not what the tables in the code say.

`op_use.csv` beside this program is a survey of 261 graphs that people published, of
TensorFlow 0.x to 2.x: in how many of them each op occurs.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from metagraft.gradients.branch_functions import BRANCHES
from metagraft.gradients.loop_functions import LOOPS
from metagraft.graph import catalogue
from metagraft.graph.families import format_families
from metagraft.graph.op_spec import NO_RULE_YET, NoGradient
from metagraft.graph.signature_text import type_text
from metagraft.kernels import FUNCTIONS, RUN, SUPPORT_FILE, kernel_table
from metagraft.ops import FAMILIES_FILE, families_of_ops, op_table
from metagraft.runtime.op_support import op_support

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/ops.md"
USE = ROOT / "tools/op_use.csv"
COMMAND = "python tools/op_table.py"
_SURVEYED = 261

_TITLES = {
    RUN: "Variables, control flow, checkpoints",
    FUNCTIONS: "Calls, branches and loops over functions",
}
# Sets of types with a name; what is left of a list is spelt out.
_GROUPS = (
    ("floats", "float16 bfloat16 float32 float64"),
    ("complex", "complex64 complex128"),
    ("integers", "int8 int16 int32 int64 uint8 uint16 uint32 uint64"),
    ("quantized", "qint8 quint8 qint32 qint16 quint16"),
    (
        "8-bit floats",
        "float8_e5m2 float8_e4m3fn float8_e4m3fnuz float8_e4m3b11fnuz float8_e5m2fnuz",
    ),
    ("4-bit integers", "int4 uint4"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """What there is of one op.

    Attributes:
        op_type: The op type.
        kernel: How it runs: `compiled`, `host`, `run` or `functions`.
        has_shape: Whether the shapes of its outputs are inferred, or it has none.
        gradient: `yes`; `none` where TensorFlow has none either; `missing`.
        types: The element types that it takes.
        models: In how many models of the survey it occurs.
    """

    op_type: str
    kernel: str
    has_shape: bool
    gradient: str
    types: str
    models: int

    @property
    def is_whole(self) -> bool:
        """Whether it has everything that TensorFlow has."""
        return self.has_shape and self.gradient != "missing"


@cache
def use() -> Mapping[str, int]:
    """Return in how many models of the survey each op occurs."""
    with USE.open(encoding="utf-8", newline="") as file:
        return {row["op"]: int(row["models"]) for row in csv.DictReader(file)}


def rows(op_types: Iterable[str], family: str) -> list[Row]:
    """Return the rows of one family."""
    return [_row(op_type, family) for op_type in op_types]


def _row(op_type: str, family: str) -> Row:
    definition = catalogue.get(op_type)
    spec = op_table().get(op_type)
    has_shape = spec is not None and spec.shape is not None
    if definition is not None and not definition.outputs:
        has_shape = True
    return Row(
        op_type,
        _kernel(op_type, family),
        has_shape,
        _gradient(op_type),
        "" if definition is None else _types(definition),
        use().get(op_type, 0),
    )


def _kernel(op_type: str, family: str) -> str:
    if family in (RUN, FUNCTIONS):
        return family
    return "host" if kernel_table()[op_type].host else "compiled"


def _gradient(op_type: str) -> str:
    if op_type in (*BRANCHES, *LOOPS):
        return "yes"  # not a rule of the op: functions are differentiated
    spec, definition = op_table().get(op_type), catalogue.get(op_type)
    if spec is not None and not isinstance(spec.gradient, NoGradient):
        return "yes"
    if spec is not None and spec.gradient is not NO_RULE_YET:
        return "none"
    has_one = definition is not None and definition.gradient == "function"
    return "missing" if has_one else "none"


def _types(definition: catalogue.OpDef) -> str:
    """Return the types that the attributes of an op allow."""
    arguments = (*definition.inputs, *definition.outputs)
    telling = {arg.type_attr or arg.type_list_attr for arg in arguments} - {""}
    parts = []
    for attr in definition.attrs:
        if attr.name in telling:
            allowed = [item for item in attr.allowed or () if isinstance(item, int)]
            shown = _grouped([type_text(n) for n in allowed]) if allowed else "all"
            parts.append(f"{attr.name}: {shown}")
    fixed = {type_text(arg.type) for arg in arguments if arg.type}
    return "; ".join(parts) or ", ".join(sorted(fixed)) or "-"


def _grouped(types: list[str]) -> str:
    left, parts = list(dict.fromkeys(types)), []
    for name, members in _GROUPS:
        if set(members.split()) <= set(left):
            parts.append(name)
            left = [t for t in left if t not in members.split()]
    return ", ".join([*parts, *left])


def page() -> str:
    """Return the page about all ops."""
    by_family: dict[str, list[str]] = {}
    for op_type, name in sorted(op_support().items()):
        by_family.setdefault(name, []).append(op_type)
    families = {name: rows(ops, name) for name, ops in by_family.items()}
    return "".join(
        [_head([row for found in families.values() for row in found])]
        + [_section(name, families[name]) for name in _order(families)]
        + [_not_run(set(op_support()))]
    )


def _order(families: Mapping[str, list[Row]]) -> Iterator[str]:
    yield from sorted(families.keys() - _TITLES.keys())
    yield from (name for name in _TITLES if name in families)


def _head(found: list[Row]) -> str:
    whole = sum(row.is_whole for row in found)
    models = [row for row in found if row.models]
    missing = sum(row.gradient == "missing" for row in found)
    return f"""# Ops

{len(found)} op types run. {whole} of them have all that TensorFlow has: a kernel, a
shape function, and a gradient rule where TensorFlow has one; {missing} lack their
gradient rule. Of the {len(use())} op types that a survey of {_SURVEYED} published
graphs found, custom ops included, {len(models)} run. Generated: `{COMMAND}`.

- *Kernel*: `compiled` with the ops around it, on any device, or run with NumPy where
  that is faster; `host` runs on the host only (text, files, outputs whose shapes depend
  on values); `run` and `functions` are done by the runtime, not by kernels.
- *Shape*: whether the shapes of outputs are inferred; `unknown`, mostly as in
  TensorFlow, where a program takes values out of something that keeps them.
- *Gradient*: `none` where TensorFlow has none either.
- *Types*: of the attributes that tell them, as TensorFlow's signature allows.
- *Models*: how many of the {_SURVEYED} graphs use the op.

An op that is not here can be imported, shown and exported, and
[registered](how-to/register-an-op.md); `metagraft check` lists those of a file.
"""


def _section(family: str, found: list[Row]) -> str:
    title = _TITLES.get(family, family.replace("_", " ").capitalize())
    lines = [
        f"\n## {title}\n",
        "| Op | Kernel | Shape | Gradient | Types | Models |",
        "|---|---|---|---|---|---|",
    ]
    for row in found:
        shape = "yes" if row.has_shape else "unknown"
        lines.append(
            f"| `{row.op_type}` | {row.kernel} | {shape} | {row.gradient} | "
            f"{row.types} | {row.models or ''} |"
        )
    return "\n".join(lines) + "\n"


def _not_run(supported: set[str]) -> str:
    """Return the section about ops of models that do not run."""
    lines = [
        "\n## In models, and not run\n",
        "| Op | Origin | Models |",
        "|---|---|---|",
    ]
    for op_type, models in use().items():
        if op_type not in supported:
            lines.append(f"| `{op_type}` | {_origin(op_type)} | {models} |")
    return "\n".join(lines) + "\n"


def _origin(op_type: str) -> str:
    definition = catalogue.get(op_type)
    if definition is None:
        return "custom"
    if definition.contrib_module:
        return f"tf.contrib.{definition.contrib_module}"
    return "TensorFlow" if definition.origin.startswith("tf-") else "removed"


def files() -> dict[Path, str]:
    """Return what each file is to hold."""
    return {
        SUPPORT_FILE: format_families(op_support()),
        FAMILIES_FILE: format_families(families_of_ops()),
        PAGE: page(),
    }


def main() -> None:
    """Write the files."""
    for path, content in files().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, "utf-8")
        sys.stdout.write(f"{path.relative_to(ROOT)} written\n")


if __name__ == "__main__":
    main()
