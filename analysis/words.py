"""Numbers, names and lists in plain English, for captions, findings and tables."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

EPONYMOUS = ("himmelblau", "rastrigin", "rosenbrock")  # landscapes named after their authors
ROUNDED = 2e-4  # the relative error of a learning rate that may be printed shorter: 9.999 of a log-spaced axis is 10


def sentences(*parts: str) -> str:
    """Parts joined as sentences, with capitals and full stops; empty parts are left out."""
    return " ".join(f"{part[0].upper() if part[0].isascii() else part[0]}{part[1:]}." for part in parts if part)


def spoken(name: str) -> str:
    """A name in words: gradient_descent is gradient descent."""
    return name.replace("_", " ")


def landscape(name: str) -> str:
    """A landscape in words: the ravine, Himmelblau's function."""
    name = spoken(name)
    return f"{name.capitalize()}'s function" if name in EPONYMOUS else f"the {name}"


def listed(words: Sequence[str]) -> str:
    """A list in words: a, b and c."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def plural(count: int, noun: str) -> str:
    """A count and its noun: 1 run, 2 runs."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def number(value: object) -> str:
    """A value from a frame; a whole number has no decimal point."""
    if isinstance(value, float):
        return f"{int(value):,}" if value.is_integer() else f"{value:g}"
    return f"{value:,}" if isinstance(value, int | np.integer) and not isinstance(value, bool) else str(value)


def rate(value: float) -> str:
    """A learning rate in up to four digits, fewer where they are as good."""
    texts = [f"{float(f'{value:.{digits}g}'):g}" for digits in range(1, 5)]
    shortest = next((text for text in texts if abs(float(text) - value) <= ROUNDED * abs(value)), texts[-1])
    return f"{float(shortest):g}"  # 10, not 1e+01


def rates(low: float, high: float) -> str:
    """A range of learning rates: at η = 0.1, or at η from 0.1 to 1."""
    return f"at η = {rate(low)}" if low == high else f"at η from {rate(low)} to {rate(high)}"


def estimate(value: float, low: float, high: float, form: str, *, is_range: bool = False) -> str:
    """An estimate with its interval in brackets, or with its range, or alone where it has neither."""
    if math.isnan(low):
        return f"{value:{form}}"
    bounds = f"(range {low:{form}} to {high:{form}})" if is_range else f"[{low:{form}}, {high:{form}}]"
    return f"{value:{form}} {bounds}"


def cell(value: object) -> str:
    """A value in a table: numbers to four digits, missing ones empty."""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if not isinstance(value, float):
        return number(value)
    if math.isnan(value):
        return ""
    positional = 1000 <= abs(value) < 1e6 or (value.is_integer() and 1 <= abs(value) < 1000)
    return f"{value:,.0f}" if positional else f"{value:.4g}"
