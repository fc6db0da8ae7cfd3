"""Which kind of variable is made, and who may intervene.

Source: tensorflow python/ops/ref_variable.py default_variable_creator,
python/ops/resource_variables_toggle.py, python/ops/variable_scope.py
variable_creator_scope_v1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from metagraft.api.variables import Variable
from metagraft.graph.defaults import get_default_graph
from metagraft.graph.graph import Graph

_CREATORS: Final = ("__variable_creators",)


class _Setting:
    """What `enable_resource_variables` changes, for the whole process."""

    __slots__ = ("resource_by_default",)

    def __init__(self) -> None:
        self.resource_by_default = False


_setting: Final = _Setting()


def enable_resource_variables() -> None:
    """Make resource variables where a program does not say which kind it wants."""
    _setting.resource_by_default = True


def disable_resource_variables() -> None:
    """Make reference variables where a program does not say which kind it wants."""
    _setting.resource_by_default = False


def resource_variables_enabled() -> bool:
    """Whether resource variables are the default."""
    return _setting.resource_by_default


def open_creators(graph: Graph) -> list[Callable[..., Any]]:
    """Return the creators of the open `variable_creator_scope` blocks, outermost first.

    They are in a collection of their own because the scope belongs to the graph; a key
    that is not a string stays out of exported files.
    """
    return list(graph.get_collection(_CREATORS))


@contextmanager
def variable_creator_scope(variable_creator: Callable[..., Any]) -> Iterator[None]:
    """Open a block in which `variable_creator` makes the variables.

    It is called with the next creator and all arguments of `Variable` by keyword.
    """
    creators = get_default_graph().get_collection_ref(_CREATORS)
    before = list(creators)
    creators.append(variable_creator)
    try:
        yield
    finally:
        creators[:] = before


def default_creator(use_resource: bool | None = None, **kwargs: Any) -> Variable:
    """Make a variable of the kind that arguments, scope and setting ask for."""
    from metagraft.api.reference_variable import ReferenceVariable
    from metagraft.api.resource_variable import ResourceVariable
    from metagraft.api.variable_scope import get_variable_scope

    if use_resource is None:
        use_resource = get_variable_scope().use_resource
    if use_resource is None:
        use_resource = resource_variables_enabled()
    # The other arguments that only one kind knows would be a mistake of the caller.
    kwargs.pop("expected_shape", None)
    cls = ResourceVariable if use_resource else ReferenceVariable
    return cls(**kwargs)
