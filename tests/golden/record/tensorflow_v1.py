"""TensorFlow as the recorders use it: graphs of version 1, older Keras, few words."""

from __future__ import annotations

import importlib
import os
import warnings
from types import ModuleType


def load() -> ModuleType:
    """Return `tensorflow.compat.v1` with the behaviour of version 2 switched off."""
    os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tf = importlib.import_module("tensorflow.compat.v1")
        tf.logging.set_verbosity(tf.logging.FATAL)
        tf.disable_v2_behavior()
    return tf
