"""`hydra/sweeper=grid`: Hydra's basic sweeper, with log-spaced axes, axes that vary together, cases, and a search.

- `geomspace:0.001:1000:25` is 25 log-spaced values from 0.001 to 1000, as NumPy's geomspace; to four digits, or as many
  more as tell neighbours apart.
- `hydra.sweeper.zip=[[problem.batch_size,optimizer.learning_rate]]` lets the two axes vary together instead of crossing
  them; they must have equally many values.
- `hydra.sweeper.cases` lists texts of overrides, which may be axes too; the axes of the sweep cross with these.
- `hydra.sweeper.search={axis: optimizer.learning_rate, low: 0.001, high: 1000}` closes in, for each case, on the value
  of an axis at which runs begin to diverge, until it is known to a fraction `tolerance`, 0.01. A task says that a run
  has diverged by returning inf.
"""

import math
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.core.utils import JobReturn, JobStatus, filter_overrides
from hydra.errors import HydraException
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from hydra_plugins._search import Ends, Search

GEOMSPACE = "geomspace:"
FORM = "geomspace:START:STOP:COUNT, like geomspace:0.001:1000:25, with positive ends and a count of at least 2"
DIGITS = 4


@dataclass
class SearchConf:
    """As `Ends`; nothing is searched while there is no axis."""

    axis: str | None = None
    low: float | None = None
    high: float | None = None
    tolerance: float = 0.01
    points: int = 7


@dataclass
class GridSweeperConf:
    """As the basic sweeper's, and what the module says of `zip`, `cases` and `search`."""

    _target_: str = "hydra_plugins.grid_sweeper.GridSweeper"
    max_batch_size: int | None = None
    params: dict[str, str] | None = None
    zip: list[list[str]] = field(default_factory=list)
    cases: list[str] = field(default_factory=list)
    search: SearchConf = field(default_factory=SearchConf)


ConfigStore.instance().store(group="hydra/sweeper", name="grid", node=GridSweeperConf, provider="gdlab")


class SweepFailed(HydraException):
    """Some jobs of a sweep failed, or it did not find what it searched; the message names them."""


class GridSweeper(BasicSweeper):
    """Crosses the axes of a sweep, but for those that vary together."""

    def __init__(
        self,
        max_batch_size: int | None,
        params: dict[str, str] | None = None,
        zip: Sequence[Sequence[str]] = (),
        cases: Sequence[str] = (),
        search: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(max_batch_size, params)
        self.together = [list(keys) for keys in zip]
        self.cases = [parted(case) for case in cases] or [[]]
        self.ends = Ends(**search) if search and search["axis"] else None
        self.searches: list[Search] = []
        self.round: list[tuple[Search, float]] = []

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        super().setup(hydra_context=hydra_context, task_function=task_function, config=config)
        assert self.launcher is not None
        self.launcher = _Noting(self.launcher)

    def split_arguments(  # type: ignore[override]  # the basic sweeper's is static, and called as a method
        self, overrides: list[Override], max_batch_size: int | None
    ) -> list[list[list[str]]]:
        """All jobs, each as its overrides, in batches; none where they are made round by round."""
        assert self.hydra_context is not None
        parser = OverridesParser.create(config_loader=self.hydra_context.config_loader)
        cases = [job for case in self.cases for job in grid(parser.parse_overrides(case), ())]
        jobs = [[*case, *axes] for case in cases for axes in grid(overrides, self.together)]
        if self.ends is None:
            return list(self.split_overrides_to_chunks(jobs, max_batch_size))
        if any(override.get_key_element() == self.ends.axis for override in overrides):
            raise HydraException(f"{self.ends.axis} is searched here: say where with hydra.sweeper.search.low and high")
        self.searches, self.round = [Search(job, self.ends) for job in jobs], []
        return []

    def is_done(self) -> bool:
        """Whether all jobs are launched; a search takes in what its last round came to, and sets up the next."""
        if self.ends is None:
            return super().is_done()
        assert isinstance(self.launcher, _Noting)
        came = {tuple(result.overrides or ()): float(result.return_value) for result in self.launcher.last}
        for search in {id(search): search for search, _ in self.round}.values():
            jobs = {value: tuple(filter_overrides(search.job(value))) for each, value in self.round if each is search}
            search.learn({value: came[job] for value, job in jobs.items() if job in came})
        self.round = [(search, value) for search in self.searches for value in search.ahead()]
        return not self.round

    def get_job_batch(self) -> Sequence[Sequence[str]]:
        if self.ends is None:
            return super().get_job_batch()
        return [list(search.job(value)) for search, value in self.round]

    def validate_batch_is_legal(self, batch: Sequence[Sequence[str]]) -> None:
        """Compose every job beforehand, unless the launcher does that itself."""
        assert isinstance(self.launcher, _Noting)
        if not self.launcher.composes_all:
            super().validate_batch_is_legal(batch)

    def sweep(self, arguments: list[str]) -> Any:
        """Launch all jobs; raises `SweepFailed` when some have failed, after all are done."""
        returns = super().sweep(arguments)
        assert isinstance(self.launcher, _Noting)
        for search in self.searches:
            if search.border:
                print(f"border: {search.border}")
        if failed := self.launcher.failed:
            raise SweepFailed(f"{len(failed)} of {self.launcher.count} runs failed: {'; '.join(failed)}")
        if troubles := [search.trouble for search in self.searches if search.trouble]:
            raise SweepFailed(f"no border found: {'; '.join(troubles)}")
        return returns


class _Noting(Launcher):
    """Passes jobs on to a launcher, and keeps the failed ones from ending the sweep."""

    def __init__(self, launcher: Launcher) -> None:
        self.launcher = launcher
        self.count, self.failed = 0, list[str]()
        self.last: Sequence[JobReturn] = ()

    @property
    def composes_all(self) -> bool:
        together = getattr(self.launcher, "together", None)
        return together is not None and together() is not None

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.launcher.setup(hydra_context=hydra_context, task_function=task_function, config=config)

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        results = self.launcher.launch(job_overrides, initial_job_idx)
        failed = [result for result in results if result.status == JobStatus.FAILED]
        self.count += len(results)
        self.failed += [" ".join(result.overrides or ()) for result in failed]
        self.last = [result for result in results if result not in failed]
        return self.last


def parted(case: str) -> list[str]:
    """The overrides of a case."""
    try:
        return shlex.split(case)
    except ValueError as error:
        raise ValueError(f"hydra.sweeper.cases must list texts of overrides, got {case!r}: {error}") from None


def grid(overrides: Sequence[Override], together: Sequence[Sequence[str]]) -> list[list[str]]:
    """All jobs that these overrides ask for, each as its own overrides."""
    return crossed({override.get_key_element(): values(override) for override in overrides}, together)


def values(override: Override) -> list[str]:
    """What an override says for each value along its axis."""
    key = override.get_key_element()
    if override.is_sweep_override():
        if not override.is_discrete_sweep():
            raise HydraException(f"{key} must list its values, or give them as {FORM}")
        return [f"{key}={value}" for value in override.sweep_string_iterator()]
    value = override.value()
    if isinstance(value, str) and value.startswith(GEOMSPACE):
        return [f"{key}={each!r}" for each in geomspace(key, value)]
    return [f"{key}={override.get_value_element_as_str()}"]


def geomspace(key: str, text: str) -> list[float]:
    """Log-spaced values, the ends among them."""
    try:
        start, stop, count = text.removeprefix(GEOMSPACE).split(":")
        low, high, points = float(start), float(stop), int(count)
        if not (0 < low < math.inf and 0 < high < math.inf and low != high and points >= 2):
            raise ValueError
    except ValueError:
        raise HydraException(f"{key} must be {FORM}, got {text}") from None
    ratio = abs(math.log(high / low)) / (points - 1)
    digits = max(DIGITS, math.ceil(2.4 - math.log10(ratio)))  # rounding moves no value by 2 % of the way to the next
    inner = [low * (high / low) ** (i / (points - 1)) for i in range(1, points - 1)]
    return [low, *(float(f"{value:.{digits}g}") for value in inner), high]


def crossed(axes: dict[str, list[str]], together: Sequence[Sequence[str]]) -> list[list[str]]:
    """Every combination of the axes' values, where those that vary together count as one axis."""
    named = [key for keys in together for key in keys]
    for keys in together:
        for key in keys:
            if named.count(key) > 1:
                raise HydraException(f"hydra.sweeper.zip names {key} twice")
            if key not in axes:
                raise HydraException(f"hydra.sweeper.zip names {key}, which this sweep does not vary")
        lengths = {key: len(axes[key]) for key in keys}
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"{key} has {length}" for key, length in lengths.items())
            raise HydraException(f"hydra.sweeper.zip needs equally many values, but {told}")
    group_of = {key: keys for keys in together for key in keys}
    bundles: list[list[tuple[tuple[str, str], ...]]] = []
    done: set[str] = set()
    for key in axes:
        if key in done:
            continue
        keys = [name for name in axes if name in group_of.get(key, [key])]
        done.update(keys)
        bundles.append([tuple(zip(keys, texts, strict=True)) for texts in zip(*(axes[k] for k in keys), strict=True)])
    order = list(axes)
    jobs = []
    for combination in product(*bundles):
        stated = dict(pair for bundle in combination for pair in bundle)
        jobs.append([stated[key] for key in order])
    return jobs
