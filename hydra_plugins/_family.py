"""Families of jobs: those of a sweep that set the same keys, each to plain values of its own.

Hydra composes a family's first job. The others are the first with other values. Most of their sections recur from job
to job: OmegaConf makes each of them once, and the jobs are put together from them as plain mappings, since to work on
OmegaConf's nodes takes milliseconds a job.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf

from hydra_plugins import _internals as internals

Plain = Any  # a number, a text, None, or a list or mapping of these

KEY = re.compile(r"\$\{([A-Za-z_]\w*(?:\.\w+)*)\}")  # an interpolation that names a key, like ${seed}
CONSTANT = re.compile(r"\$\{(?:now|oc\.env):[^${}]*\}")  # one of the time or the environment, the same for all jobs
MISSING = "???"
OF_A_JOB = {"job": ("override_dirname", "id", "num"), "overrides": ("task",), "runtime": ("output_dir",)}
"""Hydra's settings in which the jobs of a family differ, by section."""


class NotFollowedError(Exception):
    """An interpolation that only OmegaConf resolves."""


class Section(NamedTuple):
    """A section of the task's configuration: as written; resolved, or None if other sections decide; as YAML."""

    written: Plain
    resolved: Plain
    text: str


class Family:
    """Jobs whose configurations differ in plain values only; `config` is that of one of them.

    `is_followed` is set to False where `followed` and OmegaConf disagree: OmegaConf then resolves all.
    """

    def __init__(self, config: DictConfig) -> None:
        self.config = config
        self.is_followed = True
        self.names = [name for name in internals.nodes(config) if name != "hydra"]
        self.hydra = {name: internals.plain(node) for name, node in internals.nodes(config.hydra).items()}
        folder = self.hydra["sweep"]["dir"]
        self.sweep_folder = str(config.hydra.sweep.dir) if is_constant(folder) else folder
        self._sections: dict[tuple[str, ...], Section] = {}
        self._texts: dict[tuple[str, ...], str] = {}

    def section(self, name: str, overrides: Sequence[Override] = ()) -> Section:
        """A section of the task's configuration, in jobs that override these of its keys."""
        which = name, *(str(override.input_line) for override in overrides)
        if which not in self._sections:
            set_values(self.config, overrides)
            written = internals.plain(internals.nodes(self.config)[name])
            value = resolved(self.config[name]) if is_constant(written) else None
            self._sections[which] = Section(written, value, internals.yaml_text({name: written}))
        return self._sections[which]

    def hydra_text(self, settings: Mapping[str, Mapping[str, Plain]]) -> str:
        """Hydra's settings in a job as YAML, in which most lines recur; `settings` are the sections `OF_A_JOB`."""
        texts = ["hydra:\n"]
        for name, section in self.hydra.items():
            if name not in settings:
                texts.append(self._recurring_text(section, name))
                continue
            texts.append(f"  {name}:\n")
            for entry, value in settings[name].items():
                text = setting_text if entry in OF_A_JOB[name] else self._recurring_text
                texts.append(text(value, name, entry))
        return "".join(texts)

    def _recurring_text(self, value: Plain, *place: str) -> str:
        if place not in self._texts:
            self._texts[place] = setting_text(value, *place)
        return self._texts[place]


def set_values(config: DictConfig, overrides: Sequence[Override]) -> None:
    """Set the keys of plain overrides, as Hydra does."""
    for override in overrides:
        OmegaConf.update(config, override.key_or_group, override.value(), merge=True)


def setting_text(value: Plain, *place: str) -> str:
    """The lines of YAML for one of Hydra's settings at its place."""
    for name in ("hydra", *place)[::-1]:
        value = {name: value}
    return "".join(internals.yaml_text(value).splitlines(keepends=True)[len(place) :])


def resolved(node: Any) -> Plain:
    """A node as a plain value, interpolations resolved."""
    return OmegaConf.to_container(node, resolve=True, throw_on_missing=True) if OmegaConf.is_config(node) else node


def is_final(value: Plain) -> bool:
    """True if nothing in a value is left to resolve."""
    if isinstance(value, dict | list):
        return all(map(is_final, value.values() if isinstance(value, dict) else value))
    return not isinstance(value, str) or ("${" not in value and value != MISSING)


def is_constant(value: Plain) -> bool:
    """True if a value resolves to the same in all jobs."""
    if isinstance(value, dict | list):
        return all(map(is_constant, value.values() if isinstance(value, dict) else value))
    return is_final(CONSTANT.sub("", value)) if isinstance(value, str) else True


def followed(value: Plain, configuration: Mapping[str, Plain]) -> Plain:
    """A value with its interpolations resolved, provided that they name keys of plain values.

    Raises
    ------
    NotFollowedError
        If one is of another kind.

    """
    if isinstance(value, dict):
        return {name: followed(part, configuration) for name, part in value.items()}
    if isinstance(value, list):
        return [followed(part, configuration) for part in value]
    if is_final(value):
        return value
    if whole := KEY.fullmatch(value):
        return _plain_value(whole[1], configuration)
    if set(KEY.sub("", value)) & {"$", "\\"} or value == MISSING:
        raise NotFollowedError(value)
    return KEY.sub(lambda match: str(_plain_value(match[1], configuration)), value)


def _plain_value(key: str, configuration: Mapping[str, Plain]) -> Plain:
    value: Plain = configuration
    for name in key.split("."):
        if not isinstance(value, dict) or name not in value:
            raise NotFollowedError(key)
        value = value[name]
    if isinstance(value, dict | list) or not is_final(value):
        raise NotFollowedError(key)
    return value
