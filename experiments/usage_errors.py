"""Mistakes on the command line, each reported in one line that says how to correct it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException, InstantiationException
from omegaconf import OmegaConf

from gdlab.checks import hint
from hydra_plugins._internals import VERSION_BASE, UnknownOptionError

CONFIG_DIR, CONFIG_NAME = Path(__file__).resolve().parents[1] / "conf", "train"
MOST_SUGGESTIONS = 3
EXTRAS = {"hydra/sweeper=optuna": "pip install hydra-optuna-sweeper"}
NOT_A_CHOICE = r"Could not find '([^']+)/([^'/]+)' Available options in '[^']+': (.*?) Config search path"
ONE_EXPERIMENT = "a sweep has one experiment: launch one after the other"


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


def unknown_key(key: str, overrides: Sequence[str]) -> str:
    """The message about a key that the configuration does not have."""
    known = vocabulary([text for text in overrides if key_of(text) != key], with_hydra=key.startswith("hydra"))
    section = key.replace("/", ".").rpartition(".")[0]
    while section not in known.sections:
        section = section.rpartition(".")[0]
    valid = f"valid keys{f' of {section}' if section else ''}: {', '.join(known.sections[section])}"
    if key in known.groups:
        return f"{key} does not apply to this configuration; {valid}"
    value = value_of(key, overrides)
    near = [f"{name}={value}" if name in known.groups and value else name for name in near_misses(key, known)]
    return f"unknown key {key}; {valid}" + (f"; did you mean {' or '.join(near)}?" if near else "")


def unknown_choice(group: str, choice: str, choices: Sequence[str]) -> str:
    """The message about a choice that a config group does not have."""
    install = EXTRAS.get(f"{group}={choice}")
    remedy = f"; to install it: {install}" if install else hint(choice, choices)
    return f"{group} must be one of {', '.join(choices)}, got {choice}{remedy}"


def not_a_string(overrides: Sequence[str]) -> str:
    """The message about a group that is given null, a number or the like, or an override without a key."""
    groups = vocabulary().groups
    for text in overrides:
        if not key_of(text):
            return f"{text} has no key: write key=value"
        value = text.partition("=")[2]
        if key_of(text) in groups and value not in groups[key_of(text)]:
            return unknown_choice(key_of(text), value, groups[key_of(text)])
    return "a config group must be given one of its choices"


def not_a_section(message: str, overrides: Sequence[str]) -> str:
    """The message about a section that is given a value, completed by the group that it was likely to mean."""
    path = message.split()[0]
    group, value = path.replace(".", "/"), value_of(path, overrides)
    known = value in vocabulary().groups.get(group, ())
    return f"{message}; did you mean {group}={value}?" if known else message


def unknown_option(error: UnknownOptionError) -> str:
    """The message about an option; one that is named like a key is likely to mean an override."""
    name, _, value = error.option.lstrip("-").replace("-", "_").partition("=")
    if name in vocabulary().sections[""]:
        value = value or next((text for text in error.overrides if "=" not in text), "…")
        return f"{error}; did you mean {name}={value}?"
    return f"{error}{hint(error.option, error.known)}"


def not_parsed(message: str, overrides: Sequence[str]) -> str:
    """The message about an override that Hydra cannot parse, completed by the override."""
    reason = re.sub(r"^(Error when parsing index.*?\]\. )?(Error parsing override '.*?' )?", "", message)
    parser = OverridesParser.create()
    for text in overrides:
        try:
            parser.parse_override(text)
        except HydraException:
            return f"cannot parse {text}: {reason}"
    return message


Explain = Callable[[re.Match[str], Sequence[str]], str]
EXPLANATIONS: Mapping[str, Explain] = {  # by patterns of Hydra's messages, and of gdlab's where Hydra can add to them
    r"Could not override '([^']+)'": lambda found, overrides: unknown_key(found[1], overrides),
    r"Could not delete from config. '([^']+)' does not": lambda found, overrides: unknown_key(found[1], overrides),
    NOT_A_CHOICE: lambda found, _: unknown_choice(found[1], found[2], found[3].split()),
    r"Ambiguous value for argument '(.*?)' 1\.": lambda found, _: (
        f"{found[1]} has several values: add -m to sweep over them, or write [{found[1].partition('=')[2]}] for a list"
    ),
    r"Sweep parameters '(.*)' requires --multirun": lambda found, _: f"{found[1]} has several values: add -m",
    r"Config group override must be a string": lambda _, overrides: not_a_string(overrides),
    r"Error merging override hydra.sweeper.zip=(.*?):": lambda found, _: (
        f"hydra.sweeper.zip must be a list of lists of keys, like [[seed,problem.batch_size]], got {found[1]}"
    ),
    r"Error merging override (.*)": lambda found, _: found[1],
    r"Error parsing override '(.*?)' missing EQUAL": lambda found, _: f"cannot parse {found[1]}: write key=value",
    r"See https://hydra.cc/\S*/override_grammar": lambda found, overrides: not_parsed(found.string, overrides),
    r"^\S+ must be a section with the keys": lambda found, overrides: not_a_section(found.string, overrides),
    r"must be (selected|configured) before the sweep starts": lambda *_: ONE_EXPERIMENT,
}


def is_refused(error: Exception) -> bool:
    """True for a ValueError that Hydra or one of the plugins raises, be it wrapped or not."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    module = str(trace.tb_frame.f_globals.get("__name__")) if trace else ""
    return isinstance(error, ValueError) and module.split(".")[0] in ("hydra", "hydra_plugins")


def one_line(error: Exception, overrides: Sequence[str] = ()) -> str:
    """The message about an error; `overrides` are those of the command line."""
    if isinstance(error, UnknownOptionError):
        return unknown_option(error)
    if isinstance(error, InstantiationException) and isinstance(error.__cause__, ValueError):
        error = error.__cause__  # without Hydra's text around it, which names its own classes
    text = str(error)
    if text.startswith("Error merging override"):
        text += f": {str(error.__cause__).splitlines()[0]}"
    text = re.sub(r"\s+full_key: \S+$", "", text)  # Hydra 1.4 adds where the class was configured
    text = " ".join(text.split())
    for pattern, explain in EXPLANATIONS.items():
        if found := re.search(pattern, text):
            return explain(found, overrides)
    return text
