"""`tensorflow.python.ops.ctc_ops`: sequences without alignment."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.compat.v1.nn",
        "collapse_repeated ctc_beam_search_decoder ctc_beam_search_decoder_v2 "
        "ctc_greedy_decoder ctc_loss ctc_loss_v2 ctc_unique_labels",
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
