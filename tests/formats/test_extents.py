import pytest

from metagraft.formats.extents import Box, Extent, resolve


def test_slices_resolve_to_boxes() -> None:
    """Whole and explicit extents become starts and lengths."""
    tensor_slice = (Extent(1, 2), Extent(0, None))
    assert resolve(tensor_slice, (5, 7)) == Box((1, 0), (2, 7))
    assert resolve((), ()) == Box((), ())


@pytest.mark.parametrize(
    ("extent", "message"),
    [
        (Extent(3, 3), "takes 3 from 3 of axis 0, which has 5"),
        (Extent(-1, 2), "takes 2 from -1"),
        (Extent(0, -2), "takes -2 from 0"),
    ],
)
def test_slices_must_lie_within(extent: Extent, message: str) -> None:
    """A slice that reaches outside of its tensor is refused."""
    with pytest.raises(ValueError, match=message):
        resolve((extent,), (5,))


def test_ranks_must_agree() -> None:
    """A slice of another rank than its tensor is refused."""
    with pytest.raises(ValueError, match="rank 1 of a tensor of rank 2"):
        resolve((Extent(0, 1),), (5, 7))


def test_boxes_intersect() -> None:
    """The common part of two boxes, and where it lies within one."""
    left, right = Box((0, 2), (4, 4)), Box((1, 0), (5, 3))
    common = left.intersection(right)
    assert common == Box((1, 2), (3, 1))
    assert common.within(right) == (slice(0, 3), slice(2, 3))
    assert left.intersection(Box((4, 0), (1, 9))) is None
    assert Box((), ()).intersection(Box((), ())) == Box((), ())
