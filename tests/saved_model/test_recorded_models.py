"""SavedModels written by Metagraft are TensorFlow's, and TensorFlow's are loaded."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import metagraft.compat.v1 as tf
from metagraft.formats.saved_model_dir import read_saved_model
from metagraft.proto import SavedModel
from metagraft.training.checkpoint_reader import CheckpointReader
from tests import same_meta_graph
from tests.plain_values import plain
from tests.programs import saved_models
from tests.programs.saved_models import FOLDER, MODELS, Load

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "saved_models"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names in models are relative to a folder of the test's own."""
    monkeypatch.chdir(tmp_path)


def recorded(name: str) -> Any:
    """Return values that were recorded under a name."""
    return json.loads((GOLDEN / f"{name}.json").read_text("utf-8"))


def files_of(folder: Path) -> dict[str, Path]:
    """Return the files below a folder by their names in it."""
    return {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_file()
    }


def differences(expected: SavedModel, found: SavedModel) -> str:
    """Return where the MetaGraphs of two models differ; empty when nowhere."""
    assert expected.saved_model_schema_version == found.saved_model_schema_version
    assert len(expected.meta_graphs) == len(found.meta_graphs)
    pairs = zip(expected.meta_graphs, found.meta_graphs, strict=True)
    return "\n".join(same_meta_graph.differences(*pair) for pair in pairs).strip()


def checkpoint_of(folder: Path) -> dict[str, Any]:
    """Return the variables of a model by name; empty without a checkpoint."""
    prefix = folder / "variables" / "variables"
    if not prefix.with_suffix(".index").exists():
        return {}
    reader = CheckpointReader(str(prefix))
    names = reader.get_variable_to_dtype_map()
    return {name: np.asarray(reader.get_tensor(name)).tolist() for name in names}


@pytest.mark.golden
@pytest.mark.parametrize("name", MODELS)
def test_written_as_tensorflow_writes_it(name: str) -> None:
    """The same files, MetaGraphs, signatures, assets and variables.

    MG-331: a sharded saver, `variables/variables`, no state file and no `.meta`.
    MG-333: assets, MG-334: operations to run after loading.
    """
    MODELS[name].write(tf)
    expected, found = GOLDEN / name, Path(FOLDER)
    assert set(files_of(found)) == set(files_of(expected))
    different = differences(read_saved_model(expected), read_saved_model(found))
    assert not different, different
    assert checkpoint_of(found) == checkpoint_of(expected)
    for path, file in files_of(expected).items():
        if path.startswith("assets/"):
            assert file.read_bytes() == (found / path).read_bytes()


WAYS = [
    pytest.param(name, number, way, id=f"{name}-{number}")
    for name, loads in {
        **{name: model.loads for name, model in MODELS.items()},
        "reserved": (saved_models.RESERVED,),
        "old": saved_models.OLD,
    }.items()
    for number, way in enumerate(loads)
]


@pytest.mark.golden
@pytest.mark.parametrize(("name", "number", "way"), WAYS)
def test_loaded_as_tensorflow_loads_it(name: str, number: int, way: Load) -> None:
    """What TensorFlow wrote gives what it gives there.

    MG-335: tags as a set, MG-336: binary and text, MG-337: import, restore, run the
    operation for that with the paths of assets, in a scope or not.
    """
    shutil.copytree(GOLDEN / name, FOLDER)
    fetched = saved_models.load(tf, way)
    assert plain(list(fetched)) == recorded(f"{name}.values")[number]
