"""Measurements of a problem, one file each.

A measurement is a job of a sweep as a run is, and is tracked like one; its result is a table and summary metrics. Its
settings are the section `measurement` of a configuration.
"""

from __future__ import annotations

from typing import Any

from gdlab.measure.measurements.measurement import Measurement, MeasurementResult, Setting
from gdlab.registry import Registry

MEASUREMENTS: Registry[type[Any]] = Registry("measurement", __name__)

__all__ = ["MEASUREMENTS", "Measurement", "MeasurementResult", "Setting"]

__getattr__ = MEASUREMENTS.class_named
