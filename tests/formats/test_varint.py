import pytest
from hypothesis import given
from hypothesis import strategies as st

from metagraft.formats.varint import decode_varint, encode_varint


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (0, "00"),
        (127, "7f"),
        (128, "8001"),
        (300, "ac02"),
        (2**64 - 1, "ff" * 9 + "01"),
    ],
)
def test_encoding_is_that_of_protocol_buffers(value: int, encoded: str) -> None:
    """Hand-worked numbers encode and decode."""
    assert encode_varint(value).hex() == encoded
    assert decode_varint(bytes.fromhex(encoded), 0) == (value, len(encoded) // 2)


@given(st.integers(0, 2**64 - 1), st.binary(max_size=3), st.binary(max_size=3))
def test_round_trip_at_any_offset(value: int, before: bytes, after: bytes) -> None:
    """A number decodes the same wherever it is and whatever follows."""
    encoded = encode_varint(value)
    end = len(before) + len(encoded)
    assert decode_varint(before + encoded + after, len(before)) == (value, end)


@pytest.mark.parametrize("encoded", ["", "80", "ff" * 9 + "02", "80" * 10 + "01"])
def test_damaged_numbers_are_refused(encoded: str) -> None:
    """Numbers that are cut or exceed 64 bits are refused."""
    with pytest.raises(ValueError, match="no variable-length number"):
        decode_varint(bytes.fromhex(encoded), 0)
