"""Ops of arrays: joining, cutting, moving, choosing and filling."""

from __future__ import annotations

from typing import Any

from tests.programs.typed_ops.case import ALL_TYPES, NUMBERS, Case, Op, op


def _diagonal(t: Case, **more: Any) -> Any:
    return t.op(diagonal=t.x(2, 2, 3), k=t.known([-1, 0]), **_sizes(t), **more)


def _sizes(t: Case) -> dict[str, Any]:
    return {
        "num_rows": t.known(-1),
        "num_cols": t.known(-1),
        "padding_value": t.x(),
    }


def _strided(t: Case, **first: Any) -> Any:
    return t.op(
        **first,
        begin=t.known([2, 0], "Index"),
        end=t.known([0, 2], "Index"),
        strides=t.known([-1, 2], "Index"),
        begin_mask=2,
        end_mask=1,
    )


def _scatter_nd(t: Case) -> Any:
    indices = t.known([[1], [3], [1]], "Tindices")
    return t.op(indices=indices, updates=t.x(3, 2), shape=t.known([4, 2], "Tindices"))


def _tensor_scatter(t: Case) -> Any:
    indices = t.known([[1], [3], [1]], "Tindices")
    return t.op(tensor=t.x(4, 2), indices=indices, updates=t.x(3, 2))


def _stitch(t: Case) -> Any:
    indices = [t.known([0, 2]), t.known([[1, 3], [2, 4]])]
    return t.op(indices=indices, data=[t.x(2, 2), t.x(2, 2, 2)])


def _mirrored(t: Case) -> Any:
    paddings = t.known([[1, 0], [1, 2]], "Tpaddings")
    modes = ("REFLECT", "SYMMETRIC")
    return [t.op(input=t.x(4, 7), paddings=paddings, mode=mode) for mode in modes]


def _reshaped_as_bytes(t: Case) -> Any:
    size = t.type_of("T").size
    return t.op(input=t.x(2, 8), type=t.tf.as_dtype({1: "int8"}.get(size, "int16")))


def _debug_summary(t: Case) -> Any:
    modes = (2, 3, 4, 5, 8)
    return [t.op(input=t.x(2, 3), tensor_debug_mode=m, tensor_id=5) for m in modes]


ARRAYS: dict[str, Op] = {
    "BatchToSpace": op(
        lambda t: t.op(input=t.x(4, 1, 3, 1), crops=[[0, 0], [1, 0]], block_size=2)
    ),
    "BatchToSpaceND": op(
        lambda t: t.op(input=t.x(4, 3, 1), block_shape=[2], crops=[[1, 0]])
    ),
    "BatchMatrixBandPart": op(
        lambda t: t.op(
            input=t.x(2, 3, 4),
            num_lower=t.known(1, "int64"),
            num_upper=t.known(-1, "int64"),
        )
    ),
    "Bitcast": op(
        _reshaped_as_bytes,
        T=tuple(kind for kind in NUMBERS if kind not in ("complex64", "complex128")),
    ),
    "BroadcastArgs": op(
        lambda t: t.op(s0=t.known([2, 1, 3], "T"), s1=t.known([4, 1], "T"))
    ),
    "BroadcastGradientArgs": op(
        lambda t: t.op(s0=t.known([2, 1, 3], "T"), s1=t.known([4, 1], "T"))
    ),
    "BroadcastTo": op(lambda t: t.op(input=t.x(2, 1), shape=t.known([3, 2, 2]))),
    "CheckNumerics": op(lambda t: t.op(tensor=t.x(3), message="odd")),
    "CheckNumericsV2": op(lambda t: t.op(tensor=t.x(3), message="odd")),
    "ClipByValue": op(
        lambda t: t.op(t=t.x(9), clip_value_min=t.x(), clip_value_max=t.x())
    ),
    "Concat": op(lambda t: t.op(concat_dim=1, values=[t.x(2, 2), t.x(2, 1)])),
    "ConcatOffset": op(
        lambda t: t.op(
            concat_dim=1,
            shape=[t.known([2, 3], "shape_type"), t.known([2, 5], "shape_type")],
        )
    ),
    "ConcatV2": op(lambda t: t.op(values=[t.x(2, 2), t.x(1, 2)], axis=-2)),
    "ConjugateTranspose": op(lambda t: t.op(x=t.x(2, 3, 2), perm=[2, 0, 1])),
    "Copy": op(lambda t: t.op(input=t.x(2, 3)), T=ALL_TYPES),
    "CopyHost": op(lambda t: t.op(input=t.x(2, 3)), T=ALL_TYPES),
    "DataFormatDimMap": op(lambda t: t.op(x=t.known([0, -1, 2], "T"))),
    "DataFormatVecPermute": op(lambda t: t.op(x=t.known([1, 2, 3, 4], "T"))),
    "DebugGradientIdentity": op(lambda t: t.op(input=t.x(2, 3)), T=ALL_TYPES),
    "DebugIdentity": op(
        lambda t: t.op(input=t.x(2, 3), tensor_name="some:0"), T=ALL_TYPES
    ),
    "DebugIdentityV2": op(lambda t: t.op(input=t.x(2, 3)), T=ALL_TYPES),
    "DebugNanCount": op(lambda t: t.op(input=t.x(2, 3), tensor_name="some:0")),
    "DebugNumericSummary": op(lambda t: t.op(input=t.x(2, 3), tensor_name="some:0")),
    "DebugNumericSummaryV2": op(_debug_summary),
    "DeepCopy": op(lambda t: t.op(x=t.x(2, 3)), T=ALL_TYPES),
    "DepthToSpace": op(lambda t: t.op(input=t.x(1, 2, 1, 8), block_size=2)),
    "Diag": op(lambda t: t.op(diagonal=t.x(2, 2))),
    "DiagPart": op(lambda t: t.op(input=t.x(2, 3, 2, 3))),
    "DynamicPartition": op(
        lambda t: t.op(data=t.x(4, 2), partitions=[1, 0, 2, 1], num_partitions=3)
    ),
    "DynamicStitch": op(_stitch),
    "Empty": op(lambda t: t.op(shape=[2, 2], init=True)),
    "EnsureShape": op(lambda t: t.op(input=t.x(2, 3), shape=[None, 3]), T=ALL_TYPES),
    "ExpandDims": op(
        lambda t: t.op(input=t.x(2, 3), axis=t.known(-1, "Tdim")), T=ALL_TYPES
    ),
    "Fill": op(lambda t: t.op(dims=t.known([2, 2], "index_type"), value=t.x())),
    "Fingerprint": op(
        lambda t: t.op(data=t.x(3, 2), method="farmhash64"),
        T=tuple(kind for kind in ALL_TYPES if kind != "string"),
    ),
    "Gather": op(
        lambda t: t.op(
            params=t.x(4, 2, attr="Tparams"), indices=t.known([3, 0, 3], "Tindices")
        )
    ),
    "GatherNd": op(
        lambda t: t.op(
            params=t.x(3, 4, attr="Tparams"),
            indices=t.known([[2, 0], [1, 3]], "Tindices"),
        )
    ),
    "GatherV2": op(
        lambda t: t.op(
            params=t.x(2, 4, attr="Tparams"),
            indices=t.known([[3, 0], [1, 1]], "Tindices"),
            axis=1,
            batch_dims=1,
        )
    ),
    "Identity": op(lambda t: t.op(input=t.x(2, 3)), T=ALL_TYPES),
    "InvertPermutation": op(lambda t: t.op(x=t.known([2, 0, 3, 1], "T"))),
    "MatrixBandPart": op(
        lambda t: t.op(
            input=t.x(2, 3, 4),
            num_lower=t.known(1, "Tindex"),
            num_upper=t.known(-1, "Tindex"),
        )
    ),
    "MatrixDiag": op(lambda t: t.op(diagonal=t.x(2, 3))),
    "MatrixDiagPart": op(lambda t: t.op(input=t.x(2, 3, 4))),
    "MatrixDiagPartV2": op(
        lambda t: t.op(input=t.x(2, 3, 4), k=t.known([-1, 1]), padding_value=t.x())
    ),
    "MatrixDiagPartV3": op(
        lambda t: t.op(
            input=t.x(2, 3, 4),
            k=t.known([-1, 1]),
            padding_value=t.x(),
            align="LEFT_RIGHT",
        )
    ),
    "MatrixDiagV2": op(_diagonal),
    "MatrixDiagV3": op(lambda t: _diagonal(t, align="LEFT_LEFT")),
    "MatrixSetDiag": op(lambda t: t.op(input=t.x(2, 3, 4), diagonal=t.x(2, 3))),
    "MatrixSetDiagV2": op(
        lambda t: t.op(input=t.x(2, 3, 4), diagonal=t.x(2, 3), k=t.known(1))
    ),
    "MatrixSetDiagV3": op(
        lambda t: t.op(
            input=t.x(3, 4), diagonal=t.x(2, 3), k=t.known([0, 1]), align="RIGHT_LEFT"
        )
    ),
    "MirrorPad": op(_mirrored),
    "MirrorPadGrad": op(_mirrored),
    "OneHot": op(
        lambda t: t.op(
            indices=t.known([[1, 0], [3, 2]], "TI"),
            depth=3,
            on_value=t.x(),
            off_value=t.x(),
            axis=1,
        )
    ),
    "OnesLike": op(lambda t: t.op(x=t.x(2, 3))),
    "Pack": op(lambda t: t.op(values=[t.x(2), t.x(2), t.x(2)], axis=-1)),
    "Pad": op(
        lambda t: t.op(input=t.x(2, 3), paddings=t.known([[1, 0], [0, 2]], "Tpaddings"))
    ),
    "PadV2": op(
        lambda t: t.op(
            input=t.x(2, 3),
            paddings=t.known([[1, 0], [0, 2]], "Tpaddings"),
            constant_values=t.x(),
        )
    ),
    "ParallelConcat": op(lambda t: t.op(values=[t.x(1, 2), t.x(1, 2)], shape=[2, 2])),
    "ParallelDynamicStitch": op(_stitch),
    "PlaceholderWithDefault": op(
        lambda t: t.op(input=t.x(2, 3), shape=[None, 3]), dtype=ALL_TYPES
    ),
    "PreventGradient": op(lambda t: t.op(input=t.x(2, 3)), T=ALL_TYPES),
    "RandomCrop": op(lambda t: t.op(image=t.x(4, 4, 3), size=[2, 2], seed=1, seed2=2)),
    "Rank": op(lambda t: t.op(input=t.x(2, 3)), T=ALL_TYPES),
    "Reshape": op(
        lambda t: t.op(tensor=t.x(2, 3), shape=t.known([3, -1], "Tshape")), T=ALL_TYPES
    ),
    "Reverse": op(lambda t: t.op(tensor=t.x(2, 3), dims=[True, False])),
    "ReverseSequence": op(
        lambda t: t.op(
            input=t.x(2, 4),
            seq_lengths=t.known([3, 0], "Tlen"),
            seq_dim=1,
        )
    ),
    "ReverseV2": op(lambda t: t.op(tensor=t.x(2, 3), axis=t.known([-1, 0], "Tidx"))),
    "Roll": op(
        lambda t: t.op(
            input=t.x(3, 4),
            shift=t.known([1, -6], "Tshift"),
            axis=t.known([0, 1], "Taxis"),
        )
    ),
    "ScatterNd": op(_scatter_nd),
    "ScatterNdNonAliasingAdd": op(
        lambda t: t.op(
            input=t.x(4, 2),
            indices=t.known([[1], [3], [1]], "Tindices"),
            updates=t.x(3, 2),
        )
    ),
    "Shape": op(lambda t: t.op(input=t.x(2, 3)), T=ALL_TYPES),
    "ShapeN": op(lambda t: t.op(input=[t.x(2, 3), t.x(1)]), T=ALL_TYPES),
    "Size": op(lambda t: t.op(input=t.x(2, 3)), T=ALL_TYPES),
    "Slice": op(
        lambda t: t.op(
            input=t.x(3, 4),
            begin=t.known([1, 0], "Index"),
            size=t.known([-1, 2], "Index"),
        )
    ),
    "Snapshot": op(lambda t: t.op(input=t.x(2, 3))),
    "SpaceToBatch": op(
        lambda t: t.op(input=t.x(1, 2, 3, 1), paddings=[[0, 0], [1, 0]], block_size=2)
    ),
    "SpaceToBatchND": op(
        lambda t: t.op(input=t.x(1, 3, 2), block_shape=[2], paddings=[[1, 0]])
    ),
    "SpaceToDepth": op(lambda t: t.op(input=t.x(1, 2, 4, 2), block_size=2)),
    "Split": op(lambda t: t.op(axis=1, value=t.x(2, 4), num_split=2)),
    "SplitV": op(
        lambda t: t.op(
            value=t.x(2, 5), size_splits=t.fed([2, 3], "Tlen"), axis=1, num_split=2
        )
    ),
    "Squeeze": op(lambda t: t.op(input=t.x(2, 1, 3, 1), axis=[-1]), T=ALL_TYPES),
    "StopGradient": op(lambda t: t.op(input=t.x(2, 3)), T=ALL_TYPES),
    "StridedSlice": op(lambda t: _strided(t, input=t.x(3, 4))),
    "StridedSliceGrad": op(
        lambda t: _strided(t, shape=t.known([3, 4], "Index"), dy=t.x(3, 1))
    ),
    "TensorStridedSliceUpdate": op(
        lambda t: _strided(t, input=t.x(3, 4), value=t.x(3, 1))
    ),
    "TensorScatterAdd": op(_tensor_scatter),
    "TensorScatterMax": op(_tensor_scatter),
    "TensorScatterMin": op(_tensor_scatter),
    "TensorScatterSub": op(_tensor_scatter),
    "TensorScatterUpdate": op(_tensor_scatter),
    "Tile": op(
        lambda t: t.op(input=t.x(2, 3), multiples=t.known([2, 1], "Tmultiples")),
        T=(*NUMBERS, "bool", "string"),
    ),
    "Transpose": op(lambda t: t.op(x=t.x(2, 3, 2), perm=t.known([2, 0, 1], "Tperm"))),
    "UniqueV2": op(lambda t: t.op(x=t.x(9, 1), axis=t.known([0], "Taxis"))),
    "UniqueWithCounts": op(lambda t: t.op(x=t.x(9))),
    "UniqueWithCountsV2": op(lambda t: t.op(x=t.x(9, 1), axis=t.known([0], "Taxis"))),
    "Unpack": op(lambda t: t.op(value=t.x(2, 3), num=3, axis=1)),
    "UnravelIndex": op(
        lambda t: t.op(
            indices=t.known([0, 5, 11], "Tidx"), dims=t.known([3, 4], "Tidx")
        )
    ),
    "Where": op(lambda t: t.op(condition=t.x(2, 5))),
    "ZerosLike": op(lambda t: t.op(x=t.x(2, 3))),
}
ARRAYS |= {
    f"BatchMatrix{name}": ARRAYS[f"Matrix{name}"]
    for name in ("Diag", "DiagPart", "SetDiag")
}
