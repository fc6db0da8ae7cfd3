"""Programs that let variables take their initial values from a checkpoint."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

NEW_WORDS = "cherry\napple\nfig\nbanana\n"
OLD_WORDS = "apple\nbanana\ncherry\ndate\n"


def cut(shape: Any, dtype: Any) -> list[int]:
    """Cut the first axis in two."""
    del dtype
    return [2] + [1] * (len(shape) - 1)


def write_checkpoint(tf: ModuleType) -> None:
    """Write the checkpoint `old` and two vocabularies into the folder."""
    Path("new.txt").write_text(NEW_WORDS, encoding="utf-8")
    Path("old.txt").write_text(OLD_WORDS, encoding="utf-8")
    matrix = np.arange(12.0, dtype=np.float32).reshape(4, 3)
    with tf.Graph().as_default(), tf.Session() as session:
        with tf.variable_scope("one"):
            tf.get_variable("v", initializer=[1.0, 2.0])
            with tf.variable_scope("two"):
                tf.get_variable("w", initializer=matrix)
        tf.get_variable("top", initializer=[3.0, 4.0])
        tf.get_variable("embedding", initializer=matrix)
        tf.get_variable("softmax", initializer=matrix.T)
        session.run(tf.global_variables_initializer())
        tf.train.Saver().save(session, "old")


@contextlib.contextmanager
def folder_with_checkpoint(tf: ModuleType) -> Iterator[None]:
    """Work in a folder with the checkpoint."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        write_checkpoint(tf)
        yield


def initialised_from_checkpoint(tf: ModuleType) -> None:
    """MG-320: by name, by variable, by pieces and by scope; both kinds."""
    zeros = tf.zeros_initializer()
    with folder_with_checkpoint(tf):
        with tf.variable_scope("a"):
            tf.get_variable("v", [2], initializer=zeros)
            with tf.variable_scope("two"):
                tf.get_variable("w", [4, 3], initializer=zeros, use_resource=True)
        with tf.device("/gpu:0"):
            chosen = tf.get_variable("chosen", [2], use_resource=True)
        pieces = tf.get_variable("p", [4, 3], initializer=zeros, partitioner=cut)
        tf.get_variable(
            "q", [4, 3], initializer=zeros, partitioner=cut, use_resource=True
        )
        tf.train.init_from_checkpoint("old", {"one/": "a/", "top": chosen})
        tf.train.init_from_checkpoint(
            "old", [("embedding", list(pieces)), ("embedding", "q")]
        )
        tf.train.init_from_checkpoint("old", {"one/v": "a/v"})


def warm_started(tf: ModuleType) -> None:
    """MG-320: all trainable variables, and chosen ones."""
    with folder_with_checkpoint(tf):
        with tf.variable_scope("one"):
            tf.get_variable("v", [2])
        tf.get_variable("top", [2], trainable=False)
        tf.get_variable("embedding", [4, 3], partitioner=cut)
        tf.train.warm_start("old")
        tf.train.warm_start("old", ["top", "one/v"])
        tf.train.warm_start("old", var_name_to_prev_var_name={"one/v": "top"})


def warm_started_with_vocabularies(tf: ModuleType) -> None:
    """MG-320: rows and columns by word, with and without pieces and buckets."""
    with folder_with_checkpoint(tf):
        tf.get_variable("embedding", [6, 3], use_resource=True)
        tf.get_variable("softmax", [3, 4])
        with tf.variable_scope("cut", partitioner=cut):
            tf.get_variable("embedding", [6, 3])
            tf.get_variable("softmax", [3, 5])
        rows = tf.train.VocabInfo("new.txt", 4, 2, "old.txt", 3)
        ones = tf.ones_initializer()
        tf.train.warm_start(
            "old",
            var_name_to_vocab_info={
                "embedding": rows,
                "cut/embedding": rows._replace(backup_initializer=ones),
                "softmax": tf.train.VocabInfo("new.txt", 4, 0, "old.txt", axis=1),
                "cut/softmax": tf.train.VocabInfo(
                    "new.txt", 4, 1, "old.txt", backup_initializer=ones, axis=1
                ),
            },
            var_name_to_prev_var_name={
                "cut/embedding": "embedding",
                "cut/softmax": "softmax",
            },
        )


PROGRAMS: tuple[Callable[[ModuleType], None], ...] = (
    initialised_from_checkpoint,
    warm_started,
    warm_started_with_vocabularies,
)
