"""`tf.gfile`: files and folders by path or URL."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module("metagraft.api.file_io", "FastGFile GFile"),
    "Open": "metagraft.api.file_io:GFile",
    **{
        name: f"metagraft.api.gfile:{function}_v1"
        for name, function in {
            "Copy": "copy",
            "DeleteRecursively": "rmtree",
            "Exists": "exists",
            "Glob": "glob",
            "IsDirectory": "isdir",
            "ListDirectory": "listdir",
            "MakeDirs": "makedirs",
            "MkDir": "mkdir",
            "Remove": "remove",
            "Rename": "rename",
            "Stat": "stat",
            "Walk": "walk",
        }.items()
    },
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
