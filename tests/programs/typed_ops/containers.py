"""Ops that keep tensors: arrays and lists of tensors, tables, stacks, queues, maps."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.programs.typed_ops.case import NUMBERS, Case, Op, op

PLAIN = (*NUMBERS, "bool", "string")


# Arrays of tensors, of three versions.


class _Array:
    """An array of three tensors `[2]`, written whole."""

    def __init__(self, t: Case, attr: str) -> None:
        self.t, self.attr = t, attr
        for version in ("V2", "V3", ""):
            if t.name.endswith(version):
                break
        self.version = version
        made = t.add(
            f"TensorArray{version}",
            size=3,
            dtype=t.type_of(attr),
            clear_after_read=False,
        )
        self.handle = made.handle if version == "V3" else made
        self.flow = made.flow if version == "V3" else t.known(0.0, "float32")

    def do(self, name: str, flow: Any, **more: Any) -> Any:
        """Add an op on this array."""
        return self.t.add(
            f"TensorArray{name}{self.version}", handle=self.handle, flow_in=flow, **more
        )

    def filled(self) -> Any:
        """Return the flow after the array was written."""
        value = self.t.x(3, 2, attr=self.attr)
        if self.version:
            return self.do("Scatter", self.flow, indices=[0, 1, 2], value=value)
        return self.do("Unpack", self.flow, value=value)


def _array_read(name: str, **more: Any) -> Op:
    def build(t: Case) -> Any:
        array = _Array(t, "dtype")
        flow = array.filled()
        return array.do(name, flow, dtype=t.type_of("dtype"), **more)

    return op(build)


def _array_written(name: str, *shape: int, **more: Any) -> Op:
    def build(t: Case) -> Any:
        array = _Array(t, "T")
        flow = array.do(name, array.flow, value=t.x(*shape), **more)
        return array.do("Read", flow, index=1, dtype=t.type_of("T"))

    return op(build)


def _array_element(t: Case) -> Any:
    array = _Array(t, "T")
    flow = array.do("Write", array.flow, index=1, value=t.x(2))
    return array.do("Read", flow, index=1, dtype=t.type_of("T"))


def _versions(name: str, build: Op, *versions: str) -> dict[str, Op]:
    return {f"TensorArray{name}{version}": build for version in versions}


ALL_VERSIONS = ("", "V2", "V3")
TENSOR_ARRAYS: dict[str, Op] = {
    **_versions("Concat", _array_read("Concat"), *ALL_VERSIONS),
    **_versions("Gather", _array_read("Gather", indices=[2, 0]), *ALL_VERSIONS),
    **_versions("Pack", _array_read("Pack"), ""),
    **_versions("Read", _array_read("Read", index=2), *ALL_VERSIONS),
    **_versions(
        "Scatter", _array_written("Scatter", 3, 2, indices=[2, 1, 0]), *ALL_VERSIONS
    ),
    **_versions(
        "Split",
        _array_written("Split", 6, lengths=np.array([1, 3, 2], np.int64)),
        *ALL_VERSIONS,
    ),
    **_versions("Unpack", _array_written("Unpack", 3, 2), ""),
    **_versions("Write", op(_array_element), *ALL_VERSIONS),
}


# Lists of tensors.

KIND = "element_dtype"


def _list(t: Case) -> Any:
    return t.add("TensorListFromTensor", tensor=t.x(3, 2, attr=KIND), element_shape=[2])


def _stacked(t: Case, handle: Any, **more: Any) -> Any:
    return t.add(
        "TensorListStack",
        input_handle=handle,
        element_shape=[2],
        element_dtype=t.type_of(KIND),
        **more,
    )


def _of_list(t: Case, **more: Any) -> Any:
    return t.op(input_handle=_list(t), **more)


def _made_list(t: Case, *shape: int, **more: Any) -> Any:
    return _stacked(t, t.op(tensor=t.x(*shape, attr=KIND), element_shape=[2], **more))


def _pushed_batch(t: Case) -> Any:
    handles = t.add("Pack", values=[_list(t), _list(t)])
    pushed = t.op(input_handles=handles, tensor=t.x(2, 2, attr=KIND))
    return [_stacked(t, handle) for handle in t.add("Unpack", value=pushed, num=2)]


def _popped(t: Case) -> Any:
    popped = _of_list(t, element_shape=[2])
    return [popped.tensor, _stacked(t, popped.output_handle)]


TENSOR_LISTS: dict[str, Op] = {
    "TensorListConcat": op(lambda t: _of_list(t, element_shape=[2])),
    "TensorListConcatV2": op(
        lambda t: _of_list(t, element_shape=[2], leading_dims=np.zeros(0, np.int64))
    ),
    "TensorListConcatLists": op(
        lambda t: [
            _stacked(t, both)
            for both in t.add(
                "Unpack",
                value=t.op(
                    input_a=t.add("Pack", values=[_list(t), _list(t)]),
                    input_b=t.add("Pack", values=[_list(t), _list(t)]),
                ),
                num=2,
            )
        ],
        element_dtype=PLAIN,
    ),
    "TensorListFromTensor": op(lambda t: _made_list(t, 3, 2)),
    "TensorListGather": op(lambda t: _of_list(t, indices=[2, 0], element_shape=[2])),
    "TensorListGetItem": op(lambda t: _of_list(t, index=1, element_shape=[2])),
    "TensorListPopBack": op(_popped),
    "TensorListPushBack": op(
        lambda t: _stacked(t, _of_list(t, tensor=t.x(2, attr=KIND))),
        element_dtype=PLAIN,
    ),
    "TensorListPushBackBatch": op(_pushed_batch),
    "TensorListReserve": op(
        lambda t: _stacked(t, t.op(element_shape=[2], num_elements=2)),
        element_dtype=PLAIN,
    ),
    "TensorListScatter": op(lambda t: _made_list(t, 3, 2, indices=[2, 0, 1])),
    "TensorListScatterIntoExistingList": op(
        lambda t: _stacked(t, _of_list(t, tensor=t.x(2, 2, attr=KIND), indices=[2, 0]))
    ),
    "TensorListScatterV2": op(
        lambda t: _made_list(t, 3, 2, indices=[3, 0, 1], num_elements=-1)
    ),
    "TensorListSetItem": op(
        lambda t: _stacked(t, _of_list(t, index=1, item=t.x(2, attr=KIND))),
        element_dtype=PLAIN,
    ),
    "TensorListSplit": op(
        lambda t: t.add(
            "TensorListGetItem",
            input_handle=t.op(
                tensor=t.x(6, 2, attr=KIND),
                element_shape=[-1, 2],
                lengths=np.array([1, 3, 2], np.int64),
            ),
            index=1,
            element_shape=[3, 2],
            element_dtype=t.type_of(KIND),
        )
    ),
    "TensorListStack": op(lambda t: _of_list(t, element_shape=[2], num_elements=3)),
}


# Tables.

KEYS = {"string": ["a", "b", "c"]}


def _keys(t: Case, *chosen: int) -> Any:
    names = KEYS.get(t.kind("key_dtype"), [11, 22, 33])
    values = [names[place] for place in chosen]
    if t.kind("key_dtype") == "string":
        return t.fed(np.array([str(v).encode() for v in values], object), "key_dtype")
    return t.fed(values, "key_dtype")


def _mutable(t: Case, version: str, *shape: int, **more: Any) -> Any:
    named = "Anonymous" in t.name
    handle = t.op(**more) if named else t.op(shared_name=t.unique(), **more)
    keys, wanted = _keys(t, 0, 1), _keys(t, 1, 2)
    values = t.x(2, *shape, attr="value_dtype")
    default = t.x(*shape, attr="value_dtype")
    inserted = t.add(
        f"LookupTableInsert{version}", table_handle=handle, keys=keys, values=values
    )
    found = t.after(
        inserted,
        lambda: t.add(
            f"LookupTableFind{version}",
            table_handle=handle,
            keys=wanted,
            default_value=default,
        ),
    )
    size = t.after(
        found, lambda: t.add(f"LookupTableSize{version}", table_handle=handle)
    )
    return [found, size]


def _dense(t: Case) -> Any:
    keys = {"empty_key": _key(t, -1), "deleted_key": _key(t, -2)}
    return _mutable(t, "V2", 2, **keys, value_shape=[2], initial_num_buckets=4)


def _key(t: Case, number: int) -> Any:
    kind = t.kind("key_dtype")
    return t.known(str(number) if kind == "string" else number, kind)


def _static(t: Case, version: str) -> Any:
    named = "Anonymous" in t.name
    handle = t.op() if named else t.op(shared_name=t.unique())
    keys, values = _keys(t, 0, 1), t.x(2, attr="value_dtype")
    wanted, default = _keys(t, 1, 2), t.x(attr="value_dtype")
    started = t.add(
        f"InitializeTable{version}", table_handle=handle, keys=keys, values=values
    )
    return t.after(
        started,
        lambda: t.add(
            f"LookupTableFind{version}",
            table_handle=handle,
            keys=wanted,
            default_value=default,
        ),
    )


TABLES: dict[str, Op] = {
    "AnonymousHashTable": op(lambda t: _static(t, "V2")),
    "AnonymousMutableDenseHashTable": op(_dense),
    "AnonymousMutableHashTable": op(lambda t: _mutable(t, "V2")),
    "AnonymousMutableHashTableOfTensors": op(
        lambda t: _mutable(t, "V2", 2, value_shape=[2])
    ),
    "HashTable": op(lambda t: _static(t, "")),
    "HashTableV2": op(lambda t: _static(t, "V2")),
    "MutableDenseHashTableV2": op(_dense),
    "MutableHashTable": op(lambda t: _mutable(t, "")),
    "MutableHashTableOfTensors": op(lambda t: _mutable(t, "", 2, value_shape=[2])),
    "MutableHashTableOfTensorsV2": op(lambda t: _mutable(t, "V2", 2, value_shape=[2])),
    "MutableHashTableV2": op(lambda t: _mutable(t, "V2")),
}


# Stacks, queues, barriers, staged tensors, accumulators.


def _stack(version: str) -> Op:
    def build(t: Case) -> Any:
        kind = t.type_of("elem_type")
        more = {"max_size": 3} if version else {}
        name = t.unique()
        handle = t.add(f"Stack{version}", elem_type=kind, stack_name=name, **more)
        pushed = t.add(
            f"StackPush{version}", handle=handle, elem=t.x(2, attr="elem_type")
        )
        return t.after(
            pushed,
            lambda: t.add(f"StackPop{version}", handle=handle, elem_type=kind),
        )

    return op(build, elem_type=PLAIN)


def _queue(version: str) -> Op:
    def build(t: Case) -> Any:
        kinds = [t.type_of("T"), t.tf.int32]
        more = {"shapes": [[2], []], "shared_name": t.unique()}
        handle = t.op(component_types=kinds, **more)
        components = [t.x(3, 2), [1, 2, 3]]
        filled = t.add(
            f"QueueEnqueueMany{version}", handle=handle, components=components
        )
        taken = t.after(
            filled,
            lambda: t.add(
                f"QueueDequeueMany{version}", handle=handle, n=2, component_types=kinds
            ),
        )
        last = t.after(
            taken,
            lambda: t.add(
                f"QueueDequeue{version}", handle=handle, component_types=kinds
            ),
        )
        return [taken, last]

    return op(build, T=PLAIN)


def _barrier(t: Case) -> Any:
    kinds = [t.type_of("T")]
    handle = t.add(
        "Barrier", component_types=kinds, shapes=[[2]], shared_name=t.unique()
    )
    keys = t.fed(np.array([b"a", b"b"], object), "string")
    filled = t.op(handle=handle, keys=keys, values=t.x(2, 2), component_index=0)
    taken = t.after(
        filled,
        lambda: t.add(
            "BarrierTakeMany", handle=handle, num_elements=2, component_types=kinds
        ),
    )
    return [taken.keys, taken.values]


def _staged(t: Case) -> Any:
    kinds = [t.type_of("T")]
    name = t.unique()
    filled = t.add("Stage", values=[t.x(2)], shared_name=name)
    return t.after(filled, lambda: t.add("Unstage", dtypes=kinds, shared_name=name))


# A step that no run has come to: gradients of earlier ones are dropped.
LATE = np.int64(9)


def _accumulated(t: Case) -> Any:
    make = t.op(shape=[2], shared_name=t.unique())
    prefix = "Resource" if t.name.startswith("Resource") else ""
    applied = t.add(
        f"{prefix}AccumulatorApplyGradient",
        handle=make,
        local_step=LATE,
        gradient=t.x(2, attr="dtype"),
    )
    return t.after(
        applied,
        lambda: t.add(
            f"{prefix}AccumulatorTakeGradient",
            handle=make,
            num_required=1,
            dtype=t.type_of("dtype"),
        ),
    )


def _accumulated_rows(t: Case) -> Any:
    make = t.op(shape=[4, 2], shared_name=t.unique())
    applied = [
        t.add(
            "SparseAccumulatorApplyGradient",
            handle=make,
            local_step=LATE,
            gradient_indices=np.array(rows, np.int64),
            gradient_values=t.x(2, 2, attr="dtype"),
            gradient_shape=np.zeros(0, np.int64),
            has_known_shape=False,
        )
        for rows in ([0, 2], [0, 3])
    ]
    return t.after(
        applied,
        lambda: t.add(
            "SparseAccumulatorTakeGradient",
            handle=make,
            num_required=2,
            dtype=t.type_of("dtype"),
        ),
    )


KEEPERS: dict[str, Op] = {
    "BarrierInsertMany": op(_barrier),
    "ConditionalAccumulator": op(_accumulated),
    "FIFOQueue": _queue(""),
    "FIFOQueueV2": _queue("V2"),
    "PaddingFIFOQueue": _queue(""),
    "PaddingFIFOQueueV2": _queue("V2"),
    "ResourceConditionalAccumulator": op(_accumulated),
    "SparseConditionalAccumulator": op(_accumulated_rows),
    "Stack": _stack(""),
    "StackV2": _stack("V2"),
    "Unstage": op(_staged, T=PLAIN),
}
CONTAINERS = {**TENSOR_ARRAYS, **TENSOR_LISTS, **TABLES, **KEEPERS}
