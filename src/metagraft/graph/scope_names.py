"""Names moved from one name scope to another, when graphs are cut out and put in.

A name may carry a marker in front: `^` of a control input, `loc:@` of a colocation
entry. The scope goes behind the marker.
"""

from __future__ import annotations

from typing import Final

from metagraft.formats.names import as_text

# In front of the names of operations that an operation is to be placed with.
COLOCATION: Final = b"loc:@"
_MARKERS: Final = ("^", COLOCATION.decode())


def strip_name_scope(name: str | bytes, export_scope: str | None) -> str:
    """Return `name` without the scope in front and the slashes that follow it.

    A name that is not inside the scope comes back unchanged, also when it begins with
    the same letters (`hid2/a` is not inside `hid`). The scope is read literally.

    Args:
        name: A node or tensor name, a control input or a colocation entry.
        export_scope: The scope, with or without a slash at its end; None or "" removes
            nothing.

    Source: tensorflow python/framework/ops.py strip_name_scope.
    """
    text = as_text(name)
    if not export_scope:
        return text
    scope = export_scope[:-1] if export_scope[-1] == "/" else export_scope
    marker, rest = _split_marker(text)
    if not rest.startswith(scope + "/"):
        return text
    return marker + rest[len(scope) :].lstrip("/")


def prepend_name_scope(name: str | bytes, import_scope: str | None) -> str:
    """Return `name` inside the scope, behind its marker if it has one.

    Args:
        name: A node or tensor name, a control input or a colocation entry.
        import_scope: The scope, with or without a slash at its end; None or "" adds
            nothing.

    Source: tensorflow python/framework/ops.py prepend_name_scope.
    """
    text = as_text(name)
    if not import_scope:
        return text
    scope = import_scope[:-1] if import_scope[-1] == "/" else import_scope
    marker, rest = _split_marker(text)
    return f"{marker}{scope}/{rest}"


def _split_marker(name: str) -> tuple[str, str]:
    for marker in _MARKERS:
        if name.startswith(marker):
            return marker, name[len(marker) :]
    return "", name
