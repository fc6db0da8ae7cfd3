"""Checkpoints that stay open while a run reads them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from metagraft.errors import NotFoundError
from metagraft.formats.bundle.writer import BundleWriter
from metagraft.formats.open_checkpoints import kept_open, opened


def _write(prefix: Path, value: float) -> None:
    with BundleWriter(prefix) as writer:
        writer.add("v", np.full(3, value, np.float32))
        writer.finish()


def test_a_checkpoint_is_opened_once_in_a_run(tmp_path: Path) -> None:
    """What is read after the first read comes from the same checkpoint."""
    prefix = tmp_path / "m"
    _write(prefix, 1)
    with kept_open():
        with opened(str(prefix)) as first:
            assert first.read("v").tolist() == [1, 1, 1]
        _write(prefix, 2)
        with opened(str(prefix)) as second:
            assert second is first
            assert second.read("v").tolist() == [1, 1, 1]
    with opened(str(prefix)) as reader:
        assert reader.read("v").tolist() == [2, 2, 2]


def test_it_is_opened_again_after_an_error(tmp_path: Path) -> None:
    """An error may come from files that were replaced meanwhile."""
    prefix = tmp_path / "m"
    _write(prefix, 1)
    with kept_open():
        with pytest.raises(NotFoundError), opened(str(prefix)) as first:
            first.read("w")
        _write(prefix, 2)
        with opened(str(prefix)) as second:
            assert second.read("v").tolist() == [2, 2, 2]
    with pytest.raises(NotFoundError), opened(str(tmp_path / "none")):
        pass
