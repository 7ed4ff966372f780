"""The keys and choices that an override can name, and those that a mistyped one is likely to mean."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import OmegaConf

from hydra_plugins._internals import VERSION_BASE

CONFIG_DIR, CONFIG_NAME = Path(__file__).resolve().parents[1] / "conf", "train"
MOST_SUGGESTIONS = 3


@dataclass(frozen=True)
class Vocabulary:
    """All that an override can name: the keys in each section of the configuration, the choices of each config group.

    The section "" is the whole configuration.
    """

    sections: Mapping[str, Sequence[str]]
    groups: Mapping[str, Sequence[str]]

    def names(self) -> dict[str, str]:
        """The name of each key and group by its path with dots: `problem.data` is the group `problem/data`."""
        keys = [f"{section}.{key}".lstrip(".") for section, keys in self.sections.items() for key in keys]
        return {name.replace("/", "."): name for name in (*keys, *self.groups)}


def vocabulary(overrides: Sequence[str] = (), with_hydra: bool = False) -> Vocabulary:
    """The vocabulary of the configuration that the valid ones among some overrides choose."""
    with initialize_config_dir(str(CONFIG_DIR), **VERSION_BASE):
        loader = GlobalHydra.instance().config_loader()
        groups = dict(all_groups(loader))
        chosen = [text for text in single_values(overrides) if text.partition("=")[2] in groups.get(key_of(text), ())]
        try:
            config = compose(CONFIG_NAME, chosen, return_hydra_config=with_hydra)
        except HydraException:  # choices that do not go together
            config = compose(CONFIG_NAME, [], return_hydra_config=with_hydra)
    sections = dict(all_sections(OmegaConf.to_container(config, resolve=False)))
    top = {*sections[""], *(group for group in groups if "/" not in group)} - {"hydra"}
    return Vocabulary({**sections, "": sorted(top)}, groups)


def all_groups(loader: ConfigLoader, parent: str = "") -> Iterator[tuple[str, list[str]]]:
    """Every config group, with its choices."""
    for name in loader.list_groups(parent):
        group = f"{parent}/{name}".lstrip("/")
        if choices := loader.get_group_options(group, ObjectType.CONFIG):
            yield group, choices
        yield from all_groups(loader, group)


def all_sections(config: Any, path: str = "") -> Iterator[tuple[str, list[str]]]:
    """Every section of a configuration, with its keys."""
    yield path, sorted(str(key) for key in config if not str(key).startswith("_"))
    for key, value in config.items():
        if isinstance(value, Mapping):
            yield from all_sections(value, f"{path}.{key}".lstrip("."))


def single_values(overrides: Sequence[str]) -> Iterator[str]:
    """The overrides that can be parsed; of those with several values, the first."""
    parser = OverridesParser.create()
    for text in overrides:
        try:
            override = parser.parse_override(text)
            if override.is_sweep_override():
                text = f"{override.get_key_element()}={next(override.sweep_string_iterator())}"
        except (HydraException, StopIteration):
            continue
        yield text


def key_of(override: str) -> str:
    """The key that an override names."""
    return override.lstrip("+~").partition("=")[0]


def value_of(key: str, overrides: Sequence[str]) -> str:
    """The value that the overrides give to a key; an empty string if they do not."""
    return next((text.partition("=")[2] for text in overrides if key_of(text) == key), "")


def near_misses(key: str, known: Vocabulary) -> list[str]:
    """Keys and groups that an unknown key is likely to mean: by the same name elsewhere, initials, or spelling."""
    names = known.names()
    section, _, last = re.sub("[/-]", lambda match: "." if match[0] == "/" else "_", key).rpartition(".")
    leaves = {path.rpartition(".")[2] for path in names}
    initials = [leaf for leaf in leaves if "".join(word[:1] for word in leaf.split("_")) == last]
    near = [last] if last in leaves else initials or difflib.get_close_matches(last, sorted(leaves), n=1)
    found = [path for path in names if path.rpartition(".")[2] in near]
    found = [path for path in found if not path.startswith("hydra")] or found
    found = [path for path in found if path.rpartition(".")[0] == section] or found
    return [names[path] for path in found][:MOST_SUGGESTIONS]
