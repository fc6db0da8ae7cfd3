"""Special functions, element by element; twin of `ops/special_functions.py`.

NumPy has none of them, so both array kinds go through JAX.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from metagraft.kernels.kernel import Array, Kernel, KernelFunction
from metagraft.kernels.namespace import jax_numpy, lax

__all__ = ["KERNELS"]


def _jax_special() -> ModuleType:
    import jax.scipy.special

    jax_numpy()  # 64-bit types stay 64-bit

    return jax.scipy.special


def _special(name: str) -> KernelFunction:
    """Return the kernel that calls `jax.scipy.special`'s function `name`."""

    def call(_attrs: Any, *operands: Array) -> tuple[Array]:
        return (getattr(_jax_special(), name)(*operands),)

    return call


def lgamma(_attrs: Any, x: Array) -> tuple[Array]:
    return (lax().lgamma(x),)


def erf(_attrs: Any, x: Array) -> tuple[Array]:
    return (lax().erf(x),)


def erfc(_attrs: Any, x: Array) -> tuple[Array]:
    return (lax().erfc(x),)


def erfinv(_attrs: Any, x: Array) -> tuple[Array]:
    return (lax().erf_inv(x),)


def ndtri(_attrs: Any, p: Array) -> tuple[Array]:
    # JAX's own ndtri wants a probability strictly inside (0, 1).
    one = p.dtype.type(1)
    two = p.dtype.type(2)
    root_two = p.dtype.type(np.sqrt(2.0))
    return (root_two * lax().erf_inv(two * p - one),)


def _broadcast(name: str) -> KernelFunction:
    """Return the kernel that broadcasts and calls `jax.lax`'s function `name`."""

    def call(_attrs: Any, *operands: Array) -> tuple[Array]:
        return (getattr(lax(), name)(*jax_numpy().broadcast_arrays(*operands)),)

    return call


KERNELS = {
    "BesselI0": Kernel(_special("i0")),
    "BesselI0e": Kernel(_special("i0e")),
    "BesselI1": Kernel(_special("i1")),
    "BesselI1e": Kernel(_special("i1e")),
    "Betainc": Kernel(_broadcast("betainc")),
    "Digamma": Kernel(_special("digamma")),
    "Erf": Kernel(erf),
    "Erfc": Kernel(erfc),
    "Erfinv": Kernel(erfinv),
    "Expint": Kernel(_special("expi")),
    "Igamma": Kernel(_broadcast("igamma")),
    "IgammaGradA": Kernel(_broadcast("igamma_grad_a")),
    "Igammac": Kernel(_broadcast("igammac")),
    "Lgamma": Kernel(lgamma),
    "Ndtri": Kernel(ndtri),
    "Polygamma": Kernel(_broadcast("polygamma")),
    "Spence": Kernel(_special("spence")),
    "Zeta": Kernel(_broadcast("zeta")),
}
