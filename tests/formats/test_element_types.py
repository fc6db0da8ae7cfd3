import ml_dtypes
import numpy as np
import pytest

from metagraft.formats.element_types import (
    NUMPY_DTYPES,
    data_type_number,
    element_size_bytes,
)
from metagraft.proto import DataType

# Element sizes that TensorFlow reports for its types (tf.dtypes.as_dtype(n).size).
SIZES = {
    1: 4,
    2: 8,
    3: 4,
    4: 1,
    5: 2,
    6: 1,
    8: 8,
    9: 8,
    10: 1,
    11: 1,
    12: 1,
    13: 4,
    14: 2,
    15: 2,
    16: 2,
    17: 2,
    18: 16,
    19: 2,
    22: 4,
    23: 8,
    24: 1,
    25: 1,
    26: 1,
    27: 1,
    28: 1,
    29: 1,
    30: 1,
    31: 1,
    32: 1,
    33: 1,
}


def test_every_type_is_known_but_handles() -> None:
    """All types of the enum have a NumPy type, except resources and variants."""
    plain = {n for n in DataType.values() if 0 < n < 100}
    handles = {DataType.Value("DT_RESOURCE"), DataType.Value("DT_VARIANT")}
    assert set(NUMPY_DTYPES) == plain - handles


def test_element_sizes_are_tensorflows() -> None:
    """Sizes agree with TensorFlow's; strings have none."""
    found = {n: element_size_bytes(n) for n in NUMPY_DTYPES if n != 7}
    assert found == SIZES
    assert element_size_bytes(7) is element_size_bytes(20) is None


@pytest.mark.parametrize(
    ("dtype", "name"),
    [
        (np.dtype(np.float32), "DT_FLOAT"),
        (np.dtype(">f4"), "DT_FLOAT"),
        (np.dtype(np.int8), "DT_INT8"),
        (np.dtype(np.longlong), "DT_INT64"),
        (np.dtype(ml_dtypes.bfloat16), "DT_BFLOAT16"),
        (np.dtype(ml_dtypes.int4), "DT_INT4"),
        (np.dtype("S3"), "DT_STRING"),
        (np.dtype("U3"), "DT_STRING"),
        (np.dtype(object), "DT_STRING"),
    ],
)
def test_numbers_of_dtypes(dtype: np.dtype[np.generic], name: str) -> None:
    """Arrays get the number of their type, whatever their byte order."""
    assert data_type_number(dtype) == DataType.Value(name)


def test_other_dtypes_have_no_number() -> None:
    """Types that no tensor has are told apart."""
    assert data_type_number(np.dtype("M8[s]")) is None
    assert data_type_number(np.dtype([("a", "i4")])) is None
