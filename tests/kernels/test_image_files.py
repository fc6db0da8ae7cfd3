"""Kernels of files of images against recorded pixels and files of TensorFlow's."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from metagraft.errors import InternalError, InvalidArgumentError, UnimplementedError
from metagraft.kernels import image_library
from tests import kernel_cases

VALUES = Path(__file__).parents[1] / "golden" / "image_files" / "values.npz"
CASES = kernel_cases.load(VALUES)


@pytest.mark.golden
@pytest.mark.parametrize("op", sorted({case.op for case in CASES}))
def test_recorded_values(op: str) -> None:
    """Pixels and files are TensorFlow's, bit for bit."""
    found = [
        kernel_cases.difference(case, kernel_cases.run_on_host(case))
        for case in CASES
        if case.op == op
    ]
    assert not list(filter(None, found)), "\n".join(filter(None, found))


MISTAKES = [
    ("DecodeJpeg", b"\xff\xd8\xffabc", {}, "jpeg::Uncompress failed"),
    ("DecodeJpeg", b"", {}, "Input is empty."),
    ("DecodeJpeg", b"some text", {}, "Unknown image file format. One of JPEG,"),
    ("DecodeJpeg", b"\xff\xd8\xffabc", {"channels": 4}, "does not support 4 channels"),
    (
        "DecodeJpeg",
        b"\xff\xd8\xffabc",
        {"channels": 2},
        "must be 0, 1, 3 or 4 but got 2",
    ),
    (
        "DecodeJpeg",
        b"\xff\xd8\xffabc",
        {"ratio": 3},
        "ratio must be 1, 2, 4, or 8, got 3",
    ),
    (
        "DecodeJpeg",
        b"\xff\xd8\xffabc",
        {"dct_method": "X"},
        "dct_method must be one of",
    ),
    ("DecodePng", b"\x89PNG\r\n\x1a\nabc", {}, "Failed to initialize decoder."),
    ("DecodeGif", b"GIF89aabc", {}, "No screen descriptor detected"),
    ("DecodeBmp", b"BMhello", {}, "requires at least 32 bytes"),
    ("DecodeBmp", b"\xff\xd8\xffabc", {}, "using DecodeBmp op. Use `decode_jpeg` or"),
    ("DecodeWebP", b"RIFFaaaaWEBPxxxx", {}, "Failed to decode WebP header."),
    ("DecodeImage", b"BMabc", {}, "requires at least 32 bytes"),
    ("ExtractJpegShape", b"\xff\xd8\xffabc", {}, "Invalid JPEG data, size 6"),
]


@pytest.mark.parametrize(("op", "contents", "attrs", "text"), MISTAKES)
def test_mistakes(op: str, contents: bytes, attrs: dict[str, Any], text: str) -> None:
    """What is no image is refused in TensorFlow's words, recorded by hand."""
    operands = {"contents": np.array(contents, object)}
    with pytest.raises(InvalidArgumentError, match=text.replace("(", r"\(")):
        kernel_cases.run_on_host(kernel_cases.Recorded(0, "", op, attrs, operands, []))


ENCODING_MISTAKES = [
    ("EncodeJpeg", [2, 2, 3], {"quality": 101}, "quality must be in"),
    ("EncodeJpeg", [2, 2, 2], {}, "image must have 1 or 3 channels, got"),
    ("EncodeJpeg", [2, 2, 3], {"format": "grayscale"}, "grayscale expects 1 channels"),
    ("EncodePng", [2, 2, 5], {}, "image must have 1, 2, 3, or 4 channels, got 5"),
    ("EncodePng", [2, 2, 3], {"compression": 10}, "compression should be in"),
]


@pytest.mark.parametrize(("op", "shape", "attrs", "text"), ENCODING_MISTAKES)
def test_what_cannot_be_encoded(
    op: str, shape: list[int], attrs: dict[str, Any], text: str
) -> None:
    """Images of wrong shapes are refused in TensorFlow's words."""
    operands = {"image": np.zeros(shape, np.uint8)}
    with pytest.raises(InvalidArgumentError, match=text):
        kernel_cases.run_on_host(kernel_cases.Recorded(0, "", op, attrs, operands, []))


def test_empty_images() -> None:
    """An image without pixels has no file."""
    operands = {"image": np.zeros([0, 2, 3], np.uint8)}
    with pytest.raises(InternalError, match="JPEG encoding failed"):
        kernel_cases.run_on_host(
            kernel_cases.Recorded(0, "", "EncodeJpeg", {}, operands, [])
        )


def test_without_the_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the packages the error says how to install them."""
    monkeypatch.setitem(sys.modules, "simplejpeg", None)
    image_library._loaded.cache_clear()
    with pytest.raises(UnimplementedError, match=r"metagraft\[image\]"):
        image_library.simplejpeg()
    image_library._loaded.cache_clear()
