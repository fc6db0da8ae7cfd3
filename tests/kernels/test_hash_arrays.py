"""Many texts hashed at once give what TensorFlow gives for each by itself."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from metagraft.kernels.hash_arrays import fingerprints64
from metagraft.kernels.hashes import fingerprint64


@given(st.lists(st.binary(max_size=20)))
def test_many_texts(texts: list[bytes]) -> None:
    """Texts of every length, zeros at their ends among them."""
    many = [*texts, *(bytes([0, 255] * 9)[:size] for size in range(18)), *texts, *texts]
    many += [text + b"\0" for text in many]
    assert fingerprints64(many).tolist() == [fingerprint64(text) for text in many]
