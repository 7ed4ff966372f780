"""Measurements, one file each: what can be measured of a problem beside a run of it.

A measurement is one job of a sweep like any run, and tracked like one: a table, and the numbers that sum it up. Its
settings are the section `measurement` of a configuration.
"""

from __future__ import annotations

from typing import Any

from gdlab.measure.measurements.measurement import Measurement, MeasurementResult, Setting
from gdlab.registry import Registry

MEASUREMENTS: Registry[type[Any]] = Registry("measurement", __name__)

__all__ = ["MEASUREMENTS", "Measurement", "MeasurementResult", "Setting"]

__getattr__ = MEASUREMENTS.class_named
