"""Programs with recurrent cells: every cell, looped and unrolled, with gradients."""

from __future__ import annotations

from types import ModuleType
from typing import Any


def cells_alone(tf: ModuleType) -> None:
    """One step of every cell, with its options."""
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    cells = [
        tf.nn.rnn_cell.BasicRNNCell(5),
        tf.nn.rnn_cell.BasicRNNCell(5, activation=tf.nn.relu, name="named"),
        tf.nn.rnn_cell.GRUCell(5),
        tf.nn.rnn_cell.GRUCell(
            5,
            kernel_initializer=tf.zeros_initializer(),
            bias_initializer=tf.ones_initializer(),
        ),
        tf.nn.rnn_cell.BasicLSTMCell(5, forget_bias=0.5),
        tf.nn.rnn_cell.BasicLSTMCell(5, state_is_tuple=False),
        tf.nn.rnn_cell.LSTMCell(5),
        tf.nn.rnn_cell.LSTMCell(
            6,
            use_peepholes=True,
            cell_clip=3.0,
            num_proj=5,
            proj_clip=2.0,
            initializer=tf.random_uniform_initializer(-0.1, 0.1, seed=1),
        ),
        tf.nn.rnn_cell.LSTMCell(6, num_proj=3, state_is_tuple=False, num_unit_shards=2),
    ]
    for cell in cells:
        state = cell.zero_state(tf.shape(x)[0], tf.float32)
        _, state = cell(x, state)
        cell(tf.identity(x), state)
    cells[2].zero_state(3, tf.float32)
    cells[4].get_initial_state(inputs=x)
    tf.nn.rnn_cell.GRUCell(5)(x, tf.zeros([2, 5]), scope="given")


def cells_wrapped(tf: ModuleType) -> None:
    """Stacks, dropout, shortcuts and devices."""
    cell = tf.nn.rnn_cell
    x = tf.placeholder(tf.float32, [3, 5], name="x")
    keep = tf.placeholder(tf.float32, [], name="keep")
    stacked = cell.MultiRNNCell(
        [
            cell.DropoutWrapper(cell.BasicLSTMCell(5), output_keep_prob=keep, seed=3),
            cell.ResidualWrapper(cell.GRUCell(5)),
            cell.DeviceWrapper(cell.LSTMCell(5), "/cpu:0"),
        ]
    )
    _, state = stacked(x, stacked.zero_state(3, tf.float32))
    stacked(x, state)
    dropped = cell.DropoutWrapper(
        cell.BasicLSTMCell(5), 0.9, 0.8, state_keep_prob=0.7, seed=4
    )
    dropped(x, dropped.zero_state(3, tf.float32))
    same = cell.DropoutWrapper(
        cell.GRUCell(5),
        input_keep_prob=0.9,
        output_keep_prob=0.8,
        state_keep_prob=0.7,
        variational_recurrent=True,
        input_size=5,
        dtype=tf.float32,
        seed=5,
    )
    same(x, same.zero_state(3, tf.float32))
    flat = cell.MultiRNNCell([cell.GRUCell(5), cell.GRUCell(5)], state_is_tuple=False)
    with tf.variable_scope("flat"):
        flat(x, flat.zero_state(3, tf.float32))
    doubled = cell.ResidualWrapper(cell.GRUCell(5), lambda a, b: a * 2.0 + b)
    with tf.variable_scope("doubled"):
        doubled(x, doubled.zero_state(3, tf.float32))


def cell_of_user(tf: ModuleType) -> None:
    """A class of the user's that gets its variables in `call`."""

    class Gated(tf.nn.rnn_cell.RNNCell):  # type: ignore[name-defined,misc]
        @property
        def state_size(self) -> int:
            return 4

        @property
        def output_size(self) -> int:
            return 4

        def call(self, inputs: Any, state: Any) -> Any:
            w = tf.get_variable("w", [7, 4])
            new = tf.sigmoid(tf.matmul(tf.concat([inputs, state], 1), w))
            return new, new

    x = tf.placeholder(tf.float32, [None, 6, 3], name="x")
    tf.nn.dynamic_rnn(Gated(), x, dtype=tf.float32)
    with tf.variable_scope("stacked"):
        tf.nn.dynamic_rnn(
            tf.nn.rnn_cell.MultiRNNCell([Gated(), tf.nn.rnn_cell.GRUCell(2)]),
            x,
            dtype=tf.float32,
        )
    with tf.variable_scope("unrolled"):
        tf.nn.static_rnn(Gated(), tf.unstack(x, axis=1), dtype=tf.float32)


def loops_of_cells(tf: ModuleType) -> None:
    """`dynamic_rnn` with lengths, states, axes and structures; trained."""
    x = tf.placeholder(tf.float32, [None, None, 4], name="x")
    lengths = tf.placeholder(tf.int64, [None], name="lengths")
    cell = tf.nn.rnn_cell.LSTMCell(5)
    outputs, state = tf.nn.dynamic_rnn(cell, x, lengths, dtype=tf.float32)
    with tf.variable_scope("second"):
        again, _ = tf.nn.dynamic_rnn(
            tf.nn.rnn_cell.GRUCell(5, name="gru"),
            tf.transpose(outputs, [1, 0, 2]),
            initial_state=state.h,
            parallel_iterations=8,
            swap_memory=True,
            time_major=True,
        )
    loss = tf.reduce_mean(again) + tf.reduce_sum(state.c)
    tf.train.GradientDescentOptimizer(0.1).minimize(loss)


def loops_both_ways(tf: ModuleType) -> None:
    """Bidirectional networks, with and without lengths, with gradients."""
    x = tf.placeholder(tf.float32, [3, 6, 4], name="x")
    lengths = tf.placeholder(tf.int32, [3], name="lengths")
    cell = tf.nn.rnn_cell
    outputs, states = tf.nn.bidirectional_dynamic_rnn(
        cell.LSTMCell(5), cell.LSTMCell(5), x, lengths, dtype=tf.float32
    )
    plain, _ = tf.nn.bidirectional_dynamic_rnn(
        cell.GRUCell(5),
        cell.GRUCell(5),
        tf.concat(outputs, 2),
        dtype=tf.float32,
        scope="plain",
    )
    loss = tf.reduce_sum(tf.concat(plain, 2)) + tf.reduce_mean(states[1].h)
    tf.gradients(loss, [x, *tf.trainable_variables()])


def cells_unrolled(tf: ModuleType) -> None:
    """`static_rnn` with lengths, both ways, and with a keeper of states."""
    x = tf.placeholder(tf.float32, [None, 4, 3], name="x")
    lengths = tf.placeholder(tf.int32, [None], name="lengths")
    steps = tf.unstack(x, axis=1)
    cell = tf.nn.rnn_cell
    outputs, _ = tf.nn.static_rnn(
        cell.BasicLSTMCell(5), steps, sequence_length=lengths, dtype=tf.float32
    )
    both, _, _ = tf.nn.static_bidirectional_rnn(
        cell.GRUCell(2), cell.GRUCell(2), steps, dtype=tf.float32
    )
    tf.nn.static_bidirectional_rnn(
        cell.GRUCell(2),
        cell.GRUCell(2),
        steps,
        dtype=tf.float32,
        sequence_length=lengths,
        scope="with_lengths",
    )
    tf.gradients(outputs[-1], [x, *tf.trainable_variables()])

    class Keeper:
        def state(self, name: str) -> Any:
            return tf.zeros([2, 5], name=name)

        def save_state(self, name: str, value: Any) -> Any:
            return tf.identity(value, name=f"saved_{name}")

    tf.nn.static_state_saving_rnn(
        cell.GRUCell(5),
        [tf.zeros([2, 3]), tf.ones([2, 3])],
        Keeper(),
        "kept",
        scope="saving",
    )
    del both


def loop_by_function(tf: ModuleType) -> None:
    """`raw_rnn`, with and without a form of what it emits."""
    x = tf.placeholder(tf.float32, [6, None, 3], name="x")
    lengths = tf.placeholder(tf.int32, [None], name="lengths")
    cell = tf.nn.rnn_cell.LSTMCell(4)
    source = tf.TensorArray(tf.float32, size=6).unstack(x)

    def steer(time: Any, output: Any, state: Any, loop_state: Any) -> Any:
        del loop_state
        if output is None:
            state = cell.zero_state(tf.shape(x)[1], tf.float32)
        ended = time >= lengths
        following = tf.cond(
            tf.reduce_all(ended),
            lambda: tf.zeros([tf.shape(x)[1], 3]),
            lambda: source.read(time),
        )
        following.set_shape([None, 3])
        return ended, following, state, output, None

    emitted, _, _ = tf.nn.raw_rnn(cell, steer)
    emitted.stack()


PROGRAMS = (
    cells_alone,
    cells_wrapped,
    cell_of_user,
    loops_of_cells,
    loops_both_ways,
    cells_unrolled,
    loop_by_function,
)
