"""`tf.nn.rnn_cell`: one step of a recurrent network."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    "RNNCell": "metagraft.api.rnn_cell:RNNCell",
    **from_module(
        "metagraft.api.rnn_cells",
        "BasicLSTMCell BasicRNNCell GRUCell LSTMCell LSTMStateTuple",
    ),
    **from_module(
        "metagraft.api.rnn_cell_wrappers",
        "DeviceWrapper DropoutWrapper MultiRNNCell ResidualWrapper",
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
