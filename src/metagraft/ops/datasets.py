"""Datasets and iterators: the shapes of their handles, and of what they give.

None of them has a kernel yet; an imported graph that begins with an iterator has the
shapes of what follows all the same.

Source: tensorflow core/ops/dataset_ops.cc, experimental_dataset_ops.cc.
"""

# ruff: noqa: SIM905 - names are the words of a text
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from metagraft.graph.op_spec import NO_RULE_YET, NOT_DIFFERENTIABLE, OpSpec, Shapes
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]

_SOURCE: Final = "tensorflow core/ops/dataset_ops.cc"

# Ops with one output, a scalar: a handle, a count, a text.
_SCALARS: Final = """
    AnonymousIterator AnonymousIteratorV3 AnonymousMultiDeviceIteratorV3
    AssertCardinalityDataset AssertNextDataset AssertPrevDataset AutoShardDataset
    BatchDataset BatchDatasetV2 BytesProducedStatsDataset CSVDataset CSVDatasetV2
    CacheDataset CacheDatasetV2 ChooseFastestBranchDataset ChooseFastestDataset
    CompressElement ConcatenateDataset DataServiceDataset DataServiceDatasetV2
    DataServiceDatasetV3 DataServiceDatasetV4 DatasetCardinality DatasetFingerprint
    DatasetFromGraph DatasetToGraph DatasetToGraphV2 DenseToSparseBatchDataset
    DirectedInterleaveDataset DummyIterationCounter DummyMemoryCache
    DummySeedGenerator ExperimentalAssertNextDataset ExperimentalAutoShardDataset
    ExperimentalBytesProducedStatsDataset ExperimentalCSVDataset
    ExperimentalChooseFastestDataset ExperimentalDatasetCardinality
    ExperimentalDenseToSparseBatchDataset ExperimentalDirectedInterleaveDataset
    ExperimentalGroupByReducerDataset ExperimentalGroupByWindowDataset
    ExperimentalIgnoreErrorsDataset ExperimentalIteratorGetDevice
    ExperimentalLMDBDataset ExperimentalLatencyStatsDataset
    ExperimentalMapAndBatchDataset ExperimentalMapDataset
    ExperimentalMatchingFilesDataset ExperimentalMaxIntraOpParallelismDataset
    ExperimentalNonSerializableDataset ExperimentalParallelInterleaveDataset
    ExperimentalParseExampleDataset ExperimentalPrivateThreadPoolDataset
    ExperimentalRandomDataset ExperimentalRebatchDataset ExperimentalScanDataset
    ExperimentalSetStatsAggregatorDataset ExperimentalSleepDataset
    ExperimentalSlidingWindowDataset ExperimentalSqlDataset
    ExperimentalStatsAggregatorHandle ExperimentalStatsAggregatorSummary
    ExperimentalTakeWhileDataset ExperimentalThreadPoolDataset
    ExperimentalThreadPoolHandle ExperimentalUnbatchDataset
    ExperimentalUniqueDataset FilterByLastComponentDataset FilterDataset
    FinalizeDataset FixedLengthRecordDataset FixedLengthRecordDatasetV2
    FlatMapDataset GeneratorDataset GetOptions GlobalShuffleDataset
    GroupByReducerDataset GroupByWindowDataset IgnoreErrorsDataset
    IndexFlatMapDataset InterleaveDataset IsResourceHandleRefCounting Iterator
    IteratorFromStringHandle IteratorFromStringHandleV2 IteratorGetDevice
    IteratorGetModelProto IteratorGetNextAsOptional IteratorToStringHandle
    IteratorV2 LMDBDataset LatencyStatsDataset LegacyParallelInterleaveDatasetV2
    ListDataset ListSnapshotChunksDataset LoadDataset MakeWeakResourceHandle
    MapAndBatchDataset MapDataset MatchingFilesDataset MaxIntraOpParallelismDataset
    ModelDataset MultiDeviceIterator MultiDeviceIteratorFromStringHandle
    MultiDeviceIteratorInit MultiDeviceIteratorToStringHandle NonSerializableDataset
    OneShotIterator OptimizeDataset OptimizeDatasetV2 OptionsDataset
    PaddedBatchDataset PaddedBatchDatasetV2 ParallelBatchDataset
    ParallelFilterDataset ParallelInterleaveDataset ParallelInterleaveDatasetV2
    ParallelInterleaveDatasetV3 ParallelInterleaveDatasetV4 ParallelMapDataset
    ParallelMapDatasetV2 ParseExampleDataset ParseExampleDatasetV2 PrefetchDataset
    PrivateThreadPoolDataset RandomDataset RandomDatasetV2 RangeDataset
    RebatchDataset RebatchDatasetV2 RegisterDataset RegisterDatasetV2 RepeatDataset
    ResourceInitializedOp RewriteDataset SamplingDataset SaveDatasetV2 ScanDataset
    SetStatsAggregatorDataset ShardDataset ShuffleAndRepeatDataset
    ShuffleAndRepeatDatasetV2 ShuffleDataset ShuffleDatasetV2 ShuffleDatasetV3
    SkipDataset SleepDataset SlidingWindowDataset SnapshotChunkDataset
    SnapshotDataset SnapshotDatasetReader SnapshotDatasetV2
    SnapshotNestedDatasetReader SparseTensorSliceDataset SqlDataset
    StatsAggregatorHandle StatsAggregatorHandleV2 StatsAggregatorSummary
    TFRecordDataset TFRecordDatasetV2 TakeDataset TakeWhileDataset TensorDataset
    TensorSliceDataset TextLineDataset ThreadPoolDataset ThreadPoolHandle
    UnbatchDataset UniqueDataset UnwrapDatasetVariant WeightedFlatMapDataset
    WindowDataset WindowOp WrapDatasetVariant ZipDataset
""".split()

# Ops with two of them.
_PAIRS: Final = """
    AnonymousIteratorV2 AnonymousMemoryCache AnonymousMultiDeviceIterator
    AnonymousRandomSeedGenerator AnonymousSeedGenerator
""".split()

# Ops that say themselves what they give.
_ELEMENTS: Final = """
    DatasetToSingleElement GetElementAtIndex IteratorGetNext IteratorGetNextSync
    MultiDeviceIteratorGetNextFromShard UncompressElement
""".split()


# The ranks of operands, and the ops that ask for them.
_RANKS: Final = {
    name: ranks
    for ranks, names in {
        "-0": """
            AssertCardinalityDataset BatchDataset BytesProducedStatsDataset CacheDataset
            ExperimentalBytesProducedStatsDataset ExperimentalLatencyStatsDataset
            LatencyStatsDataset PaddedBatchDataset PrefetchDataset RepeatDataset
            SaveDataset SaveDatasetV2 SkipDataset SnapshotDataset SnapshotDatasetV2
            TakeDataset
        """,
        "-1": "AssertNextDataset AssertPrevDataset ExperimentalAssertNextDataset",
        "-00": "BatchDatasetV2 CacheDatasetV2 ShardDataset ShuffleDatasetV2",
        "v0000001v*": "CSVDataset ExperimentalCSVDataset",
        "v0000001v*1": "CSVDatasetV2",
        "-01": "DenseToSparseBatchDataset ExperimentalDenseToSparseBatchDataset",
        "--*000": "ExperimentalMapAndBatchDataset MapAndBatchDataset",
        "00": """
            ExperimentalRandomDataset ExperimentalSleepDataset RandomDataset
            SleepDataset SnapshotDatasetReader
        """,
        "-000": """
            ExperimentalSlidingWindowDataset GlobalShuffleDataset ParallelBatchDataset
            SamplingDataset ShuffleDataset SlidingWindowDataset
        """,
        "000": "ExperimentalSqlDataset RandomDatasetV2 RangeDataset SqlDataset",
        "v0000": "FixedLengthRecordDataset FixedLengthRecordDatasetV2",
        "0": "ListSnapshotChunksDataset LoadDataset SnapshotChunkDataset",
        "-0-*0": "PaddedBatchDatasetV2",
        "-0000": "ShuffleAndRepeatDataset ShuffleDatasetV3 WindowDataset",
        "-00000": "ShuffleAndRepeatDatasetV2",
        "v00": "TFRecordDataset TFRecordDatasetV2 TextLineDataset",
    }.items()
    for name in names.split()
}


def scalar_shape(_attrs: Mapping[str, Any], _inputs: Shapes) -> Sequence[Dims]:
    """One scalar."""
    return ((),)


def pair_shape(_attrs: Mapping[str, Any], _inputs: Shapes) -> Sequence[Dims]:
    """Two scalars: a handle and what deletes it."""
    return ((), ())


def element_shape(attrs: Mapping[str, Any], _inputs: Shapes) -> Sequence[Dims]:
    """The components of an element, as an attribute tells them.

    Raises:
        ValueError: It tells more or fewer shapes than types.
    """
    return _told_shapes(attrs)


def _told_shapes(attrs: Mapping[str, Any], end: str = "") -> Sequence[Dims]:
    """Return the shapes of an attribute; `end` is how the text of the error ends."""
    shapes: Sequence[Dims] = attrs["output_shapes"]
    count = len(attrs["output_types"])
    if len(shapes) != count:
        raise ValueError(
            "`output_shapes` must be the same length as `output_types`"
            f" ({len(shapes)} vs. {count}{end}"
        )
    return shapes


def mapped_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """Components that a function gives for each row of the arguments.

    Raises:
        ValueError: The attribute tells more or fewer shapes than types, or arguments
            are scalars or have different numbers of rows.
    """
    shapes = _told_shapes(attrs, end=")")
    rows: int | None = None
    for dims in inputs[: len(attrs["Targuments"])]:
        if dims == ():
            raise ValueError(
                "Arguments must have rank at least 1. Input #0 has rank 0."
            )
        first = dims[0] if dims else None
        if rows is not None and first is not None and rows != first:
            raise ValueError("Arguments must have the same dimension 0.")
        rows = first if rows is None else rows
    return tuple(None if dims is None else (rows, *dims) for dims in shapes)


OPS = (
    *(
        OpSpec(
            name=name,
            shape=scalar_shape,
            source=_SOURCE,
            ranks=_RANKS.get(name, ""),
        )
        for name in _SCALARS
    ),
    *(OpSpec(name=name, shape=pair_shape, source=_SOURCE) for name in _PAIRS),
    *(OpSpec(name=name, shape=element_shape, source=_SOURCE) for name in _ELEMENTS),
    OpSpec(
        name="ReduceDataset",
        shape=element_shape,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
    ),
    OpSpec(name="SaveDataset", source=_SOURCE, ranks=_RANKS["SaveDataset"]),
    OpSpec(name="MapDefun", shape=mapped_shape, gradient=NO_RULE_YET, source=_SOURCE),
)
