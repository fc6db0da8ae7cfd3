"""`tf.flags`: names of arguments, and access to values."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from absl import flags as absl_flags

import metagraft.compat.v1 as tf


@pytest.fixture
def names() -> Iterator[list[str]]:
    """Names of flags, taken away after the test."""
    made: list[str] = []
    yield made
    for name in made:
        delattr(absl_flags.FLAGS, name)


def test_names_of_arguments(names: list[str]) -> None:
    """Arguments have absl's names, or TensorFlow's older ones."""
    names += ["mg_new", "mg_old", "mg_bounded"]
    tf.flags.DEFINE_string(name="mg_new", default="a", help="A flag.")
    tf.app.flags.DEFINE_float(flag_name="mg_old", default_value=0.5, docstring="Other.")
    tf.flags.DEFINE_integer("mg_bounded", 3, "A number.", 0, 5)
    values = tf.flags.FLAGS
    values(["program", "--mg_new=b"])
    assert (values.mg_new, values.mg_old, values.mg_bounded) == ("b", 0.5, 3)
    with pytest.raises(tf.flags.IllegalFlagValueError):
        values.mg_bounded = 9


def test_methods_do_not_parse() -> None:
    """Asking for a method does not read the command line."""
    was_parsed = absl_flags.FLAGS.is_parsed()
    assert callable(tf.flags.FLAGS.flag_values_dict)
    assert tf.flags.FLAGS.is_parsed() == was_parsed


def test_flags_as_a_mapping(names: list[str]) -> None:
    """Flags are counted, listed and taken away."""
    before = len(tf.flags.FLAGS)
    tf.flags.DEFINE_bool("mg_short", False, "A flag.")
    assert len(tf.flags.FLAGS) == before + 1
    assert "mg_short" in list(tf.flags.FLAGS)
    assert isinstance(tf.flags.FLAGS["mg_short"], tf.flags.Flag)
    del tf.flags.FLAGS.mg_short
    assert "mg_short" not in tf.flags.FLAGS
