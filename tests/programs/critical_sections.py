"""Programs whose parts may not run at the same time, and mistakes with them."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any


def _variable(tf: ModuleType, name: str) -> Any:
    return tf.get_variable(name, initializer=0.0, use_resource=True)


def _count(tf: ModuleType, total: Any, step: Any) -> Callable[[], Any]:
    def count() -> Any:
        before = total.read_value()
        with tf.control_dependencies([before]):
            added = total.assign_add(step, read_value=False)
        with tf.control_dependencies([added]):
            return {"before": tf.identity(before)}

    return count


def critical_section(tf: ModuleType) -> list[Any]:
    """One section, entered three times, and another one that shares a variable."""
    total = _variable(tf, "total")
    section = tf.CriticalSection(name="section")
    other = tf.CriticalSection(shared_name="shared")
    return [
        section.execute(_count(tf, total, 3.0)),
        section.execute(_count(tf, total, 3.0), name="again"),
        section.execute(
            _count(tf, total, 5.0), exclusive_resource_access=False, name="third"
        ),
        other.execute(_count(tf, _variable(tf, "own"), 7.0)),
    ]


def _with_values(tf: ModuleType, fetches: list[Any], runs: int) -> list[Any]:
    found: list[Any] = []
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(runs):
            values = session.run(fetches)
            found += [sorted(float(value["before"]) for value in values)]
        return [*found, *session.run(tf.global_variables())]


def one_run(tf: ModuleType) -> list[Any]:
    """All uses of one section in one run, in any order, several times."""
    total = _variable(tf, "total")
    section = tf.CriticalSection()
    uses = [section.execute(_count(tf, total, 2.0)) for _ in range(4)]
    return _with_values(tf, uses, 3)


def several_sections(tf: ModuleType) -> list[Any]:
    """Sections with variables of their own, in one run."""
    sections = [tf.CriticalSection() for _ in range(3)]
    uses = [
        section.execute(_count(tf, _variable(tf, f"v{i}"), float(i)))
        for i, section in enumerate(sections)
    ]
    return _with_values(tf, uses, 2)


def nested_sections(tf: ModuleType) -> list[Any]:
    """One section is entered inside of another one."""
    outer, inner = tf.CriticalSection(), tf.CriticalSection()
    first, second = _variable(tf, "first"), _variable(tf, "second")

    def both() -> Any:
        found = _count(tf, first, 1.0)()
        with tf.control_dependencies([found["before"]]):
            other = inner.execute(
                _count(tf, second, 10.0), exclusive_resource_access=False
            )
        return {"before": found["before"] + other["before"]}

    uses = [
        outer.execute(both, exclusive_resource_access=False),
        inner.execute(_count(tf, second, 10.0), exclusive_resource_access=False),
    ]
    found = _with_values(tf, uses, 2)
    return [sum(found[0]), sum(found[1]), *found[2:]]


RUNS: dict[str, Callable[[ModuleType], list[Any]]] = {
    run.__name__: run for run in (one_run, several_sections)
}
PROGRAMS = (critical_section,)


def _shared(tf: ModuleType) -> Any:
    total = _variable(tf, "total")
    tf.CriticalSection(name="a").execute(_count(tf, total, 1.0))
    return tf.CriticalSection(name="b").execute(_count(tf, total, 1.0))


def _reentered(tf: ModuleType) -> Any:
    section = tf.CriticalSection(name="a")
    return section.execute(lambda: section.execute(lambda: tf.constant(1.0)))


MISTAKES: dict[str, Callable[[ModuleType], Any]] = {
    "defined": lambda tf: tf.CriticalSection(critical_section_def=3),
    "named_and_defined": lambda tf: tf.CriticalSection("a", critical_section_def=3),
    "reentered": _reentered,
}
