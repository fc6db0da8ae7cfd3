"""`tf.io`: files, records, graphs as files."""

from __future__ import annotations

from metagraft.api.ragged_dispatch import with_ragged
from metagraft.compat.v1.image import CODECS
from metagraft.compat.v1.python_io import RECORD_FILES
from metagraft.compat.v1.sparse import SERIALIZATION
from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **CODECS,
    **RECORD_FILES,
    **from_module(
        "metagraft.api.parsing",
        "decode_compressed decode_csv decode_json_example parse_example"
        " parse_sequence_example parse_single_example parse_single_sequence_example"
        " parse_tensor serialize_tensor",
    ),
    **from_module("metagraft.api.proto_messages", "decode_proto encode_proto"),
    **from_module(
        "metagraft.api.parsing_features",
        "FixedLenFeature FixedLenSequenceFeature RaggedFeature SparseFeature"
        " VarLenFeature",
    ),
    **from_module("metagraft.api.sparse_serialization", " ".join(SERIALIZATION)),
    "gfile": "metagraft.compat.v1.io_gfile",
    **from_module("metagraft.api.readers", "matching_files read_file write_file"),
    **from_module("metagraft.api.strings", "decode_base64 decode_raw encode_base64"),
    "match_filenames_once": "metagraft.training.input_producers:match_filenames_once",
    **from_module(
        "metagraft.api.queues",
        "PaddingFIFOQueue PriorityQueue QueueBase RandomShuffleQueue",
    ),
    "write_graph": "metagraft.meta_graph.files:write_graph",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES, with_ragged)
