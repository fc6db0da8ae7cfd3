"""Which ops reach beyond the graph: files, the network, Python, the process itself.

A graph from somebody else is not run before somebody has looked at these.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

_READS_FILES: Final = (
    "CSVDataset CSVDatasetV2 ExperimentalCSVDataset ExperimentalLMDBDataset "
    "ExperimentalMatchingFilesDataset ExperimentalSqlDataset FixedLengthRecordDataset "
    "FixedLengthRecordDatasetV2 FixedLengthRecordReader FixedLengthRecordReaderV2 "
    "GenerateVocabRemapping InitializeTableFromTextFile InitializeTableFromTextFileV2 "
    "LMDBDataset LMDBReader ListSnapshotChunksDataset LoadAndRemapMatrix LoadDataset "
    "MatchingFiles MatchingFilesDataset ReadFile ReaderRead ReaderReadUpTo "
    "ReaderReadUpToV2 ReaderReadV2 RecordInput Restore RestoreSlice RestoreV2 "
    "SequenceFileDataset SnapshotChunkDataset SnapshotDatasetReader "
    "SnapshotNestedDatasetReader SqlDataset TFRecordDataset TFRecordDatasetV2 "
    "TFRecordReader TFRecordReaderV2 TextLineDataset TextLineReader TextLineReaderV2 "
    "WholeFileReader WholeFileReaderV2 DTensorRestoreV2 "
    "ImmutableConst"
)
_WRITES_FILES: Final = (
    "CacheDataset CacheDatasetV2 CreateSummaryDbWriter CreateSummaryFileWriter "
    "DatasetToTFRecord DebugIdentity DebugIdentityV2 DebugIdentityV3 DebugNanCount "
    "DebugNumericSummary DistributedSave DumpTensor ExperimentalDatasetToTFRecord "
    "MergeV2Checkpoints Save SaveDataset SaveDatasetV2 SaveSlices SaveV2 "
    "SnapshotDataset SnapshotDatasetV2 WriteFile CalibrationStatisticsSaver"
)
_USES_NETWORK: Final = (
    "BigQueryReader BigtableClient BigtableLookupDataset BigtablePrefixKeyDataset "
    "BigtableRangeKeyDataset BigtableSampleKeyPairsDataset BigtableSampleKeysDataset "
    "BigtableScanDataset BigtableTable CollectiveAllToAllV2 CollectiveAllToAllV3 "
    "CollectiveBcastRecv CollectiveBcastRecvV2 CollectiveBcastSend "
    "CollectiveBcastSendV2 CollectiveGather CollectiveGatherV2 "
    "CollectiveInitializeCommunicator CollectivePermute CollectiveReduce "
    "CollectiveReduceScatterV2 CollectiveReduceV2 CollectiveReduceV3 "
    "DataServiceDataset DataServiceDatasetV2 DataServiceDatasetV3 DataServiceDatasetV4 "
    "DatasetToBigtable GcsConfigureBlockCache GcsConfigureCredentials "
    "GenerateBigQueryReaderPartitions IgniteDataset KafkaDataset KinesisDataset "
    "RegisterDataset RegisterDatasetV2 RemoteCall RemoteFusedGraphExecute Rpc RpcCall "
    "RpcClient RpcServer RpcServerRegister RpcServerStart TryRpc Send Recv _Send _Recv "
    "_HostSend _HostRecv _NcclBroadcastRecv _NcclBroadcastSend _NcclReduceRecv "
    "_NcclReduceSend NcclAllReduce NcclBroadcast NcclReduce"
)
_CALLS_PYTHON: Final = "EagerPyFunc GeneratorDataset PyFunc PyFuncStateless"
_ENDS_PROCESS: Final = "Abort"

OUTSIDE_EFFECTS: Final = MappingProxyType(
    {
        op_type: effect
        for effect, op_types in (
            ("reads files", _READS_FILES),
            ("writes files", _WRITES_FILES),
            ("uses the network", _USES_NETWORK),
            ("calls Python", _CALLS_PYTHON),
            ("ends the process", _ENDS_PROCESS),
        )
        for op_type in op_types.split()
    }
)
"""What an op type does outside of the graph; op types that are not in it, nothing."""
