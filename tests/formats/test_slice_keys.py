import pytest
from hypothesis import given
from hypothesis import strategies as st

from metagraft.formats.extents import Extent
from metagraft.formats.slice_keys import decode_slice_key, encode_slice_key

# Found in checkpoints written by TensorFlow.
EXAMPLES = [
    (b"part", ((100, 100), (0, 2)), "00 70617274 0001 01 02 C064 C064 80 82"),
    (b"v", ((0, None),), "00 76 0001 0101 80 7F"),
    (b"x", ((200, 5),), "00 78 0001 0101 C0C8 85"),
]
numbers = st.integers(-(2**63), 2**63 - 1)
lengths = st.one_of(st.none(), st.integers(0, 2**63 - 1))
keys = st.tuples(
    st.binary(max_size=6) | st.lists(st.sampled_from([0, 255, 7])).map(bytes),
    st.lists(st.builds(Extent, numbers, lengths), min_size=1, max_size=3).map(tuple),
)


@pytest.mark.parametrize(("name", "extents", "encoded"), EXAMPLES)
def test_keys_are_tensorflows(
    name: bytes, extents: tuple[tuple[int, int | None], ...], encoded: str
) -> None:
    """Keys found in files encode and decode."""
    tensor_slice = tuple(Extent(*extent) for extent in extents)
    key = bytes.fromhex(encoded)
    assert encode_slice_key(name, tensor_slice) == key
    assert decode_slice_key(key) == (name, tensor_slice)


@given(keys)
def test_keys_round_trip(key: tuple[bytes, tuple[Extent, ...]]) -> None:
    """What a key says is what was put into it."""
    assert decode_slice_key(encode_slice_key(*key)) == key


@given(st.lists(st.tuples(st.binary(max_size=4), numbers), min_size=2, max_size=5))
def test_byte_order_is_the_order_of_names_and_numbers(
    pairs: list[tuple[bytes, int]],
) -> None:
    """Sorted keys are sorted by name, then by start."""

    def key(pair: tuple[bytes, int]) -> bytes:
        return encode_slice_key(pair[0], (Extent(pair[1], 1),))

    assert sorted(pairs) == sorted(pairs, key=key)


@given(st.binary(max_size=20) | keys.map(lambda key: encode_slice_key(*key)[:-1]))
def test_other_bytes_are_refused_or_canonical(data: bytes) -> None:
    """Bytes are no key, or exactly the key of what they say."""
    try:
        decoded = decode_slice_key(data)
    except ValueError:
        return
    assert encode_slice_key(*decoded) == data


@pytest.mark.parametrize(
    ("encoded", "message"),
    [
        ("0101", "starts with 1, expected 0"),
        ("00 78 0001 00", "rank 0"),
        ("00 78 0001 0101", "cut at"),
        ("00 78", "no string at byte 1"),
        ("00 78 0001 09", "9 bytes"),
        ("00 78 0001 0101 80 81 00", "ends at"),
        ("00 78 0001 0101 FFF0", "12 bytes"),
        ("00 78 0001 0101 C001 81", "not minimal"),
        ("", "cut at 0"),
    ],
)
def test_damaged_keys_say_what_is_wrong(encoded: str, message: str) -> None:
    """Each kind of damage has its message."""
    with pytest.raises(ValueError, match=message):
        decode_slice_key(bytes.fromhex(encoded))
