"""Records what TensorFlow says of attributes, inputs and operands that do not fit.

`operands.json` has the programs of `tests.programs.operand_mistakes`, `narrow.json`
attributes that are read as numbers of 32 bits. For `errors.json`
every op is tried; of the graphs of one op with the same outcome the first is kept, and
of outcomes that only depend on the signature those of a few ops.

Usage: python -m tests.golden.record.record_attribute_mistakes [operands|narrow]
"""

from __future__ import annotations

import importlib
import json
import os
import re
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

# Its other kernels find fewer faults.
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

from tests.golden.record import tensorflow_v1
from tests.golden.record.record_malformed_graphs import outcome
from tests.programs import operand_mistakes
from tests.programs.attribute_mistakes import Messages, graphs, reader, wide_graphs

FOLDER = Path(__file__).resolve().parent.parent / "attribute_mistakes"
# Ops of devices that few have, and of tests.
LEFT_OUT = re.compile(r"_|Xla|.*(TPU|Tpu|Embedding|SparseCore|DTensor|Infeed|Outfeed)")
# Ops whose signatures have everything: lists, counts, types, texts, references.
PLAIN = {
    *("AddN", "Assign", "Case", "Cast", "Concat", "Conv2D", "IdentityN", "MatMul"),
    *("ParseExampleV2", "Placeholder", "QueueEnqueue", "RandomUniform", "Split", "Sum"),
}
SECONDS = 30
SHAPE = " for '{{node n}} ="


def errors(tf: ModuleType, definition: Any, messages: Messages) -> Iterator[list[str]]:
    """Yield a word, class and message of each kind of error of an op."""
    seen = set()
    for word, graph in graphs(definition, messages):
        found = outcome(tf, str(graph))
        text = found.get("message", "")
        is_of_shape = SHAPE in text
        if not is_of_shape and definition.name not in PLAIN:
            continue
        message = text.partition(SHAPE)[0] if is_of_shape else text
        key = re.sub(r"\d+", "", message)
        if key in seen:
            continue
        seen.add(key)
        yield [word, found.get("error", ""), message[:160]]


def readers(tf: ModuleType, definition: Any, messages: Messages) -> Iterator[list[str]]:
    """Yield what finds numbers too wide, by the attributes that have them."""
    found: set[str] = set()
    for name, graph in wide_graphs(definition, messages):
        if name not in found and (kind := reader(tf, graph)):
            found.add(name)
            yield [name, kind]


def rows_of_process(
    rows_of: Callable[[ModuleType, Any, Messages], Iterable[list[str]]],
    tf: ModuleType,
    definition: Any,
    messages: Messages,
) -> list[list[str]]:
    """Return rows about an op, found in a copy of this process, if it survives."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(SECONDS)
        with os.fdopen(writing, "w") as answers:
            for row in rows_of(tf, definition, messages):
                print(json.dumps(row), file=answers, flush=True)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answers:
        content = answers.read()
    _, status = os.waitpid(child, 0)
    if status:
        print(f"{definition.name}: the process ended")
    return [json.loads(line) for line in content.splitlines()]


def write_operands(tf: ModuleType) -> None:
    """Write the outcomes of programs."""
    outcomes = {
        name: operand_mistakes.outcome(tf, mistake)
        for name, mistake in operand_mistakes.MISTAKES.items()
    }
    lines = ",\n".join(f' "{n}": {json.dumps(row)}' for n, row in outcomes.items())
    (FOLDER / "operands.json").write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
    print(f"operands.json: {len(outcomes)} programs")


def main() -> None:
    """Write one file with the errors of every op that has any."""
    tf = tensorflow_v1.load()
    FOLDER.mkdir(exist_ok=True)
    if "narrow" not in sys.argv:
        write_operands(tf)
    if "operands" in sys.argv:
        return
    registry = importlib.import_module("tensorflow.python.framework.op_def_registry")
    raw_ops = importlib.import_module("tensorflow").raw_ops
    messages = Messages(tf.GraphDef, tf.AttrValue, tf.make_tensor_proto(1.0))
    for file, rows_of in (("errors", errors), ("narrow", readers)):
        if len(sys.argv) > 1 and file not in sys.argv:
            continue
        found: dict[str, Any] = {}
        for name in sorted(dir(raw_ops)):
            definition = registry.get(name)
            if definition is None or LEFT_OUT.match(name):
                continue
            rows = rows_of_process(rows_of, tf, definition, messages)
            if rows:
                found[name] = rows
        lines = ",\n".join(f' "{n}": {json.dumps(rows)}' for n, rows in found.items())
        (FOLDER / f"{file}.json").write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
        print(f"{file}.json: {sum(map(len, found.values()))} of {len(found)} ops")
    (FOLDER / "VERSION").write_text(f"tensorflow {tf.__version__}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
