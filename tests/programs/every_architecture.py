"""Every small network of a well-known architecture that needs no contrib."""

from __future__ import annotations

from tests.programs import (
    architectures_detection,
    architectures_generation,
    architectures_images,
    architectures_tables,
    architectures_text,
)

PROGRAMS = (
    *architectures_images.PROGRAMS,
    *architectures_generation.PROGRAMS,
    *architectures_detection.PROGRAMS,
    *architectures_text.PROGRAMS,
    *architectures_tables.PROGRAMS,
)
