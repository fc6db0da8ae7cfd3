"""Ops of matrices, sparse and ragged tensors, counts, texts: in the rarer types."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.programs.typed_ops.case import NUMBERS, Case, Op, op

MATRIX = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, -1.0], [0.5, -1.0, 5.0]])
INDICES = np.array([[0, 1], [1, 0], [1, 2]], np.int64)
SHAPE = np.array([2, 3], np.int64)
ROWS = [0, 0, 2]
SPLITS = np.array([0, 2, 3], np.int64)


def _size(t: Case) -> Any:
    return t.known(4, "Tidx")


def _counted(t: Case) -> Any:
    return t.op(arr=[1, 3, 1], size=4, weights=t.x(3))


def _values(t: Case, attr: str = "T") -> Any:
    return t.fed([1, 3, 1], attr)


def _counted_sparse(t: Case) -> Any:
    found = t.op(
        indices=INDICES,
        values=_values(t),
        dense_shape=SHAPE,
        weights=t.fed(np.zeros(0), "output_type"),
        binary_output=False,
    )
    return list(found)


def _segments(t: Case, **more: Any) -> Any:
    return t.op(
        data=t.x(4, 2),
        indices=t.known([3, 0, 1], "Tidx"),
        segment_ids=t.known(ROWS, "Tsegmentids"),
        **more,
    )


def _segments_of(t: Case) -> Any:
    return _segments(t, num_segments=t.known(4, "Tnumsegments"))


def _segments_grad(t: Case) -> Any:
    size = "dense_output_dim0" if t.name.endswith("V2") else "output_dim0"
    return t.op(
        grad=t.x(3, 2),
        indices=t.known([3, 0, 1], "Tidx"),
        segment_ids=t.known(ROWS, "Tsegmentids"),
        **{size: 5},
    )


def _searched(t: Case) -> Any:
    return t.op(
        sorted_inputs=t.fed([[0, 1, 2, 2, 4]], "T"), values=t.fed([[2, 3, 0]], "T")
    )


def _cell(t: Case) -> dict[str, Any]:
    vectors = {name: t.x(2) for name in ("wci", "wcf", "wco")}
    return {
        "seq_len_max": np.int64(2),
        "x": t.x(2, 1, 3),
        "cs_prev": t.x(1, 2),
        "h_prev": t.x(1, 2),
        "w": t.x(5, 8),
        "b": t.x(8),
        **vectors,
    }


def _cell_grad(t: Case) -> Any:
    given = _cell(t)
    outputs = t.add("BlockLSTMV2", **given)._asdict()
    slopes = {"cs_grad": t.x(2, 1, 2), "h_grad": t.x(2, 1, 2)}
    return t.op(**given, **outputs, **slopes, use_peephole=False)


def _quantized_relu(t: Case) -> Any:
    return t.op(features=t.x(6, attr="Tinput"), min_features=-1.0, max_features=2.0)


def _eigen(t: Case, **more: Any) -> Any:
    """Return eigenvalues and what vectors of any sign and phase make of them."""
    found = t.op(input=t.fed(MATRIX[None], "T"), **more)
    if (t.name.startswith("Batch") and not more) or t.name == "SelfAdjointEig":
        return found[..., 0, :]
    return found[0]


def _sparse(t: Case, attr: str) -> Any:
    return t.add(
        "SparseTensorToCSRSparseMatrix",
        indices=INDICES,
        values=t.x(3, attr=attr),
        dense_shape=SHAPE,
    )


def _dense(t: Case, matrix: Any, attr: str) -> Any:
    return t.add("CSRSparseMatrixToDense", sparse_input=matrix, type=t.type_of(attr))


def _factored(t: Case) -> Any:
    matrix = t.add(
        "DenseToCSRSparseMatrix",
        dense_input=t.fed(MATRIX, "type"),
        indices=np.argwhere(MATRIX).astype(np.int64),
    )
    factor = t.op(input=matrix, permutation=[0, 1, 2])
    return _dense(t, factor, "type")


def _many_sparse(t: Case) -> dict[str, Any]:
    return {"sparse_indices": INDICES, "sparse_values": t.x(3), "sparse_shape": SHAPE}


def _serialized(t: Case) -> Any:
    return t.add(
        "DeserializeSparse",
        serialized_sparse=t.op(**_many_sparse(t)),
        dtype=t.type_of("T"),
    )


def _deserialized(t: Case) -> Any:
    kind = t.type_of("Tserialized")
    parts = t.add("SerializeSparse", **_many_sparse(t), out_type=kind)
    return t.op(serialized_sparse=parts, dtype=t.tf.float32)


def _mapped(t: Case) -> Any:
    kind = "T" if "T" in t.types else "dtype"
    name = t.unique()
    handles = t.add(
        "AddManySparseToTensorsMap",
        sparse_indices=INDICES,
        sparse_values=t.x(3, attr=kind),
        sparse_shape=SHAPE,
        shared_name=name,
    )
    return t.add(
        "TakeManySparseFromTensorsMap",
        sparse_handles=handles,
        dtype=t.type_of(kind),
        shared_name=name,
    )


def _ragged(t: Case) -> Any:
    values = t.x(3, 2, attr="Tvalues")
    splits = t.known([0, 2, 3], "Tsplits")
    return t.add(
        "RaggedTensorToVariant",
        rt_nested_splits=[splits],
        rt_dense_values=values,
        batched_input=True,
    )


def _ragged_back(t: Case) -> Any:
    return t.add(
        "RaggedTensorFromVariant",
        encoded_ragged=_ragged(t),
        input_ragged_rank=-1 if "Tvalues" not in t.types else 0,
        output_ragged_rank=1,
        Tvalues=t.type_of("Tvalues"),
        Tsplits=t.type_of("Tsplits", "int64"),
    )


def _ragged_slopes(t: Case) -> Any:
    return t.op(
        encoded_ragged_grad=_ragged(t),
        row_splits=t.known([0, 2, 3], "Tsplits"),
        dense_values_shape=[3, 2],
    )


OTHERS: dict[str, Op] = {
    "Acos": op(lambda t: t.op(x=t.fed([0, 1, -1], "T"))),
    "Add": op(lambda t: t.op(x=t.x(2, 1), y=t.x(3))),
    "AddManySparseToTensorsMap": op(_mapped),
    "All": op(lambda t: t.op(input=t.x(2, 3, attr="bool"), axis=t.known([1], "Tidx"))),
    "Any": op(lambda t: t.op(input=t.x(2, 3, attr="bool"), axis=t.known([1], "Tidx"))),
    "ApproxTopK": op(lambda t: t.op(input=t.x(2, 7), k=3)),
    "BandedTriangularSolve": op(lambda t: t.op(matrix=t.positive(2, 3), rhs=t.x(3, 2))),
    "BatchMatMul": op(lambda t: t.op(x=t.x(2, 2, 3), y=t.x(2, 3, 2))),
    "BatchMatMulV3": op(
        lambda t: t.op(x=t.x(2, 2, 3, attr="Ta"), y=t.x(3, 2, attr="Tb"))
    ),
    "BatchMatrixInverse": op(lambda t: t.op(input=t.fed(MATRIX, "T"))),
    "BatchMatrixSolve": op(lambda t: t.op(matrix=t.fed(MATRIX, "T"), rhs=t.x(3, 2))),
    "BatchMatrixTriangularSolve": op(
        lambda t: t.op(matrix=t.fed(MATRIX, "T"), rhs=t.x(3, 2))
    ),
    "BatchSelfAdjointEig": op(_eigen),
    "BatchSelfAdjointEigV2": op(lambda t: _eigen(t, compute_v=False)),
    "Bincount": op(_counted),
    "BlockLSTMGradV2": op(_cell_grad),
    "BlockLSTMV2": op(lambda t: t.op(**_cell(t))),
    "Bucketize": op(lambda t: t.op(input=t.x(5), boundaries=[-1.0, 0.5, 2.0])),
    "CSRSparseMatrixComponents": op(
        lambda t: list(t.op(csr_sparse_matrix=_sparse(t, "type"), index=0))
    ),
    "CSRSparseMatrixToDense": op(lambda t: t.op(sparse_input=_sparse(t, "type"))),
    "CSRSparseMatrixToSparseTensor": op(
        lambda t: t.op(sparse_matrix=_sparse(t, "type"))
    ),
    "Dequantize": op(lambda t: t.op(input=t.x(6), min_range=-1.0, max_range=2.0)),
    "DenseBincount": op(
        lambda t: t.op(input=t.known([1, 3, 1], "Tidx"), size=_size(t), weights=t.x(3))
    ),
    "DenseCountSparseOutput": op(
        lambda t: list(
            t.op(
                values=_values(t),
                weights=t.fed(np.zeros(0), "output_type"),
                binary_output=False,
            )
        )
    ),
    "DenseToCSRSparseMatrix": op(
        lambda t: _dense(t, t.op(dense_input=t.positive(2, 3), indices=INDICES), "T")
    ),
    "DeserializeSparse": op(_deserialized),
    "Equal": op(lambda t: t.op(x=t.x(2, 1), y=t.x(9))),
    "HistogramFixedWidth": op(
        lambda t: t.op(values=t.x(9), value_range=t.fed([0, 4], "T"), nbins=3)
    ),
    "HistogramSummary": op(lambda t: t.op(tag="h", values=t.x(9))),
    "Invert": op(lambda t: t.op(x=t.x(5))),
    "IsotonicRegression": op(lambda t: t.op(input=t.x(2, 5))),
    "LinSpace": op(
        lambda t: t.op(start=t.fed(1, "T"), stop=t.fed(4, "T"), num=t.known(4, "Tidx"))
    ),
    "ListDiff": op(lambda t: t.op(x=t.x(6), y=t.x(2))),
    "LowerBound": op(_searched),
    "MatMul": op(lambda t: t.op(a=t.x(2, 3), b=t.x(3, 2))),
    "NotEqual": op(lambda t: t.op(x=t.x(2, 1), y=t.x(9))),
    "NthElement": op(lambda t: t.op(input=t.x(2, 5), n=2)),
    "PopulationCount": op(lambda t: t.op(x=t.x(5))),
    "Qr": op(lambda t: abs(t.op(input=t.x(3, 2)).r)),
    "QuantizedRelu": op(_quantized_relu),
    "QuantizedRelu6": op(_quantized_relu),
    "RaggedBincount": op(
        lambda t: t.op(
            splits=SPLITS,
            values=t.known([1, 3, 1], "Tidx"),
            size=_size(t),
            weights=t.x(3),
        )
    ),
    "RaggedCountSparseOutput": op(
        lambda t: list(
            t.op(
                splits=SPLITS,
                values=_values(t),
                weights=t.fed(np.zeros(0), "output_type"),
                binary_output=False,
            )
        )
    ),
    "RaggedGather": op(
        lambda t: t.op(
            params_nested_splits=[t.known([0, 2, 3], "Tsplits")],
            params_dense_values=t.x(3, attr="Tvalues"),
            indices=t.known([1, 0, 1], "Tindices"),
            OUTPUT_RAGGED_RANK=1,
        )
    ),
    "RaggedTensorFromVariant": op(_ragged_back),
    "RaggedTensorToVariant": op(_ragged_back),
    "RaggedTensorToVariantGradient": op(_ragged_slopes),
    "Range": op(
        lambda t: t.op(
            start=t.fed(1, "Tidx"), limit=t.fed(8, "Tidx"), delta=t.fed(3, "Tidx")
        )
    ),
    "RaggedCross": op(
        lambda t: t.op(
            ragged_values=[t.known([1, 2, 3], "int64")],
            ragged_row_splits=[t.known([0, 2, 3], "out_row_splits_type")],
            sparse_indices=[],
            sparse_values=[],
            sparse_shape=[],
            dense_inputs=[t.known([[4], [5]], "int64")],
            input_order="RD",
            hashed_output=True,
            num_buckets=100,
            hash_key=7,
            out_values_type=t.tf.int64,
        )
    ),
    "ScalarSummary": op(lambda t: t.op(tags="s", values=t.x())),
    "Select": op(lambda t: t.op(condition=[True, False], x=t.x(2, 3), y=t.x(2, 3))),
    "SelectV2": op(
        lambda t: t.op(condition=[True, False, True], t=t.x(2, 1), e=t.x(3))
    ),
    "SelfAdjointEig": op(_eigen),
    "SerializeManySparse": op(_serialized),
    "SerializeSparse": op(_serialized, T=(*NUMBERS, "bool", "string")),
    "SerializeTensor": op(lambda t: t.op(tensor=t.x(2, 3))),
    "SparseBincount": op(
        lambda t: t.op(
            indices=INDICES,
            values=t.known([1, 3, 1], "Tidx"),
            dense_shape=SHAPE,
            size=_size(t),
            weights=t.x(3),
        )
    ),
    "SparseCountSparseOutput": op(_counted_sparse),
    "SparseMatrixMatMul": op(lambda t: t.op(a=_sparse(t, "T"), b=t.x(3, 2))),
    "SparseMatrixSparseCholesky": op(_factored),
    "SparseMatrixSparseMatMul": op(
        lambda t: _dense(
            t,
            t.op(a=_sparse(t, "type"), b=_sparse(t, "type"), adjoint_b=True),
            "type",
        )
    ),
    "SparseMatrixTranspose": op(
        lambda t: _dense(t, t.op(input=_sparse(t, "type"), conjugate=True), "type")
    ),
    "SparseSegmentMean": op(_segments),
    "SparseSegmentMeanGrad": op(_segments_grad),
    "SparseSegmentMeanGradV2": op(_segments_grad),
    "SparseSegmentMeanWithNumSegments": op(_segments_of),
    "SparseSegmentSqrtN": op(_segments),
    "SparseSegmentSqrtNGrad": op(_segments_grad),
    "SparseSegmentSqrtNGradV2": op(_segments_grad),
    "SparseSegmentSqrtNWithNumSegments": op(_segments_of),
    "SparseSegmentSum": op(_segments),
    "SparseSegmentSumGrad": op(_segments_grad),
    "SparseSegmentSumGradV2": op(_segments_grad),
    "SparseSegmentSumWithNumSegments": op(_segments_of),
    "SparseTensorDenseMatMul": op(
        lambda t: t.op(
            a_indices=t.known(INDICES.tolist(), "Tindices"),
            a_values=t.x(3),
            a_shape=SHAPE,
            b=t.x(3, 2),
        )
    ),
    "SparseTensorToCSRSparseMatrix": op(
        lambda t: _dense(
            t, t.op(indices=INDICES, values=t.x(3), dense_shape=SHAPE), "T"
        )
    ),
    "TakeManySparseFromTensorsMap": op(_mapped),
    "TensorSummary": op(lambda t: t.op(tensor=t.x(2, 2))),
    "TensorSummaryV2": op(
        lambda t: t.op(tag="t", tensor=t.x(2, 2), serialized_summary_metadata="")
    ),
    "UnicodeDecode": op(
        lambda t: t.op(input=t.x(3, attr="string"), input_encoding="UTF-8")
    ),
    "Unique": op(lambda t: t.op(x=t.x(9))),
    "UpperBound": op(_searched),
}
