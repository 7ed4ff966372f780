"""Composition of a sweep's jobs, most of them without Hydra's loader.

Hydra reads and merges some thirty files for every job. It does so here for the first job of each family only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from omegaconf import DictConfig, OmegaConf, open_dict

from hydra_plugins import _internals as internals
from hydra_plugins._family import OF_A_JOB, Family, NotFollowedError, Plain, Section, followed, resolved, set_values


class Composition:
    """The configurations of a sweep's jobs, each equal to what Hydra's loader composes; it has composed `loaded`."""

    def __init__(self, loader: ConfigLoader, master: DictConfig) -> None:
        self.loader, self.master = loader, master
        self.parser = OverridesParser.create(config_loader=loader)
        self.known: dict[str, Override] = {}
        self.groups: dict[str, bool] = {}
        self.families: dict[tuple[str, ...], Family] = {}
        self.loaded = 0

    def job(self, overrides: Sequence[str], number: int) -> Job:
        """One job."""
        parsed = [self.parsed(text) for text in overrides]
        plain = [self.is_plain(override) for override in parsed]
        values = [override for override, is_plain in zip(parsed, plain, strict=True) if is_plain]
        name = tuple(
            override.key_or_group if is_plain else text
            for override, text, is_plain in zip(parsed, overrides, plain, strict=True)
        )
        if name in self.families:
            return Job(self.families[name], parsed, values, number)
        family = Family(self.loader.load_sweep_config(self.master, list(overrides)))
        self.loaded += 1
        if not all(is_leaf(family.config, override.key_or_group) for override in values):
            return Job(family, parsed, [], number)  # of a kind that is composed anew every time
        self.families[name] = family
        first = Job(family, parsed, values, number)
        family.is_followed = first.is_followed()
        return first

    def parsed(self, text: str) -> Override:
        """One override; axes cross, so that most recur."""
        if text not in self.known:
            self.known[text] = self.parser.parse_override(text)
        return self.known[text]

    def is_plain(self, override: Override) -> bool:
        """True if it sets a key to a number, a string, or a list of these, and does nothing else."""
        key = override.key_or_group
        if override.type != OverrideType.CHANGE or override.package is not None or key.split(".")[0] == "hydra":
            return False
        if key not in self.groups:
            self.groups[key] = any(source.available() and source.is_group(key) for source in self.loader.get_sources())
        if self.groups[key]:
            return False
        value = override.value()
        elements = value if isinstance(value, list) else [value]
        return not any(isinstance(element, dict | list) for element in elements)


class Job:
    """One job of a family, and its folder."""

    def __init__(self, family: Family, overrides: Sequence[Override], values: Sequence[Override], number: int) -> None:
        self.family, self.values, self.number = family, values, number
        self.overrides = [override for override in overrides if not override.is_hydra_override()]
        self.runtime: dict[str, str] = {}
        self.folder = (Path(str(self.setting("sweep", "dir"))) / str(self.setting("sweep", "subdir"))).absolute()
        self.runtime["output_dir"] = str(self.folder)

    def sections(self) -> dict[str, Section]:
        """The sections of the task's configuration."""
        of_section: dict[str, list[Override]] = defaultdict(list)
        for override in self.values:
            of_section[override.key_or_group.partition(".")[0]].append(override)
        return {name: self.family.section(name, of_section.get(name, ())) for name in self.family.names}

    def written(self) -> dict[str, Plain]:
        """The whole configuration, nothing resolved."""
        hydra = self.family.hydra
        own = {"sweep": {"dir": self.family.sweep_folder}, **self.own_settings()}
        sections = {name: section.written for name, section in self.sections().items()}
        return {**sections, "hydra": {**hydra, **{name: {**hydra[name], **entries} for name, entries in own.items()}}}

    def own_settings(self) -> dict[str, dict[str, Plain]]:
        """Hydra's settings in which the jobs of a family differ, by section: the keys `OF_A_JOB`."""
        dirname = internals.override_dirname(self.family.hydra["job"], self.overrides)
        return {
            "job": {"override_dirname": dirname, "id": str(self.number), "num": self.number},
            "overrides": {"task": [override.input_line for override in self.overrides]},
            "runtime": self.runtime,
        }

    def task(self) -> dict[str, Plain]:
        """The task's configuration, resolved."""
        if self.family.is_followed:
            with suppress(NotFollowedError):
                return self._followed_task()
        return self._resolved_task()

    def is_followed(self) -> bool:
        """True if the task's configuration comes out here as in OmegaConf."""
        with suppress(NotFollowedError):
            return repr(self._followed_task()) == repr(self._resolved_task())
        return False

    def _followed_task(self) -> dict[str, Plain]:
        written = self.written()
        return {
            name: followed(section.written, written) if section.resolved is None else section.resolved
            for name, section in self.sections().items()
        }

    def _resolved_task(self) -> dict[str, Plain]:
        config = self.config()
        return {name: resolved(config[name]) for name in self.family.names}

    def config(self) -> DictConfig:
        """The configuration as OmegaConf's and in force, until another job of the family asks for its own."""
        config = self.family.config
        set_values(config, self.values)
        with open_dict(config):
            for name, entries in self.own_settings().items():
                config.hydra[name].update(entries)
        internals.use_hydra_config(config)
        return config

    def setting(self, *place: str) -> Plain:
        """One of Hydra's settings, resolved; `place` is its key under `hydra`."""
        configuration = self.written()
        value = configuration["hydra"]
        for name in place:
            value = value[name]
        with suppress(NotFollowedError):
            return followed(value, configuration)
        return OmegaConf.select(self.config(), ".".join(("hydra", *place)), throw_on_missing=True)

    def files(self) -> dict[str, str]:
        """The files that Hydra keeps in a job's folder."""
        hydra = self.written()["hydra"]
        return {
            "config.yaml": "".join(section.text for section in self.sections().values()) or internals.yaml_text({}),
            "hydra.yaml": self.family.hydra_text({name: hydra[name] for name in OF_A_JOB}),
            "overrides.yaml": internals.yaml_text(hydra["overrides"]["task"]),
        }


def is_leaf(config: DictConfig, key: str) -> bool:
    """True if a key is there and is not a section."""
    parent_key, _, name = key.rpartition(".")
    parent = OmegaConf.select(config, parent_key) if parent_key else config
    if not isinstance(parent, DictConfig) or name not in parent:
        return False
    if OmegaConf.is_interpolation(parent, name) or OmegaConf.is_missing(parent, name):
        return True
    return not isinstance(parent[name], DictConfig)
