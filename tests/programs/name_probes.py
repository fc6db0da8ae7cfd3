"""Questions about small public functions that TensorFlow answered."""

from __future__ import annotations

import collections
from collections.abc import Callable
from types import ModuleType
from typing import Any

P = collections.namedtuple("P", "x y")
Q = collections.namedtuple("Q", "x y")


class Texts(list[Any]):
    """A list of another class."""


class Wider(P):
    """A named tuple of another class."""


def answer(question: Callable[[], Any]) -> str:
    """Show what a call returns or raises."""
    try:
        return repr(question())
    except (KeyError, TypeError, ValueError) as error:
        return f"{type(error).__name__}: {error}"


def nest_same_structure(tf: ModuleType) -> Any:
    """Pairs of structures, with and without their types."""
    pairs: list[tuple[Any, Any]] = [
        (1, 2),
        ([1], 2),
        (2, [1]),
        ([1], [1, 2]),
        ([1, 2], [1]),
        ([1], (1,)),
        ({"a": 1}, {"b": 1}),
        ({"a": 1}, {"a": [1]}),
        (P(1, 2), Q(1, 2)),
        (P(1, 2), collections.namedtuple("P", "x y")(1, 2)),
        (Texts([1]), [1]),
        (P(1, 2), Wider(1, 2)),
        (P(1, 2), (1, 2)),
        ({"a": 1}, collections.OrderedDict(a=1)),
        ({"b": 1, "a": 2}, {"a": 1}),
        ({"a": 1}, [1]),
        ("ab", [1, 2]),
        (range(2), [0, 1]),
        (range(2), range(3)),
        ({1: 2}.keys(), {2: 3}.keys()),
        ({"b": [1], "a": (2,)}, {"b": [1], "a": [2]}),
        ([[], [1]], [[1], []]),
    ]
    same = tf.nest.assert_same_structure
    return [
        [answer(lambda: same(a, b, check_types=types)) for types in (True, False)]  # noqa: B023
        for a, b in pairs
    ]


def nest_parts(tf: ModuleType) -> Any:
    """What has parts, what they are, and what is made of them."""
    nest = tf.nest
    values: list[Any] = [
        *(1, "a", b"a", [], (), {}, None, {1}, bytearray(b"a")),
        *(P(1, 2), Wider(1, 2), range(2), Texts([1]), tf.TensorShape([1, 2])),
        *({1: 2}.keys(), {1: 2}.values(), {3: 4, 1: 2}.items()),
        *(collections.deque([1]), collections.UserList([1])),
        *(collections.UserDict(a=1), collections.OrderedDict([("b", 1), ("a", 2)])),
        collections.defaultdict(list, {"b": 1, "a": 2}),
        {"b": 1, "a": [2, (3,)]},
    ]
    return [
        [
            answer(lambda: nest.is_nested(one)),  # noqa: B023
            answer(lambda: nest.flatten(one)),  # noqa: B023
            ""
            if isinstance(one, bytearray)
            else answer(lambda: nest.map_structure(lambda leaf: (leaf,), one)),  # noqa: B023
        ]
        for one in values
    ]


def nest_packed(tf: ModuleType) -> Any:
    """Leaves that fit and that do not; wrong arguments."""
    nest = tf.nest
    pairs: list[tuple[Any, Any]] = [
        ([1, 2], [1]),
        ([1], [1, 2]),
        (1, [1]),
        (1, [1, 2]),
        ([1], 1),
        ([1], "a"),
        ([], []),
        ((), [1]),
        ([1, 2], {1: 2, 3: 4}),
        ([1, [2]], (3, 4)),
        ([1, 2], range(2)),
        ([1], "x" * 300),
        ("y" * 300, [1] * 200),
    ]
    packed = [answer(lambda: nest.pack_sequence_as(a, b)) for a, b in pairs]  # noqa: B023
    both = max
    return [
        *packed,
        answer(lambda: nest.map_structure(3, [1])),
        answer(lambda: nest.map_structure(len)),
        answer(lambda: nest.map_structure(len, [1], other=1)),
        answer(lambda: nest.map_structure(both, [1], (2,))),
        answer(lambda: nest.map_structure(both, [1], (2,), check_types=False)),
    ]


def nest_composites(tf: ModuleType) -> Any:
    """Sparse and ragged tensors, whole and in parts."""
    nest = tf.nest
    sparse = tf.SparseTensor([[0, 0]], [1.0], [1, 2])
    other = tf.SparseTensor([[0, 0]], [1], [1, 2])
    rows = tf.IndexedSlices(tf.constant([1.0]), tf.constant([0]))
    ragged = tf.ragged.constant([[1]])
    values = [sparse, rows, ragged]

    def same(a: Any, b: Any, **options: Any) -> str:
        text = answer(lambda: nest.assert_same_structure(a, b, **options))
        return text.split("More specifically: ")[-1].split("\nEntire")[0]

    doubled = nest.map_structure(
        lambda one: tf.identity(one, name="copy"), {"a": sparse}, expand_composites=True
    )
    return [
        len(nest.flatten(values)),
        [one.name for one in nest.flatten(values, expand_composites=True)],
        nest.is_nested(sparse),
        same(sparse, other, expand_composites=True),
        same(sparse, 1, expand_composites=True),
        same(sparse, 1),
        same(sparse, sparse, expand_composites=True),
        same(ragged, ragged, expand_composites=True),
        same(ragged, sparse, expand_composites=True, check_types=False),
        [doubled["a"].indices.name, doubled["a"].values.name],
        repr(
            nest.flatten(
                [
                    tf.SparseTensorSpec([None, 2], tf.int32),
                    tf.RaggedTensorSpec([None, 2], tf.int32),
                ],
                expand_composites=True,
            )
        ),
    ]


def specs_of_values(tf: ModuleType) -> Any:
    """The specs of values, and what is a tensor."""
    sparse = tf.SparseTensor([[0, 0]], [1.0], [1, 2])
    tensor = tf.constant([1.0])
    values = [
        *(tensor, sparse, tf.ragged.constant([[1]]), [1, 2], 3, None, "a", 1.5),
        tf.IndexedSlices(tensor, tf.constant([0]), tf.constant([1])),
        tf.Variable(1.0, use_resource=False),
        tf.TensorShape([1]),
        tf.TensorSpec([1]),
        *([tensor, tensor], [sparse, sparse], [None, None], [tensor, 1.0]),
        [tf.placeholder(tf.float32, [None]), tensor],
        tf.SparseTensorValue([[0, 0]], [1.0], [1, 2]),
    ]
    return [
        [
            answer(lambda: tf.type_spec_from_value(one)).split(" of unsupported")[0],  # noqa: B023
            tf.is_symbolic_tensor(one),
        ]
        for one in values
    ]


def compatibility_window(tf: ModuleType) -> Any:
    """Dates before and after the release, moved for a while."""
    asked = tf.compat.forward_compatible
    answers = [asked(2026, 1, day) for day in (15, 16, 17)]
    with tf.compat.forward_compatibility_horizon(2030, 5, 6):
        answers += [asked(2030, 5, 5), asked(2030, 5, 6)]
        with tf.compat.forward_compatibility_horizon(2029, 1, 1):
            answers += [asked(2028, 12, 31), asked(2029, 1, 1)]
        answers.append(asked(2027, 1, 1))
    with tf.compat.forward_compatibility_horizon(2019, 5, 6):
        answers += [asked(2019, 5, 5), asked(2026, 1, 15)]
    answers += [asked(2026, 1, 15), asked(2026, 1, 16)]
    return answers


def tools_of_tests(tf: ModuleType) -> Any:
    """Replaced attributes, settings and paths."""

    class Base:
        value = 1

        @staticmethod
        def doubled(number: int) -> int:
            return number * 2

    class Derived(Base):
        pass

    one, answers = Derived(), []
    with tf.test.StubOutForTesting() as replaced:
        replaced.SmartSet(one, "value", 5)
        replaced.Set(Base, "doubled", staticmethod(lambda number: number * 3))
        answers += [one.value, Base.value, Derived().value, one.doubled(4)]
        replaced.SmartSet(Base, "doubled", staticmethod(lambda number: number * 4))
        answers.append(one.doubled(4))
        replaced.SmartUnsetAll()
        answers += [one.value, one.doubled(4)]
        answers.append(_failure(lambda: replaced.Set(Base, "other", 1)))
    answers += [one.value, one.doubled(4), "value" in vars(one)]
    config = tf.test.benchmark_config()
    loader = tf.resource_loader
    return [
        answers,
        config.SerializeToString().hex(),
        tf.get_logger().name,
        loader.get_path_to_datafile("name_probes.py") == __file__,
        __file__.startswith(loader.get_data_files_path()),
        loader.readahead_file_path("a/b"),
    ]


def _failure(call: Callable[[], Any]) -> str:
    try:
        call()
    except AttributeError as error:
        return type(error).__name__
    return ""


def values_of_crosses(tf: ModuleType) -> Any:
    """What crosses of features are, and what is wrong with some."""
    texts = tf.ragged.constant([["a"], ["b", "c"], []])
    numbers = tf.ragged.constant([[1], [2, -3], [4]], row_splits_dtype=tf.int32)
    sparse = tf.SparseTensor(
        [[0, 0], [0, 5], [1, 1], [2, 0]], ["x", "y", "", "z"], [3, 6]
    )
    dense = tf.constant([[7, 8], [9, 10], [11, 12]])
    cross, hashed = tf.ragged.cross, tf.ragged.cross_hashed

    def raw(values: Any, splits: Any, rows: Any = ((1,),)) -> Any:
        def unknown(value: Any) -> Any:
            return tf.placeholder_with_default(tf.constant(value, tf.int64), None)

        return tf.raw_ops.RaggedCross(
            ragged_values=[unknown(values)],
            ragged_row_splits=[unknown(splits)],
            sparse_indices=[],
            sparse_values=[],
            sparse_shape=[],
            dense_inputs=[unknown(rows)],
            input_order="DR",
            hashed_output=False,
            num_buckets=0,
            hash_key=1,
            out_values_type=tf.string,
            out_row_splits_type=tf.int64,
        )

    cases = [
        lambda: cross([texts, dense, sparse]),
        lambda: cross([sparse, numbers]),
        lambda: cross([numbers]),
        lambda: cross([]),
        lambda: hashed([texts]),
        lambda: hashed([texts, sparse, dense]),
        lambda: hashed([numbers, dense], num_buckets=100),
        lambda: hashed([sparse, dense], num_buckets=100, hash_key=2**64 - 5),
        lambda: cross([dense[:0]]),
        lambda: raw([1, 2], [0, 2]),
        lambda: raw([1, 2], [0, 3]),
        lambda: raw([1, 2], [1, 2]),
        lambda: raw([1, 2], [0, 2, 1, 2], [[1]] * 3),
        lambda: raw([1, 2], [0, 1, 2]),
        lambda: raw([[1, 2]], [0, 1]),
        lambda: raw([1, 2], [[0, 2]]),
        lambda: raw([], []),
        lambda: raw([1, 2], [0, 2], [1]),
        lambda: cross([texts, [["a"]]]),
        lambda: cross([["a"]]),
        lambda: cross(texts),
        lambda: cross([texts, [[1.0]]]),
        lambda: cross([tf.ragged.constant([[["a"]]])]),
    ]
    return [_run(tf, case) for case in cases]


def values_of_masks(tf: ModuleType) -> Any:
    """What masks choose of tensors, and masks that do not fit."""
    ragged = tf.ragged.constant([[1, 2, 3], [4], [5, 6], []])
    mask = tf.ragged.constant([[True, False, True], [False], [True, True], []])
    dense = tf.constant([[[1, 2], [3, 4]], [[5, 6], [7, 8]], [[9, 10], [11, 12]]])
    choose = tf.ragged.boolean_mask
    cases = [
        lambda: choose(ragged, mask),
        lambda: choose(ragged, [True, False, True, True]),
        lambda: choose(dense, dense % 3 > 0),
        lambda: choose(dense, dense[:, :, 0] > 2),
        lambda: choose(dense[:, :, 0], tf.ragged.constant([[True, False]] * 3)),
        lambda: choose(tf.ragged.constant([[1], [2, 3]]), mask),
        lambda: choose(ragged, True),
        lambda: choose(ragged, tf.placeholder(tf.bool)),
        lambda: choose(ragged, mask.with_row_splits_dtype(tf.int32)),
        lambda: choose(ragged, tf.ragged.constant([[[True]]])),
    ]
    return [_run(tf, case) for case in cases]


def _run(tf: ModuleType, case: Callable[[], Any]) -> Any:
    """Run what a case builds; its values as text, or the error."""
    try:
        with tf.Session() as session:
            found = session.run(case())
        is_ragged = hasattr(found, "row_splits")
        if is_ragged:
            return repr(found.to_list())
        values, splits = found
        return [[str(one) for one in values.tolist()], splits.tolist()]
    except tf.errors.OpError as error:
        message = error.message.split("\n\t [[")[0].splitlines()[-1]
        return f"{type(error).__name__}: {message}"
    except (TypeError, ValueError) as error:
        return f"{type(error).__name__}: {str(error).split(' for ')[0]}"


NAME_PROBES = (
    values_of_masks,
    values_of_crosses,
    compatibility_window,
    tools_of_tests,
    nest_same_structure,
    nest_parts,
    nest_packed,
    nest_composites,
    specs_of_values,
)
