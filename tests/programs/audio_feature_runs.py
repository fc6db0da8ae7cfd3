"""Programs with features of sounds for small devices, and mistakes with them.

Each takes the module it calls `tf`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np


def _features(tf: ModuleType, audio: Any, **attrs: Any) -> Any:
    """Add the operation; TensorFlow has it in a module of its own."""
    if tf.__name__.startswith("metagraft"):
        op = importlib.import_module("metagraft.graph.apply_op").op
        return op("AudioMicrofrontend", audio=audio, **attrs)
    place = "tensorflow.lite.experimental.microfrontend.ops"
    names = importlib.import_module(f"{place}.gen_audio_microfrontend_op")
    return names.audio_microfrontend(audio, **attrs)


def _sound(seed: int, size: int, loudest: int) -> Any:
    """Return some tones and noise that become louder."""
    numbers = np.random.RandomState(seed)
    time = np.arange(size) / 16000
    tones = np.sin(2 * np.pi * 440 * time) + np.sin(2 * np.pi * 3100 * time * time)
    noise = numbers.standard_normal(size) * 0.2
    shown = (tones + noise) / 3 * loudest * np.linspace(0.05, 1, size)
    return np.clip(shown, -32768, 32767).astype(np.int16)


def _fetched(tf: ModuleType, fetches: list[Any]) -> list[Any]:
    with tf.Session() as session:
        return list(session.run(fetches))


def features(tf: ModuleType) -> list[Any]:
    """Loud, soft, silent and noisy sounds, with every stage on or off."""
    numbers = np.random.RandomState(4)
    sounds = [
        _sound(1, 3200, 32000),
        _sound(2, 2400, 700),
        np.zeros(1200, np.int16),
        numbers.randint(-32768, 32768, 1600).astype(np.int16),
        numbers.randint(-2, 3, 900).astype(np.int16),
    ]
    return _fetched(
        tf,
        [
            _features(tf, tf.constant(sound), **attrs)
            for sound in sounds
            for attrs in (
                {},
                {"enable_pcan": True},
                {"enable_log": False},
                {"enable_pcan": True, "enable_log": False, "pcan_strength": 0.7},
            )
        ],
    )


def frames(tf: ModuleType) -> list[Any]:
    """Frames of several sizes and rates, some left out, with those around them."""
    sound = tf.constant(_sound(3, 2000, 9000))
    return _fetched(
        tf,
        [
            _features(tf, sound, **attrs)
            for attrs in (
                {"window_size": 30, "window_step": 20, "num_channels": 40},
                {"sample_rate": 8000, "upper_band_limit": 3800.0},
                {"left_context": 2, "right_context": 1, "frame_stride": 3},
                {"left_context": 1, "right_context": 2, "zero_padding": True},
                {"out_scale": 7},
                {"out_scale": 7, "out_type": tf.float32},
                {"smoothing_bits": 12, "even_smoothing": 0.3, "odd_smoothing": 0.9},
                {"num_channels": 80, "lower_band_limit": 20.0, "scale_shift": 4},
                {"window_size": 200},
            )
        ],
    )


RUNS: dict[str, Callable[[ModuleType], list[Any]]] = {
    run.__name__: run for run in (features, frames)
}
MISTAKES: dict[str, Callable[[ModuleType], Any]] = {
    "band": lambda tf: _features(
        tf, tf.constant(_sound(3, 800, 9000)), upper_band_limit=8100.0
    ),
}
