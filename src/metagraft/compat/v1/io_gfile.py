"""`tf.io.gfile`: files and folders by path or URL."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    "GFile": "metagraft.api.file_io:GFile",
    **from_module(
        "metagraft.api.gfile",
        "copy exists get_registered_schemes glob isdir join listdir makedirs mkdir "
        "remove rename rmtree stat walk",
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
