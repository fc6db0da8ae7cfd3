import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

import metagraft.proto
from metagraft.proto import DataType, GraphDef, MetaGraphDef, NodeDef

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src/metagraft/proto"
GENERATED = ("*_pb2.py", "*_pb2.pyi", "__init__.py")


def _contents(folder: Path) -> dict[str, str]:
    return {
        path.name: path.read_text(encoding="utf-8")
        for pattern in GENERATED
        for path in folder.glob(pattern)
    }


def test_generated_modules_are_those_of_the_proto_files(tmp_path: Path) -> None:
    """The committed modules are what the committed .proto files give."""
    assert importlib.util.find_spec("grpc_tools"), "grpcio-tools is part of dev"
    script = ROOT / "tools/generate_protos.py"
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True)
    generated = _contents(tmp_path)
    assert sorted(generated) == sorted(_contents(PACKAGE))
    assert generated == _contents(PACKAGE)


def test_every_exported_name_loads() -> None:
    """Each name that the package offers is a message class or an enum of that name."""
    assert dir(metagraft.proto) == metagraft.proto.__all__
    for name in metagraft.proto.__all__:
        assert getattr(metagraft.proto, name).DESCRIPTOR.name == name


def test_package_import_loads_no_messages() -> None:
    """Importing the package costs nothing until a message is asked for."""
    program = (
        "import sys, metagraft.proto as p\n"
        "assert not [m for m in sys.modules if m.endswith('_pb2')]\n"
        "p.DataType\n"
        "assert 'metagraft.proto.types_pb2' in sys.modules\n"
        "assert 'metagraft.proto.graph_pb2' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)


def test_unknown_name_is_an_attribute_error() -> None:
    """A misspelt message name is refused by name."""
    with pytest.raises(AttributeError, match="'NoSuchMessage'"):
        _ = metagraft.proto.NoSuchMessage


def test_field_numbers_are_tensorflows() -> None:
    """Bytes written by hand from the format description parse to the named fields."""
    # MetaGraphDef{graph_def(2){node(1){name(1)="x" op(2)="NoOp"}}}
    data = b"\x12\x0b\x0a\x09\x0a\x01x\x12\x04NoOp"
    expected = GraphDef(node=[NodeDef(name="x", op="NoOp")])
    assert MetaGraphDef.FromString(data).graph_def == expected
    assert DataType.Value("DT_BFLOAT16") == 14


def test_unknown_fields_survive() -> None:
    """A field of a later version is written back as it came."""
    data = b"\x0a\x01x\xfa\x3f\x03abc"  # name, and field 1023 of kind bytes
    assert NodeDef.FromString(data).SerializeToString() == data
