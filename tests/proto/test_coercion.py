import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message

from metagraft.proto import (
    AssetFileDef,
    BundleHeaderProto,
    NodeDef,
    SavedMetadata,
    TensorInfo,
    VersionDef,
)
from metagraft.proto.coercion import as_message, foreign_name, holds, pack, unpack


def _foreign_message(full_name: str) -> Message:
    """A message with the fields of VersionDef, made by another library."""
    package, _, name = full_name.rpartition(".")
    file = descriptor_pb2.FileDescriptorProto(name="f", package=package)
    field = file.message_type.add(name=name).field.add(name="producer", number=1)
    field.type = descriptor_pb2.FieldDescriptorProto.TYPE_INT32
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = pool.FindMessageTypeByName(full_name)
    message = message_factory.GetMessageClass(found)()
    message.producer = 7  # type: ignore[attr-defined]
    return message


def test_own_message_is_returned_itself() -> None:
    """No copy is made of a message that is already ours."""
    node = NodeDef(name="x")
    assert as_message(node, NodeDef) is node


def test_tensorflow_message_becomes_ours() -> None:
    """TensorFlow's object of the same name is taken by its bytes."""
    message = as_message(_foreign_message("tensorflow.VersionDef"), VersionDef)
    assert message == VersionDef(producer=7)


def test_other_messages_are_refused() -> None:
    """A message of another name is refused with both names."""
    foreign = _foreign_message("elsewhere.VersionDef")
    with pytest.raises(TypeError, match=r"VersionDef.* message elsewhere\.VersionDef"):
        as_message(foreign, VersionDef)
    with pytest.raises(TypeError, match=r"expected a NodeDef.*metagraft\.VersionDef"):
        as_message(VersionDef(), NodeDef)


def test_other_values_are_refused() -> None:
    """A value that is no message is refused by its type."""
    with pytest.raises(TypeError, match="expected a NodeDef message, got str"):
        as_message("x", NodeDef)


def test_type_urls_are_tensorflows() -> None:
    """Packed messages carry the URL that TensorFlow looks for."""
    asset = AssetFileDef(tensor_info=TensorInfo(name="a:0"), filename="vocabulary")
    packed = pack(asset)
    assert packed.type_url == "type.googleapis.com/tensorflow.AssetFileDef"
    assert holds(packed, AssetFileDef)
    assert unpack(packed, AssetFileDef) == asset
    assert foreign_name(BundleHeaderProto) == "tensorflow.BundleHeaderProto"
    keras = "third_party.tensorflow.python.keras.protobuf.SavedMetadata"
    assert foreign_name(SavedMetadata) == keras
    assert foreign_name(AnyMessage) == "google.protobuf.Any"


def test_unpacking_checks_url_and_bytes() -> None:
    """Another URL, or bytes that do not parse, are refused."""
    with pytest.raises(TypeError, match=r"tensorflow\.NodeDef, got .*VersionDef"):
        unpack(pack(VersionDef()), NodeDef)
    damaged = AnyMessage(type_url="x/tensorflow.NodeDef", value=b"\xff")
    with pytest.raises(ValueError, match=r"1 bytes packed as 'x/tensorflow\.NodeDef'"):
        unpack(damaged, NodeDef)
