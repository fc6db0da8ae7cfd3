"""Record the full types that TensorFlow attaches to outputs of ops.

Usage: `python tools/record_op_full_types.py > tools/op_full_types.json`; needs
TensorFlow. The result has each distinct type once, as text, and for each output the
type it has. `build_op_catalogue.py` adds them to the signatures, as they are part of
the op lists that TensorFlow writes into MetaGraphs.
"""

from __future__ import annotations

import json
import sys

from google.protobuf import text_format
from tensorflow.core.framework import op_def_pb2
from tensorflow.python.client import pywrap_tf_session


def main() -> None:
    """Print the full types of all registered ops."""
    op_list = op_def_pb2.OpList.FromString(
        pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList())
    )
    types: list[str] = []
    outputs: dict[str, int] = {}
    for op in sorted(op_list.op, key=lambda op: op.name):
        for arg in op.output_arg:
            if not arg.HasField("experimental_full_type"):
                continue
            text = text_format.MessageToString(
                arg.experimental_full_type, as_one_line=True
            )
            if text not in types:
                types.append(text)
            outputs[f"{op.name}:{arg.name}"] = types.index(text)
    json.dump({"types": types, "outputs": outputs}, sys.stdout, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
