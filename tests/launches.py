"""Sweeps launched from a test."""

from __future__ import annotations

from cases import changed, config

import gdlab

__all__ = ["changed", "config", "sweep"]


def sweep(uri, experiment, configs):
    """Launch a sweep of these configurations by name; returns the result of each."""
    return gdlab.sweep(list(configs.values()), uri, experiment, names=list(configs), workers=1)
