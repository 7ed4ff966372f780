"""The chapters of the report, in the order of its argument."""

from __future__ import annotations

from typing import NamedTuple


class Chapter(NamedTuple):
    """A title, and what the chapter is about in a sentence or two."""

    title: str
    lead: str


DOWNHILL = Chapter(
    "Downhill",
    "A cost says how wrong a network is; its gradient says which way to change every weight. Descent takes a step "
    "against the gradient, η times its size, and repeats.",
)
STEPS = Chapter(
    "How large a step",
    "Too small a learning rate crawls, too large a one bounces or explodes. On a parabola the border is at η = 2/λ, "
    "with λ the curvature. A network's curvature changes as it learns.",
)
RULES = Chapter(
    "Better steps",
    "Mini-batches make steps cheaper, momentum and adaptive rates change their direction and length, schedules shrink "
    "them. Each is compared at the learning rate that suits it.",
)
ENDS = Chapter(
    "Where descent ends",
    "A run's start and its order of mini-batches are random. Runs that differ in nothing else show what chance "
    "decides.",
)
SIZES = Chapter(
    "Wider networks",
    "What changes from networks of one hidden unit to networks of hundreds.",
)
CHAPTERS = (DOWNHILL, STEPS, RULES, ENDS, SIZES)
