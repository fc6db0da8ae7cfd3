"""Programs about recurrent cells that are one op, and CTC, with gradients."""

from __future__ import annotations

from types import ModuleType


def block_lstm_sequences(tf: ModuleType) -> None:
    """Whole sequences as one op."""
    x = tf.placeholder(tf.float32, [None, 3, 2], name="x")
    w = tf.get_variable("w", [2 + 5, 20])
    b = tf.get_variable("b", [20])
    zeros, peephole = tf.zeros([3, 5]), tf.zeros([5])
    given = {
        "seq_len_max": tf.cast(tf.shape(x)[0], tf.int64),
        "x": x,
        "cs_prev": zeros,
        "h_prev": zeros,
        "w": w,
        "b": b,
        **dict.fromkeys(("wci", "wcf", "wco"), peephole),
    }
    first = tf.raw_ops.BlockLSTM(**given)
    second = tf.raw_ops.BlockLSTMV2(**given, use_peephole=True)
    tf.gradients([first.h, second.cs], [x, w, b])


def cudnn_sequences(tf: ModuleType) -> None:
    """Recurrent networks as one op, with packed weights."""
    x = tf.placeholder(tf.float32, [None, 3, 2], name="x")
    for mode in ("lstm", "gru", "rnn_tanh"):
        sizes = {"num_layers": 2, "num_units": 5, "input_size": 2}
        tf.raw_ops.CudnnRNNParamsSize(
            **sizes, T=tf.float32, S=tf.int32, rnn_mode=mode, name=f"{mode}_size"
        )
        params = tf.placeholder(tf.float32, [None], name=f"{mode}_params")
        state = tf.zeros([2, 3, 5])
        given = {"input": x, "input_h": state, "input_c": state, "params": params}
        one = tf.raw_ops.CudnnRNN(**given, rnn_mode=mode)
        two = tf.raw_ops.CudnnRNNV2(**given, rnn_mode=mode)
        three = tf.raw_ops.CudnnRNNV3(
            **given, sequence_lengths=[1, 2, 3], rnn_mode=mode, time_major=True
        )
        tf.gradients([one.output, two.output_h, three.output], [x, params])
    tf.raw_ops.CudnnRNNParamsToCanonical(
        **sizes, params=params, num_params=8, rnn_mode="rnn_relu"
    )


def ctc_losses(tf: ModuleType) -> None:
    """Losses of sparse labels."""
    logits = tf.placeholder(tf.float32, [None, 4, 6], name="logits")
    labels = tf.sparse_placeholder(tf.int32, name="labels")
    lengths = tf.placeholder(tf.int32, [None], name="lengths")
    loss = tf.nn.ctc_loss(labels, logits, lengths)
    tf.gradients(loss, logits)
    tf.nn.ctc_loss(
        labels=labels,
        logits=tf.cast(logits, tf.float16),
        sequence_length=lengths,
        preprocess_collapse_repeated=True,
        ctc_merge_repeated=False,
        ignore_longer_outputs_than_inputs=True,
        time_major=False,
    )
    tf.nn.ctc_loss_v2(labels, logits, None, lengths, blank_index=0)
    tf.nn.ctc_loss_v2(labels, logits, None, lengths, blank_index=-1)


def ctc_dense_losses(tf: ModuleType) -> None:
    """Losses of dense labels, which are loops."""
    logits = tf.placeholder(tf.float32, [7, 4, 6], name="logits")
    labels = tf.placeholder(tf.int32, [4, 3], name="labels")
    counts = tf.placeholder(tf.int32, [4], name="counts")
    lengths = tf.placeholder(tf.int32, [4], name="lengths")
    loss = tf.nn.ctc_loss_v2(labels, logits, counts, lengths)
    tf.gradients(loss, logits)


def ctc_decoders(tf: ModuleType) -> None:
    """Decoders and changes of labels."""
    logits = tf.placeholder(tf.float32, [None, 4, 6], name="logits")
    lengths = tf.placeholder(tf.int32, [None], name="lengths")
    tf.nn.ctc_greedy_decoder(logits, lengths)
    tf.nn.ctc_greedy_decoder(logits, lengths, merge_repeated=False, blank_index=0)
    tf.nn.ctc_beam_search_decoder(logits, lengths)
    tf.nn.ctc_beam_search_decoder(logits, lengths, 10, 3, merge_repeated=False)
    tf.nn.ctc_beam_search_decoder_v2(logits, lengths, beam_width=5, top_paths=2)
    labels = tf.placeholder(tf.int32, [None, 7], name="labels")
    tf.nn.collapse_repeated(labels, lengths)
    tf.nn.ctc_unique_labels(labels)


PROGRAMS = (
    block_lstm_sequences,
    cudnn_sequences,
    ctc_losses,
    ctc_dense_losses,
    ctc_decoders,
)
