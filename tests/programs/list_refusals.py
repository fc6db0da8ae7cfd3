"""What operations on lists of tensors refuse, when a graph is built and in a run.

Operands are constants, or fed with and without a known shape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np

Give = Callable[[Any], Any]
Made = Callable[[Give], Any]


def _ints(values: Any) -> Any:
    return np.array(values, np.int32)


def _floats(values: Any) -> Any:
    return np.array(values, np.float32)


_NONE = _ints(-1)
_SHAPES = {
    "-2": _ints(-2),
    "5": _ints(5),
    "matrix": _ints([[1]]),
    "empty matrix": np.zeros((1, 0), np.int32),
    "below": _ints([-3]),
    "other": _ints([2]),
}
_COUNTS = {"vector": _ints([1]), "matrix": _ints([[1]]), "empty": _ints([])}
_LENGTHS = np.array([], np.int64)


class _Lists:
    """Operations on lists, with operands that are given as `give` gives them."""

    def __init__(self, tf: ModuleType, give: Give) -> None:
        self.tf, self.raw, self.give = tf, tf.raw_ops, give

    def length(self, handle: Any) -> Any:
        return self.raw.TensorListLength(input_handle=handle)

    def reserve(self, dims: Any = -1, count: Any = 3, dtype: Any = None) -> Any:
        return self.raw.TensorListReserve(
            element_shape=self.give(_ints(dims)),
            num_elements=self.give(_ints(count)),
            element_dtype=dtype or self.tf.float32,
        )

    def empty(self, dims: Any = -1, most: Any = -1) -> Any:
        return self.raw.EmptyTensorList(
            element_shape=self.give(_ints(dims)),
            max_num_elements=self.give(_ints(most)),
            element_dtype=self.tf.float32,
        )

    def pushed(self, *values: Any, dims: Any = -1) -> Any:
        made = self.empty(dims)
        for value in values:
            made = self.raw.TensorListPushBack(
                input_handle=made, tensor=self.give(_floats(value))
            )
        return made

    def read(self, op: str, handle: Any, dims: Any = _NONE, **more: Any) -> Any:
        arguments = {key: self.give(value) for key, value in more.items()}
        made = getattr(self.raw, f"TensorList{op}")(
            input_handle=handle,
            element_shape=self.give(dims),
            element_dtype=self.tf.float32,
            **arguments,
        )
        return getattr(made, "tensor", made)

    def joined(self, handle: Any, dims: Any = _NONE, leading: Any = _LENGTHS) -> Any:
        return self.read("ConcatV2", handle, dims, leading_dims=leading)

    def made(self, op: str, tensor: Any, dims: Any = _NONE, **more: Any) -> Any:
        arguments = {key: self.give(value) for key, value in more.items()}
        handle = getattr(self.raw, f"TensorList{op}")(
            tensor=self.give(tensor), element_shape=self.give(dims), **arguments
        )
        return self.length(handle)

    def written(self, handle: Any, index: Any, item: Any) -> Any:
        return self.raw.TensorListSetItem(
            input_handle=handle, index=self.give(_ints(index)), item=self.give(item)
        )

    def resized(self, handle: Any, size: Any) -> Any:
        return self.raw.TensorListResize(
            input_handle=handle, size=self.give(_ints(size))
        )

    def into(self, handle: Any, tensor: Any, indices: Any) -> Any:
        changed = self.raw.TensorListScatterIntoExistingList(
            input_handle=handle,
            tensor=self.give(tensor),
            indices=self.give(_ints(indices)),
        )
        return self.length(changed)

    def behind(self, first: Any, second: Any, dtype: Any = None) -> Any:
        return self.raw.TensorListConcatLists(
            input_a=first, input_b=second, element_dtype=dtype or self.tf.float32
        ).op

    def batch(self, handles: Any, tensor: Any) -> Any:
        return self.raw.TensorListPushBackBatch(
            input_handles=handles, tensor=self.give(tensor)
        ).op


def _shapes_of_elements(x: _Lists) -> Iterator[tuple[str, Callable[[], Any]]]:
    pair = _floats([1.0, 2.0])
    places = {"indices": _ints([1, 3])}
    one = [1]
    for name, dims in _SHAPES.items():
        yield f"empty {name}", lambda d=dims: x.length(x.empty(d))
        yield f"reserve {name}", lambda d=dims: x.length(x.reserve(d))
        if name != "below":
            yield f"from {name}", lambda d=dims: x.made("FromTensor", pair, d)
        yield f"scatter {name}", lambda d=dims: x.made("Scatter", pair, d, **places)
        yield (
            f"split {name}",
            lambda d=dims: x.made("Split", pair, d, lengths=np.array([1, 1])),
        )
        yield f"stack {name}", lambda d=dims: x.read("Stack", x.reserve(one), d)
        yield (
            f"gather {name}",
            lambda d=dims: x.read("Gather", x.reserve(one), d, indices=_ints([0])),
        )
        yield (
            f"get {name}",
            lambda d=dims: x.read("GetItem", x.reserve(one), d, index=_ints(0)),
        )
        yield f"pop {name}", lambda d=dims: x.read("PopBack", x.reserve(one), d)
        yield f"join {name}", lambda d=dims: x.joined(x.reserve(one), d)
    for name, count in _COUNTS.items():
        yield f"most {name}", lambda n=count: x.length(x.empty(most=n))
        yield f"reserved {name}", lambda n=count: x.length(x.reserve(count=n))
        yield f"resize {name}", lambda n=count: x.length(x.resized(x.reserve(), n))
        yield (
            f"scattered {name}",
            lambda n=count: x.made("ScatterV2", pair, num_elements=n, **places),
        )


def _rows(x: _Lists) -> Iterator[tuple[str, Callable[[], Any]]]:
    pair = _floats([1.0, 2.0])
    yield "reserve below", lambda: x.length(x.reserve(count=-2))
    for name, tensor, indices in (
        ("matrix", pair, [[1, 3]]),
        ("column", pair, [[1], [3]]),
        ("scalar", _floats(1.0), [1]),
    ):
        yield (
            f"scatter of {name}",
            lambda t=tensor, i=indices: x.made("Scatter", t, indices=_ints(i)),
        )
    yield (
        "scatter below",
        lambda: x.made(
            "ScatterV2", pair, indices=_ints([1, 3]), num_elements=_ints(-2)
        ),
    )
    for name, dims, tensor, indices in (
        ("scalar", -1, _floats(1.0), [0]),
        ("matrix", -1, pair, [[0, 1]]),
        ("rows", -1, pair, [0]),
        ("type", -1, _ints([1, 2]), [0, 1]),
        ("shape", [2], pair, [0, 1]),
        ("longer", -1, pair, [0, 7]),
        ("nothing", -1, _floats([]), []),
    ):
        yield (
            f"into {name}",
            lambda d=dims, t=tensor, i=indices: x.into(x.reserve(d), t, i),
        )
    yield "set shape", lambda: x.length(x.written(x.reserve([2]), 0, _floats([1.0])))
    yield "set type", lambda: x.length(x.written(x.reserve([]), 0, _ints(1)))
    yield "set behind", lambda: x.length(x.written(x.reserve(), 5, _floats(1.0)))


def _reads(x: _Lists) -> Iterator[tuple[str, Callable[[], Any]]]:
    mixed, pair = ([1.0], [2.0, 3.0]), ([1.0], [2.0])

    def one_written() -> Any:
        return x.written(x.reserve(), 0, _floats([1.0]))

    def longer(values: Any) -> Any:
        return x.resized(x.pushed(*values), 3)

    yield "pop nothing", lambda: x.read("PopBack", x.empty())
    yield "pop unwritten", lambda: x.read("PopBack", x.reserve())
    yield "pop told", lambda: x.read("PopBack", x.reserve([-1]), _ints([2]))
    yield "pop beside", lambda: x.read("PopBack", one_written())
    for name, handle, index, dims in (
        ("behind", x.reserve, 3, _NONE),
        ("unwritten", x.reserve, 1, _NONE),
        ("beside", one_written, 1, _NONE),
        ("written", lambda: x.pushed(*pair), 1, _ints([2])),
        ("mixed", lambda: longer(mixed), 2, _NONE),
    ):
        yield (
            f"get {name}",
            lambda h=handle, i=index, d=dims: x.read("GetItem", h(), d, index=_ints(i)),
        )
    for name, dims, indices in (
        ("before", [1], [-1]),
        ("behind", [1], [1, 3]),
        ("behind unknown", -1, [1, 3]),
        ("matrix", [1], [[1, 2]]),
        ("scalar", [1], 1),
        ("nothing", [1], []),
        ("nothing unknown", -1, []),
        ("unwritten", -1, [1]),
    ):
        yield (
            f"gather {name}",
            lambda d=dims, i=indices: x.read("Gather", x.reserve(d), indices=_ints(i)),
        )
    yield (
        "gather one shape",
        lambda: x.read("Gather", x.pushed(*mixed), indices=_ints([0])),
    )
    yield "join first", lambda: x.joined(x.pushed(*mixed), _ints([1]))
    yield "join ranks", lambda: x.joined(x.pushed([1.0], [[2.0, 3.0]]))
    yield "join usual", lambda: x.joined(longer(pair))
    yield "join unusual", lambda: x.joined(longer(mixed))
    yield "join told", lambda: x.joined(longer(mixed), leading=np.array([4, 5, 2]))
    for name, dims in (("()", ()), ("(2,)", (2,)), ("none", None), ("(?,)", (None,))):
        for what, known, count in (("[2]", [2], 3), ("[]", [], 0), ("?", -1, 3)):
            yield (
                f"old join {name} of {what}",
                lambda d=dims, k=known, n=count: (
                    x.raw.TensorListConcat(
                        input_handle=x.reserve(k, n),
                        element_dtype=x.tf.float32,
                        element_shape=d,
                    ).tensor
                ),
            )


def _kinds(x: _Lists) -> Iterator[tuple[str, Callable[[], Any]]]:
    def numbers() -> Any:
        return x.reserve([1], dtype=x.tf.int32)

    def two(dims: Any = -1) -> Any:
        return x.tf.stack([x.empty(dims)] * 2)

    yield "type stack", lambda: x.read("Stack", numbers())
    yield "type gather", lambda: x.read("Gather", numbers(), indices=_ints([0]))
    yield "type get", lambda: x.read("GetItem", numbers(), index=_ints(0))
    yield "type pop", lambda: x.read("PopBack", numbers())
    yield (
        "type push",
        lambda: (
            x.raw.TensorListPushBack(
                input_handle=numbers(), tensor=x.give(_floats([1.0]))
            ).op
        ),
    )
    first = [1.0], [2.0]
    yield (
        "behind shape",
        lambda: x.behind(x.pushed(*first, dims=[1]), x.pushed(*first, dims=[-1])),
    )
    yield (
        "behind rank",
        lambda: x.behind(x.pushed(*first, dims=[1]), x.pushed(1.0, dims=[])),
    )
    yield "behind type", lambda: x.behind(x.reserve([1]), numbers())
    yield "behind types", lambda: x.behind(x.reserve([1]), x.reserve([1]), x.tf.int32)
    yield "behind vector", lambda: x.behind(two(), x.empty())
    yield "batch scalar", lambda: x.batch(two(), _floats(1.0))
    yield "batch count", lambda: x.batch(two(), _floats([1.0, 2.0, 3.0]))
    yield "batch type", lambda: x.batch(two(), _ints([1, 2]))
    yield "batch shape", lambda: x.batch(two([2]), _floats([1.0, 2.0]))
    yield "batch of one", lambda: x.batch(x.empty(), _floats([1.0]))
    yield "batch matrix", lambda: x.batch(x.tf.stack([two()]), _floats([[1.0, 2.0]]))
    yield "vector", lambda: x.length(two())
    yield "stack of vector", lambda: x.read("Stack", two())


def _outcome(tf: ModuleType, how: str, number: int, group: Any) -> tuple[str, Any]:
    feeds: dict[Any, Any] = {}

    def give(value: Any) -> Any:
        if how == "constant":
            return tf.constant(value)
        shape = value.shape if how == "known" else None
        fed = tf.placeholder(tf.as_dtype(value.dtype), shape)
        feeds[fed] = value
        return fed

    with tf.Graph().as_default(), tf.Session() as session:
        name, build = list(group(_Lists(tf, give)))[number]
        try:
            result = session.run(build(), feeds)
        except tf.errors.OpError as error:
            text = error.message.partition("\n\t [[")[0].rpartition("\n")[2]
            return name, [type(error).__name__, text]
        except ValueError as error:
            # Where a node is and what it is given is told differently.
            return name, [type(error).__name__, str(error).partition(" for '")[0]]
        return name, None if result is None else np.asarray(result)


def list_refusals(tf: ModuleType) -> Any:
    """The outcome of each case: a value, or the class and text of an error."""
    found: dict[str, Any] = {}
    for how in ("constant", "fed", "known"):
        for group in (_shapes_of_elements, _rows, _reads, _kinds):
            count = len(list(group(_Lists(tf, lambda value: value))))
            for number in range(count):
                name, outcome = _outcome(tf, how, number, group)
                found[f"{how}: {name}"] = outcome
    return found


RUNS = {"list_refusals": list_refusals}
