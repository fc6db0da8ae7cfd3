"""Programs whose operands do not fit, refused when and as TensorFlow refuses them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import metagraft.compat.v1 as tf
from tests.programs.operand_mistakes import MISTAKES, outcome

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "attribute_mistakes"
OUTCOMES: dict[str, list[str]] = json.loads(
    (GOLDEN / "operands.json").read_text(encoding="utf-8")
)

pytestmark = pytest.mark.golden


@pytest.mark.parametrize("name", MISTAKES)
def test_same_outcome(name: str) -> None:
    """When it is refused, the class of the error and what it says."""
    assert outcome(tf, MISTAKES[name]) == OUTCOMES[name]
