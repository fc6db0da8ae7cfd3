"""Records what TensorFlow says of attributes, inputs and operands that do not fit.

`operands.json` has the programs of `tests.programs.operand_mistakes`. For `errors.json`
every op is tried; of the graphs of one op with the same outcome the first is kept, and
of outcomes that only depend on the signature those of a few ops.

Usage: python -m tests.golden.record.record_attribute_mistakes [operands]
"""

from __future__ import annotations

import importlib
import json
import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

# Its other kernels find fewer faults.
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

from tests.golden.record import tensorflow_v1
from tests.golden.record.record_malformed_graphs import outcome
from tests.programs import operand_mistakes
from tests.programs.attribute_mistakes import Messages, graphs

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


def errors_of_process(
    tf: ModuleType, definition: Any, messages: Messages
) -> list[list[str]]:
    """Return the errors of an op, found in a copy of this process, if it survives."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(SECONDS)
        rows = list(errors(tf, definition, messages))
        with os.fdopen(writing, "w") as answers:
            answers.write(json.dumps(rows))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answers:
        content = answers.read()
    os.waitpid(child, 0)
    if not content:
        print(f"{definition.name}: the process ended")
    return json.loads(content) if content else []


def main() -> None:
    """Write one file with the errors of every op that has any."""
    tf = tensorflow_v1.load()
    FOLDER.mkdir(exist_ok=True)
    outcomes = {
        name: operand_mistakes.outcome(tf, mistake)
        for name, mistake in operand_mistakes.MISTAKES.items()
    }
    lines = ",\n".join(f' "{n}": {json.dumps(row)}' for n, row in outcomes.items())
    (FOLDER / "operands.json").write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
    print(f"operands.json: {len(outcomes)} programs")
    if "operands" in sys.argv:
        return
    registry = importlib.import_module("tensorflow.python.framework.op_def_registry")
    raw_ops = importlib.import_module("tensorflow").raw_ops
    messages = Messages(tf.GraphDef, tf.AttrValue, tf.make_tensor_proto(1.0))
    found: dict[str, Any] = {}
    for name in sorted(dir(raw_ops)):
        definition = registry.get(name)
        if definition is None or LEFT_OUT.match(name):
            continue
        rows = errors_of_process(tf, definition, messages)
        if rows:
            found[name] = rows
    lines = ",\n".join(f' "{n}": {json.dumps(rows)}' for n, rows in found.items())
    (FOLDER / "errors.json").write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
    (FOLDER / "VERSION").write_text(f"tensorflow {tf.__version__}\n", encoding="utf-8")
    print(f"errors.json: {sum(map(len, found.values()))} errors of {len(found)} ops")


if __name__ == "__main__":
    main()
