"""Where the four programs leave their files for each other."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).resolve().parent.parent / "build" / "demo"
FOLDER = str(_FOLDER)
CHECKPOINT = str(_FOLDER / "model")
EXTRACTOR = str(_FOLDER / "extractor.meta")
FIRST_HALF = _FOLDER / "curve_train.json"
SECOND_HALF = _FOLDER / "curve_resume.json"
PICTURE = _FOLDER / "learning_curve.png"
