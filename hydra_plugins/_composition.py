"""Compose the jobs of a sweep, most of them without Hydra's loader.

Hydra reads and merges some thirty files for every job. Jobs that differ in plain values only come to the same
configuration but for those values: it is composed once, and the values are set in it as Hydra itself sets them.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any

import yaml
from hydra._internal.config_loader_impl import get_overrides_dirname
from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf._utils import get_omega_conf_dumper

Family = tuple[str, ...]
OF_A_JOB = ("job", "overrides", "runtime")  # Hydra's settings that jobs which override none of them still differ in


class Composition:
    """The configurations of a sweep's jobs, each equal to what Hydra's loader composes."""

    def __init__(self, loader: ConfigLoader, master: DictConfig) -> None:
        self.loader, self.master = loader, master
        self.parser = OverridesParser.create(config_loader=loader)
        self.known: dict[str, Override] = {}
        self.texts: dict[tuple[int, str], str] = {}
        self.groups: dict[str, bool] = {}
        self.composed: dict[Family, DictConfig] = {}

    def config(self, overrides: Sequence[str], number: int) -> DictConfig:
        """One job's configuration, valid until the next is asked for."""
        parsed = [self.parsed(text) for text in overrides]
        plain = [self.is_plain(override) for override in parsed]
        family = tuple(
            override.key_or_group if is_plain else text
            for override, text, is_plain in zip(parsed, overrides, plain, strict=True)
        )
        values = [override for override, is_plain in zip(parsed, plain, strict=True) if is_plain]
        config = self.composed.get(family)
        if config is None or not all(is_leaf(config, override.key_or_group) for override in values):
            config = self.composed[family] = self.loader.load_sweep_config(self.master, list(overrides))
        else:
            self.restate(config, parsed, values)
        with open_dict(config):
            config.hydra.job.id = number
            config.hydra.job.num = number
        return config

    def parsed(self, text: str) -> Override:
        """One override; axes cross, so that most come again and again."""
        if text not in self.known:
            self.known[text] = self.parser.parse_override(text)
        return self.known[text]

    def is_plain(self, override: Override) -> bool:
        """Whether it sets a key to a number, a text, or a list of these, and does nothing else."""
        key = override.key_or_group
        if override.type != OverrideType.CHANGE or override.package is not None or key.split(".")[0] == "hydra":
            return False
        if key not in self.groups:
            self.groups[key] = any(source.available() and source.is_group(key) for source in self.loader.get_sources())
        if self.groups[key]:
            return False
        value = override.value()
        parts = value if isinstance(value, list) else [value]
        return not any(isinstance(part, dict | list) for part in parts)

    def files(self, config: DictConfig) -> dict[str, str]:
        """What Hydra keeps in a job's folder. Of its own settings, those that no job changes are put in words once."""
        task = {name: container(node) for name, node in config.items_ex(resolve=False) if name != "hydra"}
        lines = []
        for name, node in config.hydra.items_ex(resolve=False):
            place = id(config), str(name)
            if name in OF_A_JOB or place not in self.texts:
                self.texts[place] = yaml_text({"hydra": {name: container(node)}}).partition("\n")[2]
            lines.append(self.texts[place])
        return {
            "config.yaml": yaml_text(task),
            "hydra.yaml": "hydra:\n" + "".join(lines),
            "overrides.yaml": yaml_text(container(config.hydra.overrides.task)),
        }

    def restate(self, config: DictConfig, parsed: Sequence[Override], values: Sequence[Override]) -> None:
        """Set a job's values in the configuration of another of its family."""
        for override in values:
            OmegaConf.update(config, override.key_or_group, override.value(), merge=True)
        told = [override for override in parsed if not override.is_hydra_override()]
        config.hydra.overrides.task = [override.input_line for override in told]
        naming = config.hydra.job.config.override_dirname
        config.hydra.job.override_dirname = get_overrides_dirname(
            overrides=told, kv_sep=naming.kv_sep, item_sep=naming.item_sep, exclude_keys=naming.exclude_keys
        )


def is_leaf(config: DictConfig, key: str) -> bool:
    """Whether a key is there and holds no section."""
    parent_key, _, name = key.rpartition(".")
    parent = OmegaConf.select(config, parent_key) if parent_key else config
    if not isinstance(parent, DictConfig) or name not in parent:
        return False
    return not isinstance(parent._get_node(name), DictConfig)


class _Dumper(getattr(yaml, "CDumper", yaml.Dumper)):  # type: ignore[misc]
    """Writes YAML as OmegaConf does, in C where there is libyaml."""


_Dumper.add_representer(str, get_omega_conf_dumper().str_representer)


def yaml_text(container: Any) -> str:
    """The text that `OmegaConf.to_yaml` gives for a configuration, from its container."""
    text: str = yaml.dump(container, default_flow_style=False, allow_unicode=True, sort_keys=False, Dumper=_Dumper)
    return text


def container(node: Any) -> Any:
    """A node as plain values, nothing resolved."""
    if OmegaConf.is_config(node):
        return OmegaConf.to_container(node, resolve=False, enum_to_str=True)
    value = node._value() if hasattr(node, "_value") else node
    return value.name if isinstance(value, Enum) else value
