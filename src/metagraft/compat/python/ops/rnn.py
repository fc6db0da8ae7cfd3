"""`tensorflow.python.ops.rnn`: recurrent networks."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.compat.v1.nn",
        "bidirectional_dynamic_rnn dynamic_rnn raw_rnn static_bidirectional_rnn "
        "static_rnn static_state_saving_rnn",
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
