"""Composition of a sweep's jobs, most of them without Hydra's loader.

Hydra reads and merges some thirty files for every job. Jobs that differ in plain values only have the same
configuration but for those values: it is composed once, and the values are set in it as Hydra itself sets them.
"""

from __future__ import annotations

from collections.abc import Sequence

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from omegaconf import DictConfig, OmegaConf, open_dict

from hydra_plugins import _internals as internals

Family = tuple[str, ...]
OF_A_JOB = ("job", "overrides", "runtime")  # Hydra's settings in which jobs of one family differ


class Composition:
    """The configurations of a sweep's jobs, each equal to what Hydra's loader composes; it has composed `loaded`."""

    def __init__(self, loader: ConfigLoader, master: DictConfig) -> None:
        self.loader, self.master = loader, master
        self.parser = OverridesParser.create(config_loader=loader)
        self.known: dict[str, Override] = {}
        self.texts: dict[tuple[int, str], str] = {}
        self.groups: dict[str, bool] = {}
        self.families: dict[Family, DictConfig] = {}
        self.loaded = 0

    def config(self, overrides: Sequence[str], number: int) -> DictConfig:
        """One job's configuration, valid until the next is asked for."""
        parsed = [self.parsed(text) for text in overrides]
        plain = [self.is_plain(override) for override in parsed]
        family = tuple(
            override.key_or_group if is_plain else text
            for override, text, is_plain in zip(parsed, overrides, plain, strict=True)
        )
        values = [override for override, is_plain in zip(parsed, plain, strict=True) if is_plain]
        config = self.families.get(family)
        if config is None or not all(is_leaf(config, override.key_or_group) for override in values):
            config = self.families[family] = self.loader.load_sweep_config(self.master, list(overrides))
            self.loaded += 1
        else:
            set_values(config, parsed, values)
        with open_dict(config):
            config.hydra.job.id = str(number)
            config.hydra.job.num = number
        return config

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

    def files(self, config: DictConfig) -> dict[str, str]:
        """The files that Hydra keeps in a job's folder; settings of its own that no job changes are written once."""
        task = {name: internals.plain(node) for name, node in internals.nodes(config).items() if name != "hydra"}
        lines = []
        for name, node in internals.nodes(config.hydra).items():
            place = id(config), name
            if name in OF_A_JOB or place not in self.texts:
                self.texts[place] = internals.yaml_text({"hydra": {name: internals.plain(node)}}).partition("\n")[2]
            lines.append(self.texts[place])
        return {
            "config.yaml": internals.yaml_text(task),
            "hydra.yaml": "hydra:\n" + "".join(lines),
            "overrides.yaml": internals.yaml_text(internals.plain(config.hydra.overrides.task)),
        }


def set_values(config: DictConfig, overrides: Sequence[Override], values: Sequence[Override]) -> None:
    """Turn a configuration into that of another job of its family, whose plain overrides are `values`."""
    for override in values:
        OmegaConf.update(config, override.key_or_group, override.value(), merge=True)
    of_task = [override for override in overrides if not override.is_hydra_override()]
    config.hydra.overrides.task = [override.input_line for override in of_task]
    internals.set_override_dirname(config, of_task)


def is_leaf(config: DictConfig, key: str) -> bool:
    """True if a key is there and is not a section."""
    parent_key, _, name = key.rpartition(".")
    parent = OmegaConf.select(config, parent_key) if parent_key else config
    if not isinstance(parent, DictConfig) or name not in parent:
        return False
    if OmegaConf.is_interpolation(parent, name) or OmegaConf.is_missing(parent, name):
        return True
    return not isinstance(parent[name], DictConfig)
