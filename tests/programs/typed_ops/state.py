"""Ops that change variables: assignments, updates of rows and places, optimizers."""

from __future__ import annotations

import inspect
from typing import Any

from tests.programs.typed_ops.case import ALL_TYPES, Case, Op, op

# Arguments of optimizers' ops that are variables; those that hold sums of squares.
SLOTS = {"var", "m", "mg", "mom", "linear", "gradient_accumulator"}
SQUARES = {"accum", "accum_update", "gradient_squared_accumulator", "ms", "v", "vhat"}
NUMBERS = {"global_step": 3, "lr_power": -0.5, "logbase": 1.5, "momentum": 0.75}


def _assigned(t: Case, *shape: int) -> Any:
    _, started = t.reference(t.values(shape))
    return t.op(ref=started, value=t.x(*shape))


def _assigned_resource(t: Case) -> Any:
    handle, start = t.resource(t.values((2, 2), "dtype"))
    value = t.x(2, 2, attr="dtype")
    done = t.after(start, lambda: t.op(resource=handle, value=value))
    return t.read(handle, "dtype", done)


def _set_resource(t: Case) -> Any:
    handle = t.add(
        "VarHandleOp", dtype=t.type_of("dtype"), shape=[2, 2], shared_name=t.unique()
    )
    done = t.op(resource=handle, value=t.x(2, 2, attr="dtype"))
    return t.read(handle, "dtype", done)


def _indices(t: Case, *values: Any) -> Any:
    return t.known(list(values), "Tindices")


def _scattered(t: Case) -> Any:
    variable, start = t.reference(t.values((4, 2)))
    arguments = {"indices": _indices(t, 3, 0, 3), "updates": t.positive(3, 2)}
    return t.after(start, lambda: t.op(ref=variable, **arguments))


def _scattered_nd(t: Case) -> Any:
    variable, start = t.reference(t.values((4, 2)))
    arguments = {"indices": _indices(t, [3], [0], [3]), "updates": t.x(3, 2)}
    return t.after(start, lambda: t.op(ref=variable, **arguments))


def _scattered_resource(t: Case) -> Any:
    handle, start = t.resource(t.values((4, 2), "dtype"))
    updates = t.positive(3, 2, attr="dtype")
    arguments = {"indices": _indices(t, 3, 0, 3), "updates": updates}
    done = t.after(start, lambda: t.op(resource=handle, **arguments))
    return t.read(handle, "dtype", done)


def _scattered_nd_resource(t: Case) -> Any:
    handle, start = t.resource(t.values((4, 2)), "T")
    arguments = {"indices": _indices(t, [3], [0], [3]), "updates": t.x(3, 2)}
    done = t.after(start, lambda: t.op(ref=handle, **arguments))
    return t.read(handle, "T", done)


def _gathered(t: Case, indices: Any) -> Any:
    handle, start = t.resource(t.values((4, 2), "dtype"))
    return t.after(start, lambda: t.op(resource=handle, indices=indices))


def _slices(t: Case) -> dict[str, Any]:
    ends = {"begin": [3, 0], "end": [0, 2], "strides": [-2, 1]}
    return {name: t.known(value, "Index") for name, value in ends.items()}


def _assigned_slice(t: Case) -> Any:
    variable, start = t.reference(t.values((4, 2)))
    value = t.x(2, 2)
    return t.after(start, lambda: t.op(ref=variable, value=value, **_slices(t)))


def _assigned_slice_of_resource(t: Case) -> Any:
    handle, start = t.resource(t.values((4, 2)), "T")
    value = t.x(2, 2)
    done = t.after(start, lambda: t.op(ref=handle, value=value, **_slices(t)))
    return t.read(handle, "T", done)


def _counted(t: Case) -> Any:
    variable, start = t.reference(2, "T")
    return t.after(start, lambda: t.op(ref=variable, limit=9))


def _counted_resource(t: Case) -> Any:
    handle, start = t.resource(2, "T")
    return t.after(start, lambda: t.op(resource=handle, limit=9))


def _reference_passed(t: Case, **more: Any) -> Any:
    variable, start = t.reference(t.values((2, 2)))
    return t.after(start, lambda: t.add("Identity", input=t.op(input=variable, **more)))


def _switched(t: Case) -> Any:
    taken = t.op(data=t.x(2, 2), pred=True)
    return t.add("Merge", inputs=[taken.output_true, taken.output_false])


def _switched_reference(t: Case) -> Any:
    variable, start = t.reference(t.values((2, 2)))
    taken = t.after(start, lambda: t.op(data=variable, pred=False))
    return t.add("Identity", input=taken.output_false)


def _selected_reference(t: Case) -> Any:
    variables, starts = zip(
        *(t.reference(t.values((2, 2))) for _ in range(2)), strict=True
    )
    chosen = t.after(starts, lambda: t.op(index=1, inputs=variables))
    return t.add("Identity", input=chosen)


def _read(t: Case) -> Any:
    handle, start = t.resource(t.values((2, 2), "dtype"))
    return t.after(start, lambda: t.op(resource=handle))


def _is_set(t: Case) -> Any:
    variable, start = t.reference(t.values((2, 2), "dtype"), "dtype")
    return t.after(start, lambda: t.op(ref=variable))


def _shape_of(t: Case) -> Any:
    handle, start = t.resource(t.values((2, 2), "float32"))
    return t.after(start, lambda: t.op(input=handle))


def _applied(t: Case) -> Any:
    """Run the op of an optimizer on variables, and return these."""
    is_resource, by_rows = t.name.startswith("Resource"), "Sparse" in t.name
    make = t.resource if is_resource else t.reference
    arguments: dict[str, Any] = {}
    held, starts = [], []
    for name in inspect.signature(getattr(t.tf.raw_ops, t.name)).parameters:
        values = t.values((4, 2))
        if name in SLOTS | SQUARES:
            if name in SQUARES:
                values = abs(values) + values.dtype.type(2)
            arguments[name], start = make(values, "T")
            held.append(arguments[name])
            starts.append(start)
        elif name in ("grad", "delta"):
            arguments[name] = t.x(3 if by_rows else 4, 2)
        elif name == "indices":
            arguments[name] = _indices(t, 3, 0, 3)
        elif name == "global_step":
            arguments[name] = t.fed(NUMBERS[name], "int64")
        elif not name.startswith(("use_", "update_", "multiply_", "name", "T")):
            arguments[name] = t.fed(NUMBERS.get(name, 0.625), "T")
    done = t.after(starts, lambda: t.op(**arguments))
    if is_resource:
        return [t.read(handle, "T", done) for handle in held]
    return t.after(done, lambda: [t.add("DeepCopy", x=x) for x in held])


OPTIMIZERS = (
    *("AdaMax", "Adadelta", "Adagrad", "AdagradDA", "AdagradV2", "Adam", "AddSign"),
    *("CenteredRMSProp", "Ftrl", "FtrlV2", "GradientDescent", "Momentum", "PowerSign"),
    *("ProximalAdagrad", "ProximalGradientDescent", "RMSProp"),
)
ONLY_RESOURCES = ("AdamWithAmsgrad", "KerasMomentum")
BY_ROWS = (
    *("Adadelta", "Adagrad", "AdagradDA", "AdagradV2", "CenteredRMSProp", "Ftrl"),
    *("FtrlV2", "Momentum", "ProximalAdagrad", "ProximalGradientDescent", "RMSProp"),
)
UPDATES = ("Add", "Div", "Max", "Min", "Mul", "Sub", "Update")
ND_UPDATES = ("Add", "Max", "Min", "Sub", "Update")

STATE: dict[str, Op] = {
    "Assign": op(lambda t: _assigned(t, 2, 2)),
    "AssignAdd": op(lambda t: _assigned(t, 2, 2)),
    "AssignAddVariableOp": op(_assigned_resource),
    "AssignSub": op(lambda t: _assigned(t, 2, 2)),
    "AssignSubVariableOp": op(_assigned_resource),
    "AssignVariableOp": op(_set_resource),
    "CountUpTo": op(_counted),
    "IsVariableInitialized": op(_is_set, dtype=ALL_TYPES),
    "ReadVariableOp": op(_read, dtype=ALL_TYPES),
    "RefIdentity": op(_reference_passed, T=ALL_TYPES),
    "RefSelect": op(_selected_reference),
    "RefSwitch": op(_switched_reference),
    "ResourceCountUpTo": op(_counted_resource),
    "ResourceGather": op(lambda t: _gathered(t, _indices(t, 3, 0, 3))),
    "ResourceGatherNd": op(lambda t: _gathered(t, _indices(t, [3, 1], [0, 0]))),
    "ResourceStridedSliceAssign": op(_assigned_slice_of_resource),
    "StridedSliceAssign": op(_assigned_slice),
    "Switch": op(_switched),
    "VariableShape": op(_shape_of),
    **{f"Scatter{update}": op(_scattered) for update in UPDATES},
    **{f"ScatterNd{update}": op(_scattered_nd) for update in ND_UPDATES},
    **{f"ResourceScatter{update}": op(_scattered_resource) for update in UPDATES},
    **{
        f"ResourceScatterNd{update}": op(_scattered_nd_resource)
        for update in ND_UPDATES
    },
}
TRAINING: dict[str, Op] = {
    **{f"Apply{name}": op(_applied) for name in OPTIMIZERS},
    **{f"ResourceApply{name}": op(_applied) for name in OPTIMIZERS + ONLY_RESOURCES},
    **{f"SparseApply{name}": op(_applied) for name in BY_ROWS},
    **{
        f"ResourceSparseApply{name}": op(_applied)
        for name in (*BY_ROWS, "KerasMomentum")
    },
}
