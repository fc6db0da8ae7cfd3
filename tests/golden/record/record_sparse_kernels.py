"""Records what TensorFlow's kernels of sparse tensors compute.

Usage: python -m tests.golden.record.record_sparse_kernels
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

from tests.golden.record.kernel_values import Case, has_kernel, write

OUT = Path(__file__).parents[1] / "sparse_kernels" / "values.npz"
RNG = np.random.RandomState(23)

FLOATS = ["float16", "bfloat16", "float32", "float64"]
INTEGERS = [f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)]
NUMBERS = [*FLOATS, *INTEGERS, "complex64", "complex128"]
EVERY = [*NUMBERS, "bool", "object"]


def dtype_of(name: str) -> Any:
    """Return the type that a name stands for."""
    return np.dtype(getattr(ml_dtypes, name, name))


def texts(*items: bytes) -> Any:
    """Return strings as an array; none may end with a zero byte, which NumPy drops."""
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


def numbers(name: str, *shape: int) -> Any:
    """Return small values of one type, some negative where it has them."""
    count = int(np.prod(shape))
    if name == "object":
        return texts(*(f"v{i}".encode() for i in range(count))).reshape(shape)
    values = RNG.randint(0 if name.startswith("u") else -4, 9, count)
    if name in FLOATS:
        values = values + RNG.randint(0, 4, count) / 4
    if name.startswith("complex"):
        values = values + 1j * RNG.randint(-3, 4, count)
    return values.reshape(shape).astype(dtype_of(name))


def places(dims: tuple[int, ...], count: int, *, shuffled: bool = False) -> Any:
    """Return indices, each once, in order or not."""
    flat = RNG.choice(int(np.prod(dims)), count, replace=False)
    flat = flat if shuffled else np.sort(flat)
    return np.stack(np.unravel_index(flat, dims), axis=1).astype(np.int64)


def scalar(value: Any, name: str = "int64") -> Any:
    """Return one number as an array without axes."""
    return np.array(value, dtype_of(name))


def vector(*sizes: int) -> Any:
    """Return sizes as TensorFlow takes them."""
    return np.array(sizes, np.int64)


def parts(name: str, dims: tuple[int, ...], count: int, prefix: str = "") -> Any:
    """Return a sparse tensor as three operands."""
    return {
        f"{prefix}indices": places(dims, count),
        f"{prefix}values": numbers(name, count),
        f"{prefix}shape": vector(*dims),
    }


def orders() -> Iterator[Case]:
    """Elements in order and not, of every type, and none."""
    for name in EVERY:
        operands = {
            "input_indices": places((3, 4, 2), 9, shuffled=True),
            "input_values": numbers(name, 9),
            "input_shape": vector(3, 4, 2),
        }
        yield Case("layout", "SparseReorder", {}, operands)
    yield Case("layout", "SparseReorder", {}, parts("float32", (5, 5), 6, "input_"))
    yield Case("layout", "SparseReorder", {}, parts("float32", (5, 0), 0, "input_"))


def reshapes() -> Iterator[Case]:
    """Known and inferred sizes."""
    indices = places((4, 6), 7)
    for wanted in ([24], [-1], [2, 2, 6], [3, -1, 2], [4, 6], [24, 1, 1], [1, -1]):
        operands = {
            "input_indices": indices,
            "input_shape": vector(4, 6),
            "new_shape": vector(*wanted),
        }
        yield Case("layout", "SparseReshape", {}, operands)
    for wanted in ([3, 0], [-1, 3], [0]):
        operands = {
            "input_indices": np.zeros((0, 2), np.int64),
            "input_shape": vector(0, 3),
            "new_shape": vector(*wanted),
        }
        yield Case("layout", "SparseReshape", {}, operands)


def concats() -> Iterator[Case]:
    """Along each axis, of every type."""
    for name in EVERY:
        for axis in (0, 1, -1):
            dims = [(2, 3), (4, 3)] if axis == 0 else [(3, 2), (3, 5)]
            pair = [parts(name, d, 4) for d in dims]
            operands = {
                "indices": [one["indices"] for one in pair],
                "values": [one["values"] for one in pair],
                "shapes": [one["shape"] for one in pair],
            }
            yield Case("layout", "SparseConcat", {"concat_dim": axis}, operands)


def splits() -> Iterator[Case]:
    """Even and uneven parts, of every type; slices inside and outside."""
    for name in EVERY:
        for axis, count in ((0, 2), (1, 3), (-1, 4)):
            operands = {"split_dim": scalar(axis), **parts(name, (5, 7), 9)}
            yield Case("layout", "SparseSplit", {"num_split": count}, operands)
        operands = {
            **parts(name, (5, 7), 12),
            "start": vector(1, 2),
            "size": vector(3, 4),
        }
        yield Case("layout", "SparseSlice", {}, operands)
    for start, size in (([0, 0], [9, 9]), ([3, 6], [2, 0]), ([2, 9], [3, 3])):
        operands = {
            **parts("float32", (5, 7), 12),
            "start": vector(*start),
            "size": vector(*size),
        }
        yield Case("layout", "SparseSlice", {}, operands)
    for name in NUMBERS:
        indices = np.array([[0, 1], [0, 3], [1, 1], [2, 2]], np.int64)
        operands = {
            "backprop_val_grad": numbers(name, 2),
            "input_indices": indices,
            "input_start": vector(1, 1),
            "output_indices": np.array([[0, 0], [1, 1]], np.int64),
        }
        yield Case("layout", "SparseSliceGrad", {}, operands)


def filled_rows() -> Iterator[Case]:
    """Rows in order and not, with and without empty ones, of every type."""
    for name in EVERY:
        for indices in ([[0, 1], [2, 0], [2, 2]], [[3, 1], [0, 0], [3, 0]]):
            operands = {
                "indices": np.array(indices, np.int64),
                "values": numbers(name, 3),
                "dense_shape": vector(5, 3),
                "default_value": numbers(name),
            }
            yield Case("rows", "SparseFillEmptyRows", {}, operands)
            ragged = {
                "value_rowids": np.array(indices, np.int64)[:, 0],
                "values": numbers(name, 3),
                "nrows": scalar(5),
                "default_value": numbers(name),
            }
            yield Case("rows", "RaggedFillEmptyRows", {}, ragged)
        if name in NUMBERS:
            operands = {
                "reverse_index_map": vector(0, 2, 3),
                "grad_values": numbers(name, 6),
            }
            for op in ("SparseFillEmptyRowsGrad", "RaggedFillEmptyRowsGrad"):
                yield Case("rows", op, {}, operands)
    for rows in (0, 2):
        operands = {
            "indices": np.zeros((0, 2), np.int64),
            "values": numbers("float32", 0),
            "dense_shape": vector(rows, 3),
            "default_value": numbers("float32"),
        }
        yield Case("rows", "SparseFillEmptyRows", {}, operands)


def sums() -> Iterator[Case]:
    """Two sparse tensors, and a sparse and a dense one, of every type."""
    for name in NUMBERS:
        a, b = parts(name, (3, 4), 6, "a_"), parts(name, (3, 4), 5, "b_")
        real = {"complex64": "float32", "complex128": "float64"}.get(name, name)
        for limit in (0, 2):
            operands = {**a, **b, "thresh": scalar(limit, real)}
            yield Case("arithmetic", "SparseAdd", {}, operands)
        for op in ("SparseSparseMaximum", "SparseSparseMinimum"):
            if real == name:
                yield Case("arithmetic", op, {}, {**a, **b})
        for index in ("int32", "int64"):
            operands = {
                "a_indices": places((3, 4), 6, shuffled=True).astype(index),
                "a_values": numbers(name, 6),
                "a_shape": vector(3, 4).astype(index),
                "b": numbers(name, 3, 4),
            }
            yield Case("arithmetic", "SparseTensorDenseAdd", {}, operands)
        operands = {
            "backprop_val_grad": numbers(name, 3),
            "a_indices": np.array([[0, 1], [1, 0]], np.int64),
            "b_indices": np.array([[0, 1], [0, 2], [2, 2]], np.int64),
            "sum_indices": np.array([[0, 1], [0, 2], [1, 0]], np.int64),
        }
        yield Case("arithmetic", "SparseAddGrad", {}, operands)
    for rank in (1, 3, 4, 5):
        dims = (3, 2, 2, 3, 2)[:rank]
        operands = {**parts("float32", dims, 3, "a_"), "b": numbers("float32", *dims)}
        yield Case("arithmetic", "SparseTensorDenseAdd", {}, operands)


def products() -> Iterator[Case]:
    """Matrix products, transposed and not; element-wise ones, repeated and not."""
    for name in ("bfloat16", "float32", "float64", "int32", "complex64", "complex128"):
        for left in (False, True):
            for right in (False, True):
                dims = (4, 3) if left else (3, 4)
                dense = (2, 4) if right else (4, 2)
                for index in ("int64", "int32"):
                    operands = {
                        "a_indices": places(dims, 6, shuffled=True).astype(index),
                        "a_values": numbers(name, 6),
                        "a_shape": vector(*dims),
                        "b": numbers(name, *dense),
                    }
                    attrs = {"adjoint_a": left, "adjoint_b": right}
                    op = "SparseTensorDenseMatMul"
                    yield Case("arithmetic", op, attrs, operands)
    for name in [*FLOATS, *INTEGERS]:
        for dims in ((3, 4), (4,), (3, 1), (1, 4), ()):
            dense = numbers(name, *dims)
            dense[dense == 0] = 3
            operands = {**parts(name, (3, 4), 7, "sp_"), "dense": dense}
            for how in ("Add", "Mul", "Div"):
                yield Case("arithmetic", f"SparseDenseCwise{how}", {}, operands)


def reductions() -> Iterator[Case]:
    """Along one axis, several and none, of every type."""
    for name in NUMBERS:
        for axes in ([0], [1], [-1], [0, 2], [], [0, 1, 2], [1, -2]):
            operands = {
                **parts(name, (3, 4, 2), 8, "input_"),
                "reduction_axes": np.array(axes, np.int32),
            }
            keep = {"keep_dims": len(axes) != 1}
            for op in ("SparseReduceSum", "SparseReduceSumSparse"):
                yield Case("reduction", op, keep, operands)
            if not name.startswith("complex"):
                for op in ("SparseReduceMax", "SparseReduceMaxSparse"):
                    yield Case("reduction", op, keep, operands)
    for name in FLOATS:
        for dims in ((3, 4), (2, 3, 3)):
            operands = parts(name, dims, 8, "sp_")
            yield Case("reduction", "SparseSoftmax", {}, operands)


SET_TYPES = ["int8", "int16", "int32", "int64", "uint8", "uint16", "object"]


def small(name: str, *shape: int) -> Any:
    """Return values of which some are equal."""
    values = RNG.randint(0, 5, shape)
    if name == "object":
        return texts(*(b"v%d" % i for i in values.reshape(-1))).reshape(shape)
    return values.astype(name)


def dense_forms() -> Iterator[Case]:
    """Values at indices, of every type, in order and not."""
    for name in EVERY:
        for shuffled in (False, True):
            operands = {
                "sparse_indices": places((3, 4), 5, shuffled=shuffled),
                "output_shape": vector(3, 4),
                "sparse_values": numbers(name, 5),
                "default_value": numbers(name),
            }
            attrs = {"validate_indices": not shuffled}
            yield Case("layout", "SparseToDense", attrs, operands)
    for indices in (scalar(3), vector(1, 3), vector(), np.zeros((0, 1), np.int64)):
        operands = {
            "sparse_indices": indices,
            "output_shape": vector(5),
            "sparse_values": numbers("float32"),
            "default_value": numbers("float32"),
        }
        yield Case("layout", "SparseToDense", {}, operands)


def set_parts(name: str, dims: tuple[int, ...], count: int, prefix: str) -> Any:
    """Return a sparse tensor of sets as three operands."""
    found = parts("int64", dims, count, prefix)
    return {**found, f"{prefix}values": small(name, count)}


def sets() -> Iterator[Case]:
    """Every operation, dense and sparse, of every type."""
    for name in SET_TYPES:
        for how in ("a-b", "b-a", "intersection", "union"):
            attrs = {"set_operation": how}
            first = small(name, 2, 2, 4)
            operands = {"set1": first, "set2": small(name, 2, 2, 3)}
            yield Case("sets", "DenseToDenseSetOperation", attrs, operands)
            one = set_parts(name, (2, 2, 4), 7, "set2_")
            operands = {"set1": first, **one}
            yield Case("sets", "DenseToSparseSetOperation", attrs, operands)
            other = set_parts(name, (2, 2, 5), 6, "set1_")
            operands = {**other, **one}
            yield Case("sets", "SparseToSparseSetOperation", attrs, operands)
        operands = set_parts(name, (2, 3, 4), 9, "set_")
        yield Case("sets", "SetSize", {}, operands)
    for how in ("a-b", "union"):
        attrs = {"set_operation": how}
        empty = {**set_parts("int32", (3, 0), 0, "set1_")}
        operands = {**empty, **set_parts("int32", (3, 0), 0, "set2_")}
        yield Case("sets", "SparseToSparseSetOperation", attrs, operands)
        operands = {"set1": small("int32", 3, 0), "set2": small("int32", 3, 2)}
        yield Case("sets", "DenseToDenseSetOperation", attrs, operands)


def crosses() -> Iterator[Case]:
    """Texts and numbers, sparse and dense, joined and hashed."""
    for kinds in (
        ["object"],
        ["object", "object"],
        ["int64", "int64"],
        ["object", "int64", "object"],
        ["int64", "object"],
        [],
    ):
        for dense_kinds in ([], ["object"], ["int64"], ["object", "int64"]):
            if not kinds and not dense_kinds:
                continue
            given = [parts("int64", (4, 3), 6) for _ in kinds]
            operands = {
                "indices": [one["indices"] for one in given],
                "values": [small(kind, 6) for kind in kinds],
                "shapes": [one["shape"] for one in given],
                "dense_inputs": [small(kind, 4, 2) for kind in dense_kinds],
            }
            has_numbers = "int64" in (*kinds, *dense_kinds)
            attrs = {
                "hashed_output": False,
                "num_buckets": 0,
                "hash_key": 7,
                "out_type": np.object_,
                "internal_type": np.int64 if has_numbers else np.object_,
            }
            if not has_numbers:
                yield Case("cross", "SparseCross", attrs, operands)
            for buckets, key in ((0, 956888297470), (10, 1), (1000, -5)):
                hashed = {
                    **attrs,
                    "hashed_output": True,
                    "num_buckets": buckets,
                    "hash_key": key,
                    "out_type": np.int64,
                    "internal_type": np.int64,
                }
                yield Case("cross", "SparseCross", hashed, operands)
            separator = {"sep": texts(b"-").reshape(())}
            yield Case("cross", "SparseCrossV2", {}, {**operands, **separator})
            for buckets, strong in ((0, False), (100, True), (0, True)):
                if strong and "int64" in dense_kinds:
                    continue  # TensorFlow ends in a fault.
                keyed = {
                    "num_buckets": scalar(buckets),
                    "strong_hash": np.array(strong),
                    "salt": vector(3, -4),
                }
                yield Case("cross", "SparseCrossHashed", {}, {**operands, **keyed})


def counts() -> Iterator[Case]:
    """Values counted, with weights and without, within limits."""
    for name in ("int32", "int64"):
        for weight in ("int32", "int64", "float32", "float64"):
            for is_binary in (False, True):
                for has_weights in (False, True):
                    yield from _counts(name, weight, is_binary, has_weights)


def _counts(
    name: str, weight: str, is_binary: bool, has_weights: bool
) -> Iterator[Case]:
    if is_binary and has_weights:
        return
    none = np.zeros(0, weight)
    sparse = set_parts(name, (4, 5), 9, "")
    weights = numbers(weight, 9) if has_weights else none
    splits = {"splits": vector(0, 2, 2, 6, 9)}
    table = {"size": scalar(4, name), "weights": weights}
    flag = {"binary_output": is_binary}
    indices, values, shape = sparse.values()
    operands = {"indices": indices, "values": values, "dense_shape": shape}
    yield Case("count", "SparseBincount", flag, {**operands, **table})
    flat = {"indices": indices[:, 1:], "values": values, "dense_shape": vector(5)}
    yield Case("count", "SparseBincount", flag, {**flat, **table})
    ragged = {**splits, "values": values}
    yield Case("count", "RaggedBincount", flag, {**ragged, **table})
    for least, most in ((-1, -1), (8, -1), (-1, 3), (2, 9)):
        attrs = {"minlength": least, "maxlength": most, "binary_output": is_binary}
        for one in (small(name, 6), small(name, 2, 4)):
            given = numbers(weight, *one.shape) if has_weights else none
            operands = {"values": one, "weights": given}
            yield Case("count", "DenseCountSparseOutput", attrs, operands)
        operands = {
            "indices": indices,
            "values": values,
            "dense_shape": shape,
            "weights": weights,
        }
        yield Case("count", "SparseCountSparseOutput", attrs, operands)
        operands = {**splits, "values": values, "weights": weights}
        yield Case("count", "RaggedCountSparseOutput", attrs, operands)


def distances() -> Iterator[Case]:
    """Sequences of every type, some of them empty."""
    for name in EVERY:
        for normalize in (False, True):
            rank = 3 if normalize else 2
            dims = [(3, 2, 4)[-rank:], (2, 3, 5)[-rank:]]
            operands = {}
            for prefix, size, count in zip(
                ("hypothesis_", "truth_"), dims, (6, 7), strict=True
            ):
                one = parts("int64", size, min(count, int(np.prod(size))), prefix)
                one[f"{prefix}values"] = small(
                    "object" if name == "object" else "int64",
                    len(one[f"{prefix}values"]),
                ).astype(dtype_of(name))
                operands.update(one)
            yield Case("distance", "EditDistance", {"normalize": normalize}, operands)


def ragged() -> Iterator[Case]:
    """Rows of different lengths to tensors and back, ranges, chosen rows."""
    outer, inner = vector(0, 2, 2, 5), vector(0, 3, 3, 4, 8, 9)
    for name in EVERY:
        for index in ("int64", "int32"):
            values = numbers(name, 9)
            splits = [outer.astype(index), inner.astype(index)]
            operands = {"rt_nested_splits": splits, "rt_dense_values": values}
            yield Case("ragged", "RaggedTensorToSparse", {}, operands)
            for shape in ([-1, -1, -1], [2, 2, 3], [4, 2, -1]):
                operands = {
                    "shape": np.array(shape, index),
                    "values": values,
                    "default_value": numbers(name),
                    "row_partition_tensors": splits,
                }
                kinds = {"row_partition_types": ["ROW_SPLITS", "ROW_SPLITS"]}
                if index == "int64":
                    yield Case("ragged", "RaggedTensorToTensor", kinds, operands)
            operands = {
                "params_nested_splits": splits,
                "params_dense_values": values,
                "indices": np.array([[2, 0], [1, 2]], np.int32),
            }
            ranks = {"OUTPUT_RAGGED_RANK": 3}
            if name in ("float32", "object", "int64"):
                yield Case("ragged", "RaggedGather", ranks, operands)
    yield from _ragged_shapes()


def _ragged_shapes() -> Iterator[Case]:
    kinds = ["FIRST_DIM_SIZE", "VALUE_ROWIDS", "VALUE_ROWIDS"]
    operands = {
        "shape": vector(-1, -1, -1, 2),
        "values": numbers("float32", 4, 2),
        "default_value": numbers("float32", 2),
        "row_partition_tensors": [scalar(4), vector(0, 0, 2), vector(0, 1, 1, 2)],
    }
    attrs = {"row_partition_types": kinds}
    yield Case("ragged", "RaggedTensorToTensor", attrs, operands)
    for shape in ([3, 2, 1, 2], [5, -1, -1, 2], [-1, 3, 2, -1]):
        wider = {**operands, "shape": vector(*shape)}
        yield Case("ragged", "RaggedTensorToTensor", attrs, wider)
    flat = {"rt_nested_splits": [vector(0, 1, 1, 3)]}
    flat["rt_dense_values"] = numbers("float32", 3, 2, 2)
    yield Case("ragged", "RaggedTensorToSparse", {}, flat)
    for indices in (scalar(1), vector(), vector(2, 2, 0)):
        operands = {
            "params_nested_splits": [vector(0, 2, 2, 3)],
            "params_dense_values": numbers("float64", 3, 2),
            "indices": indices,
        }
        ranks = {"OUTPUT_RAGGED_RANK": indices.ndim}
        if indices.ndim:
            yield Case("ragged", "RaggedGather", ranks, operands)
    for name in ("bfloat16", "float32", "float64", "int32", "int64"):
        for index in (np.int32, np.int64):
            for starts, limits, deltas in (
                ([0, 5, 8], [3, 5, 12], [1, 1, 3]),
                ([0, 5, 8], 8, 2),
                (0, [4, -3, 0], 1),
                (9, 1, -3),
                ([], [], []),
            ):
                operands = {
                    "starts": np.array(starts).astype(dtype_of(name)),
                    "limits": np.array(limits).astype(dtype_of(name)),
                    "deltas": np.array(deltas).astype(dtype_of(name)),
                }
                yield Case("ragged", "RaggedRange", {"Tsplits": index}, operands)


def cases() -> Iterator[Case]:
    """Return all cases."""
    yield from orders()
    yield from reshapes()
    yield from concats()
    yield from splits()
    yield from filled_rows()
    yield from sums()
    yield from products()
    yield from reductions()
    yield from sets()
    yield from crosses()
    yield from counts()
    yield from distances()
    yield from ragged()
    yield from dense_forms()


if __name__ == "__main__":
    write(OUT, (case for case in cases() if has_kernel(case)))
