"""Circulant matrices, and block circulant ones of two and three levels.

Source: tensorflow python/ops/linalg/linear_operator_circulant.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from metagraft.api import signal_fourier
from metagraft.api.arithmetic import complex as complex_number
from metagraft.api.array import adjoint as adjoint_matrix
from metagraft.api.checks import assert_less, assert_positive
from metagraft.api.linear_operators.batches import (
    assert_no_zeros,
    assert_real,
    broadcast_batches,
    shape_tensor,
    tensor_or_variable,
)
from metagraft.api.linear_operators.hints import described, given, hints_of
from metagraft.api.linear_operators.operator import LinearOperator
from metagraft.api.math import log
from metagraft.api.shape_checks import assert_integer
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.math import (
    absolute,
    cast,
    conj,
    imag,
    number_range,
    real,
    select_v2,
)
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor

__all__ = [
    "CirculantOperator",
    "LinearOperatorCirculant",
    "LinearOperatorCirculant2D",
    "LinearOperatorCirculant3D",
    "to_complex",
]

_TRANSFORMS = {
    1: (signal_fourier.fft, signal_fourier.ifft),
    2: (signal_fourier.fft2d, signal_fourier.ifft2d),
    3: (signal_fourier.fft3d, signal_fourier.ifft3d),
}


def to_complex(x: Any) -> Tensor:
    """`x` as complex numbers of its precision."""
    if x.dtype.is_complex:
        return x
    is_double = x.dtype.base_dtype == dtypes.float64
    return cast(x, dtypes.complex128 if is_double else dtypes.complex64)


class CirculantOperator(LinearOperator):
    """A matrix that the Fourier transform, of one or more axes, makes diagonal."""

    _block_depth: ClassVar[int]

    def __init__(
        self,
        spectrum: Any,
        input_output_dtype: Any = dtypes.complex64,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = True,
        name: str | None = None,
    ) -> None:
        """Make matrices of their eigenvalues.

        Args:
            spectrum: `[*batch, *block]`, the Fourier transform of the first column,
                with as many block dimensions as the matrix has levels.
            input_output_dtype: Type of what is multiplied, and of the results.
            is_non_singular: A hint; see `LinearOperator`.
            is_self_adjoint: A hint.
            is_positive_definite: A hint.
            is_square: A hint.
            name: The scope of its nodes; the name of the class if None.

        Raises:
            ValueError: `spectrum` has too few dimensions, or a hint cannot be.
        """
        name = type(self).__name__ if name is None else name
        parameters = given(locals())
        with name_scope(name, values=[spectrum]):
            self._spectrum = tensor_or_variable(spectrum, name="spectrum")
            rank = self._spectrum.shape.ndims
            if rank is not None and rank < self.block_depth:
                raise ValueError(
                    f"Argument `spectrum` must have at least {self.block_depth}"
                    f" dimensions. Received: {self._spectrum}."
                )
            if not self._spectrum.dtype.is_complex:
                if is_self_adjoint is False:
                    raise ValueError(
                        "A real spectrum always corresponds to a self-adjoint operator."
                        " Expected argument `is_self_adjoint` to be True when"
                        " `spectrum.dtype.is_complex` = True. Received: False."
                    )
                is_self_adjoint = True
            if is_square is False:
                raise ValueError(
                    "A [[nested] block] circulant operator is always square. Expected"
                    " argument `is_square` to be True. Received: False."
                )
            told = described(
                parameters, is_self_adjoint=is_self_adjoint, is_square=True
            )
            super().__init__(dtype=dtypes.as_dtype(input_output_dtype), **told)

    @property
    def spectrum(self) -> Any:
        """The eigenvalues `[*batch, *block]`."""
        return self._spectrum

    @property
    def block_depth(self) -> int:
        """How many levels of blocks there are."""
        return self._block_depth

    @property
    def block_shape(self) -> TensorShape:
        """The sizes of the levels, as far as known."""
        shape: TensorShape = self.spectrum.shape[-self.block_depth :]
        return shape

    def block_shape_tensor(self) -> Tensor:
        """The sizes of the levels, as a tensor."""
        return self._block_sizes()

    def _block_sizes(self, spectrum_sizes: Tensor | None = None) -> Tensor:
        if self.block_shape.is_fully_defined():
            return shape_tensor(self.block_shape.as_list(), name="block_shape")
        if spectrum_sizes is None:
            spectrum_sizes = array.shape(self.spectrum)
        return spectrum_sizes[-self.block_depth :]

    def _shape(self) -> TensorShape:
        shape: TensorShape = self._spectrum.shape
        batch, block = shape[: -self.block_depth], shape[-self.block_depth :]
        side = None
        if block.is_fully_defined():
            side = math.prod(size.value or 0 for size in block)
        return batch.concatenate([side, side])

    def _shape_tensor(self, spectrum: Any = None) -> Tensor:
        sizes = array.shape(self.spectrum if spectrum is None else spectrum)
        batch, block = sizes[: -self.block_depth], sizes[-self.block_depth :]
        side = reduce_tensor("Prod", block)
        return array.concat((batch, [side, side]), 0)

    # -- other operators -----------------------------------------------------------

    def _of(self, spectrum: Any, **arguments: Any) -> LinearOperator:
        return type(self)(spectrum, **{**arguments, "is_square": True})

    def _adjoint(self) -> LinearOperator:
        # TF: the adjoint takes and gives complex64, whatever this one does.
        spectrum = self.spectrum
        spectrum = conj(spectrum) if spectrum.dtype.is_complex else spectrum
        return self._of(spectrum, **hints_of(self))

    def _inverse(self) -> LinearOperator:
        inverted, dtype = 1.0 / self.spectrum, self.dtype
        return self._of(inverted, **hints_of(self), input_output_dtype=dtype)

    # -- vectors as blocks ---------------------------------------------------------

    def _as_blocks(self, matrix: Tensor) -> Tensor:
        """`[*batch, n, k]` as `[k, *batch, *block]`."""
        columns = _rotated(matrix, 1)
        block = self.block_shape
        if columns.shape.is_fully_defined() and block.is_fully_defined():
            sizes: Any = columns.shape[:-1].concatenate(block)
        else:
            leading = array.shape(columns)[:-1]
            sizes = array.concat((leading, self.block_shape_tensor()), 0)
        return array.reshape(columns, sizes)

    def _flat(self, x: Any) -> Tensor:
        """`[..., *block]` as `[..., n]`."""
        depth = self.block_depth
        if x.shape.is_fully_defined():
            known = x.shape.as_list()
            sizes: Any = [*known[:-depth], math.prod(known[-depth:])]
        else:
            dynamic = array.shape(x)
            leading, block = dynamic[:-depth], dynamic[-depth:]
            side = reduce_tensor("Prod", block)
            sizes = array.concat((leading, [side]), 0)
        return array.reshape(x, sizes)

    def _transformed(self, x: Tensor) -> Tensor:
        return _TRANSFORMS[self.block_depth][0](to_complex(x))

    def _transformed_back(self, x: Tensor) -> Tensor:
        return _TRANSFORMS[self.block_depth][1](to_complex(x))

    def _with_batches(self, x: Tensor, spectrum: Any) -> tuple[Tensor, Tensor]:
        """Broadcast the batches of an argument and of the spectrum."""
        spectrum = convert_to_tensor(spectrum, name="spectrum")
        batch = self._batch_shape_tensor(shape=self._shape_tensor(spectrum=spectrum))
        sizes = array.concat((batch, [-1, 1]), axis=0)
        column = array.reshape(spectrum, sizes)
        x, column = broadcast_batches((x, column))
        batch = array.shape(x)[:-2]
        own_sizes = array.shape(spectrum)
        sizes = array.concat((batch, self._block_sizes(own_sizes)), axis=0)
        return x, array.reshape(column, sizes)

    def _complex_spectrum(self, adjoint: bool) -> Tensor:
        spectrum = to_complex(self.spectrum)
        return conj(spectrum) if adjoint else spectrum

    def _matmul(
        self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False
    ) -> Tensor:
        x = adjoint_matrix(x) if adjoint_arg else x
        spectrum = self._complex_spectrum(adjoint)
        x = cast(x, spectrum.dtype)
        x, spectrum = self._with_batches(x, spectrum)
        transformed = self._transformed(self._as_blocks(x))
        result = self._transformed_back(spectrum * transformed)
        return cast(_rotated(self._flat(result), -1), self.dtype)

    def _solve(
        self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False
    ) -> Tensor:
        rhs = adjoint_matrix(rhs) if adjoint_arg else rhs
        spectrum = self._complex_spectrum(adjoint)
        rhs, spectrum = self._with_batches(rhs, spectrum)
        transformed = self._transformed(self._as_blocks(rhs))
        result = self._transformed_back(transformed / spectrum)
        return cast(_rotated(self._flat(result), -1), self.dtype)

    def convolution_kernel(self, name: str = "convolution_kernel") -> Tensor:
        """What vectors are convolved with: the spectrum transformed back."""
        with self._name_scope(name):
            kernel = self._transformed_back(to_complex(self.spectrum))
            return cast(kernel, self.dtype)

    # -- checks --------------------------------------------------------------------

    def assert_hermitian_spectrum(
        self, name: str = "assert_hermitian_spectrum"
    ) -> Operation:
        """Add a check that the convolution kernel is real."""
        epsilon = np.finfo(self.dtype.real_dtype.as_numpy_dtype).eps
        with self._name_scope(name):
            largest = epsilon * self.domain_dimension_tensor()
            part = imag(self.convolution_kernel())
            text = "Spectrum was not Hermitian"
            return assert_less(absolute(part), largest, message=text)

    def _assert_non_singular(self) -> Operation:
        text = "Singular operator:  Spectrum contained zero values."
        return assert_no_zeros(self.spectrum, message=text)

    def _assert_positive_definite(self) -> Operation:
        text = "Not positive definite:  Real part of spectrum was not all positive."
        return assert_positive(real(self.spectrum), message=text)

    def _assert_self_adjoint(self) -> Operation:
        text = "Not self-adjoint:  The spectrum contained non-zero imaginary part."
        return assert_real(self.spectrum, message=text)

    # -- numbers -------------------------------------------------------------------

    def _cond(self) -> Tensor:
        sizes = absolute(self._flat(self.spectrum))
        largest = reduce_tensor("Max", sizes, axis=-1)
        return largest / reduce_tensor("Min", sizes, axis=-1)

    def _eigvals(self) -> Tensor:
        return self._flat(self.spectrum)

    def _block_axes(self) -> list[int]:
        return [-1 - i for i in range(self.block_depth)]

    def _determinant(self) -> Tensor:
        result = reduce_tensor("Prod", self.spectrum, axis=self._block_axes())
        return cast(result, self.dtype)

    def _log_abs_determinant(self) -> Tensor:
        logs = log(absolute(self.spectrum))
        result = reduce_tensor("Sum", logs, axis=self._block_axes())
        return cast(result, self.dtype)

    def _diag_part(self) -> Tensor:
        if self.shape.is_fully_defined():
            sizes: Any = self.shape[:-1]
            side: Any = self.domain_dimension.value
        else:
            sizes = self.shape_tensor()[:-1]
            side = self.domain_dimension_tensor()
        ones = array.ones(sizes, dtype=self.dtype)
        value = self.trace() / cast(side, self.dtype)
        return value[..., None] * ones

    def _trace(self) -> Tensor:
        if self.spectrum.shape.is_fully_defined():
            rank: Any = self.spectrum.shape.ndims
            axes: Any = np.arange(rank - self.block_depth, rank, dtype=np.int32)
        else:
            rank = array.rank(self.spectrum)
            axes = number_range(rank - self.block_depth, rank)
        part = reduce_tensor("Sum", real(self.spectrum), axis=axes)
        if not self.dtype.is_complex:
            return cast(part, self.dtype)
        if self.is_self_adjoint:
            imaginary = array.zeros_like(part)
        else:
            imaginary = reduce_tensor("Sum", imag(self.spectrum), axis=axes)
        return cast(complex_number(part, imaginary), self.dtype)


def _rotated(x: Tensor, shift: int) -> Tensor:
    """Move the last axis to the front (1) or the first to the end (-1)."""
    with name_scope("rotate_transpose", values=[x, shift]):
        steps = convert_to_tensor(shift, name="shift")
        assert_integer(steps)
        rank = x.shape.ndims
        if rank is not None:
            if rank < 2:
                return x
            return array.transpose(x, perm=np.roll(np.arange(rank), shift))
        axes = array.rank(x)
        is_negative = steps < 0
        backward = (-steps) % axes
        moved = select_v2(is_negative, backward, axes - steps % axes)
        first, last = number_range(0, moved), number_range(moved, axes)
        return array.transpose(x, perm=array.concat([last, first], 0))


class LinearOperatorCirculant(CirculantOperator):
    """Matrices whose rows are shifted by one place each."""

    matrix_dims: ClassVar[Mapping[str, int]] = {"spectrum": 1}
    _block_depth = 1


class LinearOperatorCirculant2D(CirculantOperator):
    """Circulant matrices of circulant blocks."""

    matrix_dims: ClassVar[Mapping[str, int]] = {"spectrum": 2}
    _block_depth = 2


class LinearOperatorCirculant3D(CirculantOperator):
    """Circulant matrices of blocks that are circulant matrices of such blocks."""

    matrix_dims: ClassVar[Mapping[str, int]] = {"spectrum": 3}
    _block_depth = 3
