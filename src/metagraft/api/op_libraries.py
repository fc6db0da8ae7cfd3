"""Libraries of custom ops: code for TensorFlow, which cannot be loaded here."""

from __future__ import annotations

from typing import NoReturn

from metagraft.errors import UnimplementedError


def load_op_library(library_filename: str) -> NoReturn:
    """Refuse, and say how the ops of a library can be had.

    Args:
        library_filename: The library.

    Raises:
        UnimplementedError: Always.
    """
    # TF: loads the code, which is compiled for one of its releases.
    raise UnimplementedError(
        None,
        None,
        f"{library_filename}: a library of ops is code for TensorFlow's own engine and "
        "cannot be loaded here. metagraft.register_op gives an op a kernel, a shape "
        "function and a gradient in Python; see docs/how-to/register-an-op.md.",
    )


def load_library(library_location: str) -> NoReturn:
    """Refuse, as `load_op_library` does.

    Args:
        library_location: The library, or a folder of libraries.

    Raises:
        UnimplementedError: Always.
    """
    load_op_library(library_location)


def load_file_system_library(library_filename: str) -> NoReturn:
    """Refuse, and say how files elsewhere are reached.

    Args:
        library_filename: The library.

    Raises:
        UnimplementedError: Always.
    """
    raise UnimplementedError(
        None,
        None,
        f"{library_filename}: a library of file systems is code for TensorFlow's own "
        "engine and cannot be loaded here. Paths such as gs://... are read and written "
        "by fsspec; see docs/how-to/files-elsewhere.md.",
    )
