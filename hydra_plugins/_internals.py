"""All uses of Hydra's and OmegaConf's internals, so that only this module depends on their versions.

Everything else in this package and in experiments/ keeps to documented interfaces, and to the parts of `hydra.core` on
which Hydra's own example plugins are built. Each function says what it is for, what public code it stands in for, and
what breaks if the internals change. `make test-hydra-next` runs the tests of the command line on the next version.
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum
from typing import Any, NoReturn

import yaml
from hydra import __version__
from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from hydra._internal.utils import get_args_parser
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.types import Override
from hydra.core.utils import JobReturn, JobStatus
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf
from omegaconf._utils import get_omega_conf_dumper

VERSION = tuple(int(number) for number in __version__.split(".")[:2])
VERSION_BASE: dict[str, str] = {} if VERSION >= (1, 4) else {"version_base": "1.3"}
"""The keyword with which Hydra 1.3 behaves as of its own version; 1.4 always does, and warns of the keyword."""


class UsageError(Exception):
    """A command line that Hydra's parser refuses."""


class UnknownOptionError(UsageError):
    """An option that there is not."""

    def __init__(self, option: str, known: Sequence[str], overrides: Sequence[str]) -> None:
        super().__init__(f"unknown option {option}")
        self.option, self.known, self.overrides = option, known, overrides


def split_command_line(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Options and overrides; raises `UsageError`.

    For errors in one line, for refusing abbreviated options (`--experiment x` would be `--experimental-rerun x`), and
    for options among overrides, which Hydra 1.3 does not understand. Stands in for a copy of Hydra's options. If
    `get_args_parser` goes, so do these: `train.py` can leave the command line to Hydra as it is.
    """
    parser: ArgumentParser = get_args_parser()
    parser.allow_abbrev = False

    def refuse(message: str) -> NoReturn:
        raise UsageError(message)

    parser.error = refuse  # type: ignore[method-assign]  # it would print eight lines of usage
    parsed, unknown = parser.parse_known_intermixed_args(list(arguments))
    if unknown:
        known = [name for action in parser._actions for name in action.option_strings]
        raise UnknownOptionError(unknown[0], known, parsed.overrides)
    options = list(arguments)
    for override in parsed.overrides:
        options.remove(override)
    return options, parsed.overrides


def launch_one_by_one(
    context: HydraContext,
    task: TaskFunction,
    config: DictConfig,
    job_overrides: Sequence[Sequence[str]],
    initial_job_idx: int,
) -> Sequence[JobReturn]:
    """Run jobs one after another in this process, as `hydra/launcher=basic` does.

    For tasks that cannot run as stacks. Stands in for the loop over `hydra.core.utils.run_job` in Hydra's example
    launcher, which must be copied here if the class moves.
    """
    launcher = BasicLauncher()
    launcher.setup(hydra_context=context, task_function=task, config=config)
    return launcher.launch(job_overrides, initial_job_idx)


def raise_without_report() -> None:
    """Let `JobReturn.return_value` raise the error of a job that failed, and print nothing.

    Hydra prints the job's overrides first, which can hold a password; errors are reported in one line elsewhere. If the
    property goes, remove this.
    """

    def return_value(result: JobReturn) -> Any:
        if result.status == JobStatus.FAILED:
            raise result._return_value
        return result._return_value

    JobReturn.return_value = JobReturn.return_value.getter(return_value)  # type: ignore[attr-defined, method-assign]


@contextmanager
def hydra_config_restored() -> Iterator[None]:
    """Put back on exit what `HydraConfig.get()` returned on entry."""
    before = HydraConfig.instance().cfg
    try:
        yield
    finally:
        HydraConfig.instance().cfg = before


def use_hydra_config(config: DictConfig) -> None:
    """Let `HydraConfig.get()` and `${hydra:…}` read from a job's configuration.

    Stands in for `HydraConfig.instance().set_config`, which copies the whole configuration: 4 ms a job, and the copy
    would not follow when the next job's values are set in it. If the attribute `cfg` goes, call `set_config` for every
    job.
    """
    HydraConfig.instance().cfg = config  # type: ignore[assignment]  # annotated as the dataclass, holds a DictConfig


def has_callbacks(context: HydraContext) -> bool:
    """True if the user has configured callbacks.

    For sweeps without any, which need no copy of each job's configuration. If the list inside `Callbacks` is renamed,
    return True.
    """
    return bool(context.callbacks.callbacks)


def override_dirname(job: Mapping[str, Any], overrides: Sequence[Override]) -> str:
    """`hydra.job.override_dirname` as written in a job with these overrides; `job` is the section `hydra.job`.

    For jobs whose configuration is another's with its values changed. Hydra 1.3 writes the text when it composes, in
    `get_overrides_dirname`; in 1.4 the key is an interpolation, which stays. If the format changes,
    `hydra.sweep.subdir=${hydra.job.override_dirname}` gives other folders than with `hydra/launcher=basic`.
    """
    if OmegaConf.has_resolver("hydra_override_dirname"):
        return str(job["override_dirname"])
    form = job["config"]["override_dirname"]
    lines = [override.input_line or "" for override in overrides if override.key_or_group not in form["exclude_keys"]]
    return str(form["item_sep"].join(sorted(lines)).replace("=", form["kv_sep"]))


def nodes(config: DictConfig) -> Mapping[str, Any]:
    """The nodes of a section by name, nothing resolved.

    Stands in for `config.items()`, which resolves interpolations. If `items_ex` goes, convert the whole section with
    `OmegaConf.to_container` instead: right, and slower.
    """
    return {str(name): node for name, node in config.items_ex(resolve=False)}


def plain(node: Any) -> Any:
    """A node as a plain value, nothing resolved.

    Stands in for `OmegaConf.to_container`, which refuses nodes that are no containers. If `_value` goes, convert the
    section that holds the node.
    """
    if OmegaConf.is_config(node):
        return OmegaConf.to_container(node, resolve=False, enum_to_str=True)
    value = node._value() if hasattr(node, "_value") else node
    return value.name if isinstance(value, Enum) else value


class _Dumper(getattr(yaml, "CDumper", yaml.Dumper)):  # type: ignore[misc]
    """Writes YAML as OmegaConf does, in C where there is libyaml."""


_Dumper.add_representer(str, get_omega_conf_dumper().str_representer)


def change_yaml_strings(change: Callable[[str], str]) -> None:
    """Pass every string through a function before it is written as YAML, from now on in this process.

    For passwords, which must not get into the files that Hydra keeps of a run or sweep, nor into what `--cfg` prints:
    OmegaConf writes them all. If its dumper moves, rewrite the files in a callback's `on_job_start`.
    """
    dumper = get_omega_conf_dumper()

    def represent(writer: yaml.Dumper, text: str) -> yaml.ScalarNode:
        return dumper.str_representer(writer, change(text))

    for kind in (dumper, _Dumper):
        kind.add_representer(str, represent)


def yaml_text(container: Any) -> str:
    """The text that `OmegaConf.to_yaml` gives for a configuration, from its container.

    For the three files that each job leaves: `to_yaml` takes a configuration, and is ten times slower. If OmegaConf's
    dumper moves, use PyYAML's own: the files differ in their quotes.
    """
    text: str = yaml.dump(container, default_flow_style=False, allow_unicode=True, sort_keys=False, Dumper=_Dumper)
    return text
