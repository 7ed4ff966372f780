"""`hydra/sweeper=grid`: crosses the axes of a sweep, as Hydra's basic sweeper does, with some additions.

- `geomspace:0.001:1000:25` is 25 log-spaced values from 0.001 to 1000, as NumPy's geomspace; to four digits, or as many
  more as tell neighbours apart.
- `hydra.sweeper.zip=[[problem.batch_size,optimizer.learning_rate]]` lets the two axes vary together instead of crossing
  them; they must have the same number of values.
- `hydra.sweeper.cases` lists override strings, which may be axes too, each crossed with the swept axes.
- `hydra.sweeper.search={axis: optimizer.learning_rate, low: 0.001, high: 1000}` searches, for each case, for the
  smallest value of an axis at which runs diverge, to within `tolerance`, 1%. A task reports a diverged run by
  returning inf.
"""

import logging
import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobStatus
from hydra.errors import HydraException
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from hydra_plugins._axes import grid
from hydra_plugins._search import Objectives, Search, SearchSettings, search_all

MOST_NAMED = 5  # failed runs in a message

log = logging.getLogger("gdlab.sweeper")  # under the name that `hydra.verbose=gdlab` shows


@dataclass
class SearchConf:
    """`SearchSettings` as Hydra configures them; there is no search without an axis."""

    axis: str | None = None
    low: float | None = None
    high: float | None = None
    tolerance: float = SearchSettings.tolerance
    points: int = SearchSettings.points


@dataclass
class GridSweeperConf:
    """The settings of Hydra's basic sweeper, then those that the module describes."""

    _target_: str = "hydra_plugins.grid_sweeper.GridSweeper"
    max_batch_size: int | None = None
    params: dict[str, str] | None = None
    zip: list[list[str]] = field(default_factory=list)
    cases: list[str] = field(default_factory=list)
    search: SearchConf = field(default_factory=SearchConf)


ConfigStore.instance().store(group="hydra/sweeper", name="grid", node=GridSweeperConf, provider="gdlab")


class SweepFailed(HydraException):
    """Some jobs of a sweep failed, or a search found no border; the message names them."""


class GridSweeper(Sweeper):
    """Launches every combination of the axes' values, or searches along one axis for each combination of the others."""

    def __init__(
        self,
        max_batch_size: int | None,
        params: Mapping[str, str] | None,
        zip: Sequence[Sequence[str]],
        cases: Sequence[str],
        search: Mapping[str, Any],
    ) -> None:
        if max_batch_size is not None and max_batch_size < 1:
            raise ValueError(f"hydra.sweeper.max_batch_size must be at least 1, got {max_batch_size}")
        self.max_batch_size = max_batch_size
        self.params = [f"{key}={value}" for key, value in (params or {}).items()]
        self.zipped = [list(keys) for keys in zip]
        self.cases = [split_case(case) for case in cases] or [[]]
        self.search = SearchSettings(**search) if search["axis"] else None

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.hydra_context, self.config = hydra_context, config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )
        self.count = 0
        self.failed: list[str] = []

    def sweep(self, arguments: list[str]) -> None:
        """Launch all jobs; raises `SweepFailed` when some have failed, after all are done."""
        assert self.config is not None and self.hydra_context is not None
        jobs = self.jobs(OverridesParser.create(config_loader=self.hydra_context.config_loader), arguments)
        folder = Path(self.config.hydra.sweep.dir)
        folder.mkdir(parents=True, exist_ok=True)
        OmegaConf.save(self.config, folder / "multirun.yaml")
        searches = [Search(job, self.search) for job in jobs] if self.search else []
        if self.search:
            search_all(searches, self.launch)
        else:
            self.launch(jobs)
        for search in searches:
            if search.border:
                print(f"border: {search.border}")
        if self.failed:
            raise SweepFailed(f"{len(self.failed)} of {self.count} runs failed: {first_few(self.failed)}")
        if problems := [search.problem for search in searches if search.problem]:
            raise SweepFailed(f"no border found: {first_few(problems)}")

    def jobs(self, parser: OverridesParser, arguments: Sequence[str]) -> list[list[str]]:
        """The overrides of each job, or of each search."""
        overrides = parser.parse_overrides([*self.params, *arguments])
        stated = [parser.parse_overrides(case) for case in self.cases]
        self.check_keys(overrides, stated)
        cases = [job for case in stated for job in grid(case)]
        axes = grid(overrides, self.zipped)
        log.debug("%d jobs: %d cases × %d combinations of the axes", len(cases) * len(axes), len(cases), len(axes))
        return [[*case, *job] for case in cases for job in axes]

    def check_keys(self, overrides: Sequence[Override], cases: Sequence[Sequence[Override]]) -> None:
        """Check that no key is set twice: by the command line, in the cases, or by the search."""
        keys = {override.get_key_element() for override in overrides}
        axis = self.search.axis if self.search else None
        if axis in keys:
            raise HydraException(f"{axis} is searched here: give its range as hydra.sweeper.search.low and high")
        for key in (override.get_key_element() for case in cases for override in case):
            if key in keys or key == axis:
                raise HydraException(f"{key} is set by hydra.sweeper.cases: change it there, or give other cases")

    def launch(self, jobs: Sequence[Sequence[str]]) -> Objectives:
        """Launch jobs, in batches; returns what the task returned for each, None where it failed."""
        size = self.max_batch_size or len(jobs)
        batches = [jobs[start : start + size] for start in range(0, len(jobs), size)]
        results = [result for batch in batches for result in self.launch_batch(batch)]
        return [None if result.status == JobStatus.FAILED else result.return_value for result in results]

    def launch_batch(self, batch: Sequence[Sequence[str]]) -> Sequence[JobReturn]:
        """Launch some jobs at once, and note which of them failed."""
        assert self.launcher is not None
        start = time.perf_counter()
        if not getattr(self.launcher, "composes_first", False):
            self.validate_batch_is_legal(batch)
        results = self.launcher.launch(batch, initial_job_idx=self.count)
        failed = [" ".join(result.overrides or ()) for result in results if result.status == JobStatus.FAILED]
        self.failed += failed
        self.count += len(batch)
        log.debug("ran %d jobs in %.2f s, %d failed", len(batch), time.perf_counter() - start, len(failed))
        return results


def first_few(texts: Sequence[str]) -> str:
    """The first texts of a list, and how many more there are."""
    more = len(texts) - MOST_NAMED
    return "; ".join([*texts[:MOST_NAMED], *([f"and {more} more"] if more > 0 else [])])


def split_case(case: str) -> list[str]:
    """The overrides in a case's string."""
    try:
        return shlex.split(case)
    except ValueError as error:
        raise ValueError(f"hydra.sweeper.cases must list override strings, got {case!r}: {error}") from None
