"""A study: an experiment's runs, with the figures and findings made of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis import frames
from analysis.chapters import Chapter
from analysis.items import StudyResult
from gdlab.blas import one_thread


@dataclass(frozen=True, kw_only=True)
class Study:
    """A study of the runs of `conf/experiment/<name>.yaml`.

    `analyze` takes the frames that `load` returns, the runs first. `small` are the overrides of the small version,
    `minutes` the full version's time on two cores. `order` is its place in its chapter of the report. The name is that
    of its module, the question the description of its experiment in conf/.
    """

    title: str
    chapter: Chapter
    order: int
    minutes: float
    analyze: Callable[..., StudyResult]
    load: Callable[[str, str], tuple[Any, ...]] = frames.load
    small: Sequence[str] = ()
    name: str = ""
    question: str = ""

    def result(self, uri: str, experiment: str | None = None) -> tuple[pd.DataFrame, StudyResult]:
        """The runs of an experiment, by default that of the study's name, and the result of analyzing them."""
        with one_thread():  # so that a product's last bits are those of the runs
            loaded = self.load(uri, experiment or self.name)
            return loaded[0], self.analyze(*loaded)

    @property
    def command(self) -> str:
        """The command that launches it."""
        return f"python experiments/train.py -m experiment={self.name}"
