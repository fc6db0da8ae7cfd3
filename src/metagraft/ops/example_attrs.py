"""Lists among the attributes of ops that take examples apart, which have to fit.

Source: tensorflow core/util/example_proto_helper.cc, FinishInit of the attributes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from metagraft.graph.shapes import show

__all__ = [
    "parse_example_attrs",
    "parse_sequence_attrs",
    "parse_single_example_attrs",
    "parse_single_sequence_attrs",
]

_Attrs = Mapping[str, Any]


def parse_example_attrs(attrs: _Attrs) -> _Attrs:
    """Refuse lists for a batch of examples that contradict each other.

    Raises:
        ValueError: Lists differ in length, or not only the first size is unknown.
    """
    count = attrs["Nsparse"] if "Nsparse" in attrs else attrs["num_sparse"]
    _demand(len(attrs["sparse_types"]) == count, "sparse_keys", "sparse_types")
    keys = attrs.get("Ndense", len(attrs["Tdense"]))
    _check_dense(attrs, keys)
    ragged = len(attrs.get("ragged_value_types", ()))
    splits = len(attrs.get("ragged_split_types", ()))
    _demand(ragged == splits, "ragged_keys", "ragged_split_types")
    return attrs


def parse_single_example_attrs(attrs: _Attrs) -> _Attrs:
    """Refuse lists for one example that contradict each other.

    Raises:
        ValueError: Lists differ in length, or not only the first size is unknown.
    """
    _match("num_sparse", attrs["num_sparse"], attrs, "sparse_keys", "sparse_types")
    _check_dense(attrs, len(attrs["dense_keys"]))
    return attrs


def _check_dense(attrs: _Attrs, keys: int) -> None:
    _demand(len(attrs["Tdense"]) == keys, "dense_keys", "dense_types")
    _demand(len(attrs["dense_shapes"]) == keys, "dense_keys", "dense_shapes")
    for place, dims in enumerate(attrs["dense_shapes"]):
        if dims is None or None in dims[1:]:
            raise ValueError(
                f"dense_shapes[{place}] has unknown rank or unknown inner dimensions: "
                f"{show(dims)}"
            )


def parse_sequence_attrs(attrs: _Attrs) -> _Attrs:
    """Refuse lists for a batch of sequences that contradict each other.

    Raises:
        ValueError: Lists differ in length.
    """
    has_keys = "context_sparse_keys" in attrs
    for part in ("context", "feature_list"):
        for kind in ("sparse", "dense"):
            count = attrs.get(f"N{part}_{kind}", len(attrs["Tcontext_dense"]))
            what = f"num_{part}_{kind}"
            if has_keys:
                _match(what, count, attrs, f"{part}_{kind}_keys")
            if kind == "sparse":
                _match(what, count, attrs, f"{part}_sparse_types")
            else:
                lists = f"{part}_dense_types", f"{part}_dense_shapes"
                _match(what, count, attrs, *lists)
    for part in () if has_keys else ("context", "feature_list"):
        lists = f"{part}_ragged_value_types", f"{part}_ragged_split_types"
        _match(f"num_{part}_ragged", len(attrs[lists[0]]), attrs, *lists)
    return attrs


def parse_single_sequence_attrs(attrs: _Attrs) -> _Attrs:
    """Refuse lists for one sequence that contradict each other.

    Raises:
        ValueError: Lists differ in length.
    """
    for part in ("context", "feature_list"):
        for kind in ("sparse", "dense"):
            # TF: it does not look at the number of `feature_list_dense_shapes`; with
            # too few it reads what is not there.
            for what in ("types",) if kind == "sparse" else ("types", "shapes"):
                name = f"{part}_{kind}_{what}"
                fits = len(_list(attrs, name)) == attrs[f"N{part}_{kind}"]
                _demand(fits, f"{part}_{kind}_keys", name)
    return attrs


def _list(attrs: _Attrs, name: str) -> Any:
    """Return a list under the name that messages have for it."""
    return attrs["Tcontext_dense" if name == "context_dense_types" else name]


def _demand(fits: bool, first: str, second: str) -> None:
    if not fits:
        raise ValueError(f"len({first}) != len({second})")


def _match(what: str, count: int, attrs: _Attrs, *names: str) -> None:
    sizes = [len(_list(attrs, name)) for name in names]
    if any(size != count for size in sizes):
        shown = (f"{name} ({size})" for name, size in zip(names, sizes, strict=True))
        raise ValueError(
            f"{what} ({count}) must match the size of {' and '.join(shown)}"
        )
