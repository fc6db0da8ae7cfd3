import numpy as np
import pytest

from metagraft.formats.crc32c import crc32c, mask, unmask

# RFC 3720, appendix B.4: examples of CRC-32C.
EXAMPLES = [
    (bytes(32), 0x8A9136AA),
    (b"\xff" * 32, 0x62A8AB43),
    (bytes(range(32)), 0x46DD794E),
    (bytes(range(31, -1, -1)), 0x113FDB5C),
]


@pytest.mark.parametrize(("data", "checksum"), EXAMPLES)
def test_checksums_of_the_standard(data: bytes, checksum: int) -> None:
    """The examples of the standard come out, also in parts and from any buffer."""
    assert crc32c(data) == checksum
    assert crc32c(data[9:], crc32c(data[:9])) == checksum
    assert crc32c(memoryview(bytearray(data))) == checksum
    assert crc32c(np.frombuffer(data, np.uint8)) == checksum


def test_masking_is_that_of_files() -> None:
    """The empty string is stored as in the files of TensorFlow, and unmasks again."""
    assert mask(crc32c(b"")) == 0xA282EAD8
    for _, checksum in EXAMPLES:
        assert mask(checksum) != checksum
        assert unmask(mask(checksum)) == checksum
    # Rotating 1 by 15 bits to the right gives 2**17.
    assert mask(1) == 0xA282EAD8 + (1 << 17)
