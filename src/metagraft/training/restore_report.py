"""What a restore did, and everything that did not fit, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from metagraft.graph.dtypes import DType
from metagraft.graph.shapes import Dims
from metagraft.training.similar_names import rename_that_helps, similar

_LISTED_MAX: Final = 20
_EXPLAINED_MAX: Final = 10


@dataclass(frozen=True, slots=True)
class TensorOutline:
    """A tensor of a checkpoint, or a variable of a graph, without its value.

    Attributes:
        name: Its name.
        dtype: Its element type.
        shape: Its shape; in graphs, None for what is not known.
    """

    name: str
    dtype: DType
    shape: Dims

    def __str__(self) -> str:
        """Format as `name float32 [2, 3]`."""
        return f"{self.name} {self.dtype.name} {shown_shape(self.shape)}"


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A variable and the tensor of its name, which cannot be its value.

    Attributes:
        variable: The variable, as the graph declares it.
        stored: The tensor, as the checkpoint has it.
    """

    variable: TensorOutline
    stored: TensorOutline

    @property
    def is_of_another_type(self) -> bool:
        """Whether the element types differ, and not only the shapes."""
        return self.variable.dtype != self.stored.dtype

    def __str__(self) -> str:
        """Format as `name (in the checkpoint ..., in the graph ...)`."""
        here, there = (
            (self.variable.dtype.name, self.stored.dtype.name)
            if self.is_of_another_type
            else (shown_shape(self.variable.shape), shown_shape(self.stored.shape))
        )
        name = self.variable.name
        if self.stored.name != name:
            name = f"{name} from {self.stored.name}"
        return f"{name} (in the checkpoint {there}, in the graph {here})"


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What a restore did, and what it found.

    Attributes:
        checkpoint: The checkpoint, as its prefix, or the file of weights.
        fitting: The names of tensors by the names of the variables that they fit.
        fitting_tables: The names of tables that the checkpoint has keys and values of.
        is_done: Whether these variables and tables have their values now.
        excluded: Names of variables that the caller left out.
        missing: Variables that the checkpoint has no tensor for.
        mismatching: Variables whose tensor has another type or shape.
        unexpected: Tensors of the checkpoint that no variable asks for.
    """

    checkpoint: str
    fitting: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType({}), repr=False
    )
    fitting_tables: tuple[str, ...] = ()
    is_done: bool = False
    excluded: tuple[str, ...] = ()
    missing: tuple[TensorOutline, ...] = ()
    mismatching: tuple[Mismatch, ...] = ()
    unexpected: tuple[TensorOutline, ...] = ()

    @property
    def restored(self) -> Mapping[str, str]:
        """The names of tensors by the names of the variables that took them."""
        return self.fitting if self.is_done else MappingProxyType({})

    @property
    def restored_tables(self) -> tuple[str, ...]:
        """The names of the tables that took keys and values."""
        return self.fitting_tables if self.is_done else ()

    @property
    def fits(self) -> bool:
        """Whether checkpoint and variables fit, with nothing left on either side."""
        return not (self.missing or self.mismatching or self.unexpected)

    def similar_to(self, name: str) -> tuple[TensorOutline, ...]:
        """Return unused tensors that a missing variable may mean, the likeliest first.

        Args:
            name: The variable.

        Raises:
            KeyError: It is not missing.
        """
        for variable in self.missing:
            if variable.name == name:
                return similar(variable, self.unexpected)
        raise KeyError(name)

    @property
    def helpful_rename(self) -> dict[str, str]:
        """The one change of a scope that would help most; empty if none helps."""
        return rename_that_helps(self.missing, self.unexpected, self.fitting.values())

    def __str__(self) -> str:
        """Format as lines: numbers first, then names, at most 20 of a kind."""
        restored = len(self.restored)
        plural = "" if restored == 1 else "s"
        head = f"{self.checkpoint}: {restored} variable{plural} restored"
        if self.restored_tables:
            head += f", and the tables {', '.join(self.restored_tables)}"
        if self.excluded:
            head += f", {len(self.excluded)} left out as asked"
        return "\n".join([f"{head}.", *self.problem_lines()])

    def problem_lines(self) -> Iterator[str]:
        """Yield a line for each kind of thing that does not fit, and suggestions."""
        if self.missing:
            names = (variable.name for variable in self.missing)
            yield _line("missing in the checkpoint", names)
        by_type = [str(m) for m in self.mismatching if m.is_of_another_type]
        by_shape = [str(m) for m in self.mismatching if not m.is_of_another_type]
        if by_type:
            yield _line("of another type", by_type)
        if by_shape:
            yield _line("of another shape", by_shape)
        if self.unexpected:
            names = (tensor.name for tensor in self.unexpected)
            yield _line("in the checkpoint and not used", names)
        yield from self.suggestion_lines()

    def suggestion_lines(self) -> Iterator[str]:
        """Yield what missing variables may be called in the checkpoint."""
        rename = self.helpful_rename
        if rename:
            ((old, new),) = rename.items()
            yield (
                f"The same names differ by a scope: '{old}' in the checkpoint is "
                f"'{new}' in the graph; metagraft.restore takes rename={rename!r}."
            )
            return
        for variable in self.missing[:_EXPLAINED_MAX]:
            found = similar(variable, self.unexpected)
            if found:
                names = ", ".join(str(tensor) for tensor in found)
                yield f"For {variable} the checkpoint may mean: {names}."


def shown_shape(shape: Dims) -> str:
    """Format a shape as a Python list, with `?` for what is not known."""
    if shape is None:
        return "of any shape"
    return f"[{', '.join('?' if size is None else str(size) for size in shape)}]"


def _line(kind: str, names: Iterable[str]) -> str:
    ordered = sorted(names)
    shown = ", ".join(ordered[:_LISTED_MAX])
    rest = len(ordered) - _LISTED_MAX
    return f"{len(ordered)} {kind}: {shown}{f' and {rest} more' if rest > 0 else ''}."
