"""The machine that a run is computed on, as tags: another processor has another last bit."""

from __future__ import annotations

import platform
from contextlib import suppress
from functools import cache
from pathlib import Path

from gdlab.blas import kernel

PROCESSOR, BLAS = "gdlab.processor", "gdlab.blas"


@cache
def machine() -> dict[str, str]:
    """The processor's model and the BLAS with its kernel, as tags."""
    return {PROCESSOR: _processor(), BLAS: kernel()}


def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
