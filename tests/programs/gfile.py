"""What programs do with files, each in a folder with the same content.

A case returns what is compared: plain values without absolute paths, unordered
listings sorted.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

Case = Callable[[ModuleType], Any]

PATTERNS = (
    "a/* a/? * a/** a/*/* a/[xz] a/[^x] a/[!x] a/[a-z] nope/* a nope a/b/ */x"
    " a/z\\[1\\] a/z[[]1] a//x ./a/* a/[ a/{x,b} a/b/\\* a/.* a/../a/x a/[^a-y]* a/x/*"
    " file f* ?ile a/*1] a/[x"
).split()


def fill(folder: Path) -> None:
    """Make the files that the cases work with."""
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "empty").mkdir()
    (folder / "file").write_bytes("asdf\nqwer\n\u00e9x".encode())
    (folder / "odd").write_bytes(b"\xff\xfe")
    (folder / "lines").write_bytes(b"one\r\n\ntwo\rthree\n")
    for name in ("x", ".h", "z[1]", "b/y", "b/*"):
        (folder / "a" / name).write_text(name, encoding="utf-8")


def _content(name: str) -> str:
    return Path(name).read_bytes().decode("latin-1")


def _tree() -> list[str]:
    return sorted(str(path) for path in Path().rglob("*"))


def _written(tf: ModuleType, name: str, mode: str, *texts: str | bytes) -> Any:
    with tf.gfile.GFile(name, mode) as file:
        for text in texts:
            file.write(text)
    return _content(name)


def _open_only(tf: ModuleType) -> Any:
    with tf.gfile.GFile("file", "w"):
        pass
    return _content("file")


def _places(tf: ModuleType) -> Any:
    file = tf.gfile.GFile("file")
    places = [file.tell()]
    for arguments in ((2,), (1, 1), (-3, 2)):
        file.seek(*arguments)
        places += [file.tell(), file.read(2), file.tell()]
    file.seek(position=3)
    return [*places, file.read()]


def _places_of_writers(tf: ModuleType) -> Any:
    places = []
    for mode in ("w", "a"):
        with tf.gfile.GFile("out", mode) as file:
            places.append(file.tell())
            file.write("abc")
            places.append(file.tell())
    return places


def _read_what_was_written(tf: ModuleType) -> Any:
    with tf.gfile.GFile("out", "w+") as file:
        file.write("hello")
        file.flush()
        return file.read()


def _read_and_append(tf: ModuleType) -> Any:
    with tf.gfile.GFile("file", "a+") as file:
        before = file.read()
        file.write("more")
    return before, _content("file")


def _use_again(tf: ModuleType) -> Any:
    file = tf.gfile.GFile("file")
    first = file.read(3)
    file.close()
    return first, file.read(3), file.next()


def _changed(function: str, *arguments: Any, **options: Any) -> Case:
    def run(tf: ModuleType) -> Any:
        getattr(tf.gfile, function)(*arguments, **options)
        return _tree()

    return run


def _called(function: str, *arguments: Any) -> Case:
    return lambda tf: getattr(tf.gfile, function)(*arguments)


def _read(*arguments: Any) -> Case:
    return lambda tf: tf.gfile.GFile(*arguments).read()


def _sorted(function: str, *arguments: Any) -> Case:
    return lambda tf: sorted(getattr(tf.gfile, function)(*arguments))


def _walked(tf: ModuleType, top: str, **options: Any) -> Any:
    return [
        (folder, sorted(inner), sorted(files))
        for folder, inner, files in tf.io.gfile.walk(top, **options)
    ]


def _copied_over(tf: ModuleType) -> Any:
    tf.gfile.Copy("file", "a/x", overwrite=True)
    return _content("a/x")


def _statistics(tf: ModuleType) -> Any:
    file, folder = tf.gfile.Stat("file"), tf.gfile.Stat("a")
    seconds = file.mtime_nsec // 10**9 - int(os.stat("file").st_mtime)  # noqa: PTH116
    return file.length, seconds, file.is_directory, folder.is_directory


CASES: dict[str, Case] = {
    "read": _read("file"),
    "read_bytes": _read("file", "rb"),
    "read_nothing": _read("nope"),
    "read_folder": _read("a"),
    "read_odd": _read("odd"),
    "read_part": lambda tf: tf.gfile.GFile("file").read(3),
    "read_half_a_character": lambda tf: tf.gfile.GFile("file").read(11),
    "read_negative": lambda tf: tf.gfile.GFile("file").read(-5),
    "read_by_path": lambda tf: tf.gfile.GFile(Path("file")).read(2),
    "read_by_bytes": lambda tf: tf.gfile.FastGFile(b"file").read(2),
    "read_from_writer": lambda tf: tf.gfile.GFile("file", "w").read(),
    "mode": _read("file", "q"),
    "attributes": lambda tf: (
        tf.gfile.Open("file", "rb").name,
        tf.gfile.GFile("file", "rb").mode,
        tf.gfile.GFile("file").size(),
        tf.gfile.GFile("file").seekable(),
    ),
    "size_of_nothing": lambda tf: tf.gfile.GFile("nope").size(),
    "lines": lambda tf: list(tf.gfile.GFile("file")),
    "lines_of_bytes": lambda tf: tf.gfile.GFile("file", "rb").readlines(),
    "lines_with_returns": lambda tf: tf.gfile.GFile("lines").readlines(),
    "read_returns": _read("lines"),
    "write": lambda tf: _written(tf, "out", "w", "a", b"b", "\u00e9"),
    "write_over": lambda tf: _written(tf, "file", "wb", "new"),
    "write_end": lambda tf: _written(tf, "file", "a", "new"),
    "write_plus": lambda tf: _written(tf, "file", "r+", "new"),
    "write_number": lambda tf: _written(tf, "out", "w", 3),  # type: ignore[arg-type]
    "write_nowhere": lambda tf: _written(tf, "nope/out", "w", "a"),
    "write_folder": lambda tf: _written(tf, "a", "w", "a"),
    "write_to_reader": lambda tf: _written(tf, "file", "r", "a"),
    "open_only": _open_only,
    "places": _places,
    "places_of_writers": _places_of_writers,
    "read_what_was_written": _read_what_was_written,
    "read_and_append": _read_and_append,
    "use_again": _use_again,
    "seek_nowhere": lambda tf: tf.gfile.GFile("file").seek(),
    "seek_twice": lambda tf: tf.gfile.GFile("file").seek(1, position=2),
    "seek_whence": lambda tf: tf.gfile.GFile("file").seek(1, 5),
    "seek_negative": lambda tf: tf.gfile.GFile("file").seek(-1),
    "seek_behind": lambda tf: tf.gfile.GFile("file").seek(100),
    "exists": lambda tf: [
        tf.gfile.Exists(name) for name in ("file", "a", "nope", "file/x", "")
    ],
    "is_directory": lambda tf: [
        tf.gfile.IsDirectory(name) for name in ("file", "a", "nope", "a/", "")
    ],
    "mkdir": _changed("MkDir", "new"),
    "mkdir_again": _changed("MkDir", "a"),
    "mkdir_nowhere": _changed("MkDir", "nope/new"),
    "mkdir_file": _changed("MkDir", "file"),
    "makedirs": _changed("MakeDirs", "new/and/more"),
    "makedirs_again": _changed("MakeDirs", "a/b"),
    "makedirs_file": _changed("MakeDirs", "file"),
    "makedirs_in_file": _changed("MakeDirs", "file/x"),
    "list": _sorted("ListDirectory", "a"),
    "list_nothing": _sorted("ListDirectory", "nope"),
    "list_file": _sorted("ListDirectory", "file"),
    "remove": _changed("Remove", "a/x"),
    "remove_nothing": _changed("Remove", "nope"),
    "remove_folder": _changed("Remove", "a"),
    "rmtree": _changed("DeleteRecursively", "a"),
    "rmtree_file": _changed("DeleteRecursively", "file"),
    "rmtree_nothing": _changed("DeleteRecursively", "nope"),
    "copy": _changed("Copy", "a/x", "new"),
    "copy_again": _changed("Copy", "a/x", "file"),
    "copy_over": _copied_over,
    "copy_nothing": _changed("Copy", "nope", "new"),
    "copy_to_folder": _changed("Copy", "file", "a", overwrite=True),
    "copy_nowhere": _changed("Copy", "file", "nope/new"),
    "copy_itself": _changed("Copy", "file", "file", True),
    "rename": _changed("Rename", "file", "new"),
    "rename_again": _changed("Rename", "a/x", "file"),
    "rename_over": _changed("Rename", "a/x", "file", overwrite=True),
    "rename_folder": _changed("Rename", "a", "new"),
    "rename_folder_over": _changed("Rename", "a", "empty", True),
    "rename_folder_over_full": _changed("Rename", "empty", "a", True),
    "rename_nothing": _changed("Rename", "nope", "new"),
    "rename_file_over_folder": _changed("Rename", "file", "empty", True),
    "rename_nowhere": _changed("Rename", "file", "nope/new"),
    "glob_several": lambda tf: tf.gfile.Glob(iter(["a/x", "file"])),
    "glob_bytes": _called("Glob", b"a/x"),
    "glob_empty": _called("Glob", ""),
    "walk": lambda tf: _walked(tf, "a"),
    "walk_up": lambda tf: _walked(tf, "a/", topdown=False),
    "walk_nothing": lambda tf: _walked(tf, "nope"),
    "walk_file": lambda tf: list(tf.gfile.Walk("file", in_order=False)),
    "stat": _statistics,
    "stat_nothing": _called("Stat", "nope"),
    "join": lambda tf: [
        tf.io.gfile.join("a", "b", "/c"),
        tf.io.gfile.join("gs://x", "y", "z"),
        tf.io.gfile.join(b"a", b"b"),
    ],
    "join_bytes": lambda tf: tf.io.gfile.join("a", b"b"),
    **{f"glob {pattern}": _sorted("Glob", pattern) for pattern in PATTERNS},
}


def outcome(tf: ModuleType, name: str) -> dict[str, Any]:
    """Return what a case returns, or the class and message of its error."""
    try:
        value = CASES[name](tf)
    except tf.errors.OpError as error:
        return {"error": type(error).__name__, "message": error.message}
    except (TypeError, ValueError) as error:
        return {"error": type(error).__name__, "message": str(error)}
    return {"value": repr(value)}
