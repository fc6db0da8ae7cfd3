"""`tf.layers.experimental`: layers that name and make variables as Keras's do.

Such layers know no variable scopes: variables are resource variables in a name scope of
the layer's name, and a layer is shared by calling it again.

Source: tf_keras legacy_tf_layers/base.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["check_no_scope", "is_keras_style", "keras_style_scope", "set_keras_style"]


class _Style:
    """Whether layers that are made are Keras's in style."""

    is_keras = False


def is_keras_style(scope: Any, reuse: Any) -> bool:
    """Whether a layer that is made is Keras's in style.

    Args:
        scope: The variable scope that it is to have.
        reuse: Whether it is to use variables of an earlier one.

    Raises:
        ValueError: It is, and has one of these.
    """
    if not _Style.is_keras:
        return False
    check_no_scope(scope)
    check_no_scope(reuse, "reuse")
    return True


def check_no_scope(value: Any, name: str = "scope") -> None:
    """Check that a layer of Keras's style is given none.

    Raises:
        ValueError: It is.
    """
    if value is not None:
        raise ValueError(
            f"{name} argument not allowed when keras style layers are enabled, but saw:"
            f" {value}"
        )


@contextmanager
def keras_style_scope() -> Iterator[None]:
    """Let the layers that are made in a block be Keras's in style."""
    before = _Style.is_keras
    _Style.is_keras = True
    try:
        yield
    finally:
        _Style.is_keras = before


def set_keras_style() -> None:
    """Let all layers that are made from now on be Keras's in style."""
    _Style.is_keras = True
