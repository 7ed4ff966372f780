"""Mistakes on the command line, each reported in one line that says how to correct it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException, InstantiationException
from vocabulary import key_of, near_misses, value_of, vocabulary

from gdlab.checks import hint
from hydra_plugins._internals import UnknownOptionError, UsageError

EXTRAS = {"hydra/sweeper=optuna": "pip install hydra-optuna-sweeper"}
NOT_A_CHOICE = r"Could not find '([^']+)/([^'/]*)' Available options in '[^']+': (.*?) Config search path"
MORE = "HYDRA_FULL_ERROR=1 shows where"
ONE_EXPERIMENT = "a sweep has one experiment: launch one after the other"


def unknown_key(key: str, overrides: Sequence[str]) -> str:
    """The message about a key that the configuration does not have."""
    known = vocabulary([text for text in overrides if key_of(text) != key], with_hydra=key.startswith("hydra"))
    section = key.replace("/", ".").rpartition(".")[0]
    while section not in known.sections:
        section = section.rpartition(".")[0]
    valid = f"valid keys{f' of {section}' if section else ''}: {', '.join(known.sections[section])}"
    value = value_of(key, overrides)
    if key in known.groups:
        if value not in known.groups[key]:
            return unknown_choice(key, value, known.groups[key])
        return f"{key} does not apply to this configuration; {valid}"
    near = [f"{name}={value}" if name in known.groups and value else name for name in near_misses(key, known)]
    return f"unknown key {key}; {valid}" + (f"; did you mean {' or '.join(near)}?" if near else "")


def unknown_choice(group: str, choice: str, choices: Sequence[str]) -> str:
    """The message about a choice that a config group does not have."""
    install = EXTRAS.get(f"{group}={choice}")
    remedy = f"; to install it: {install}" if install else hint(choice, choices)
    return f"{group} must be one of {', '.join(choices)}, got {choice or repr('')}{remedy}"


def wrong_choice(overrides: Sequence[str]) -> str | None:
    """The message about the first choice in the overrides that its group does not have; None if all have theirs."""
    groups = vocabulary().groups
    for text in overrides:
        group, value = key_of(text), text.partition("=")[2]
        choices = [value] if value.startswith(("[", "{", "'", '"')) else value.split(",")
        wrong = [choice for choice in choices if choice not in groups.get(group, choices)]
        if wrong and not (text.startswith("~") and not value):
            return unknown_choice(group, wrong[0], groups[group])
    return None


def not_found(found: re.Match[str], overrides: Sequence[str]) -> str:
    """The message about a file of the configuration that there is not."""
    if line := wrong_choice(overrides):
        return line
    if listed := re.search(NOT_A_CHOICE, found.string):  # chosen by another file
        return unknown_choice(listed[1], listed[2], listed[3].split())
    return found.string.partition(" Config search path")[0]


def several_values(override: str, overrides: Sequence[str]) -> str:
    """The message about a run's override that has several values."""
    key, value = key_of(override), override.partition("=")[2]
    known = vocabulary([text for text in overrides if text != override], with_hydra=key.startswith("hydra"))
    if key not in known.names().values():
        return unknown_key(key, overrides)
    if key in known.groups:
        return wrong_choice([override]) or f"{override} has several values: add -m to sweep over them"
    return f"{override} has several values: add -m to sweep over them, or write [{value}] for a list"


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
    """The message about an override that Hydra cannot parse: the override, and what is wrong with it."""
    parser = OverridesParser.create()
    for text in overrides:
        try:
            parser.parse_override(text)
        except HydraException:
            return f"cannot parse {text}: {syntax_error(text)}"
    return message


def syntax_error(text: str) -> str:
    """The likely mistake in an override."""
    key, equals, value = text.partition("=")
    if not equals or value.startswith("="):
        return "write key=value"
    for opening, closing in ("[]", "{}", "()"):
        if (missing := value.count(opening) - value.count(closing)) != 0:
            return f"{closing} is missing" if missing > 0 else f"one {closing} too many"
    for quote in ("'", '"'):
        if value.count(quote) % 2:
            return f"{quote} is missing"
    return f"quote a value that has special characters, as in \"{key}='…'\""


def no_such_reference(name: str, where: str | None, overrides: Sequence[str]) -> str:
    """The message about `${name}`, which stands for a key that there is not, in the value of the key `where`."""
    if any(text.startswith("~") and key_of(text) == name for text in overrides):
        return f"{name} must not be removed" + (f": {where} refers to it" if where else "")
    place = next((key_of(text) for text in overrides if f"${{{name}}}" in text), where)
    return f"{f'{place} refers to' if place else 'there is no'} ${{{name}}}" + (", which is not a key" if place else "")


def not_merged(override: str, reason: str) -> str:
    """The message about a value of the wrong kind."""
    key, _, value = override.partition("=")
    if reason.endswith("is not Optional"):
        return f"{key} must not be null"
    if reason in ("Cannot merge DictConfig with ListConfig", "Cannot merge incompatible container types"):
        return f"{key} must be a {'section' if value.startswith('[') else 'list'}, got {value}"
    return f"{override}: {reason}"


Explain = Callable[[re.Match[str], Sequence[str]], str]
EXPLANATIONS: Mapping[str, Explain] = {  # by patterns of Hydra's messages, and of gdlab's where Hydra can add to them
    r"Could not override '([^']+)'": lambda found, overrides: unknown_key(found[1], overrides),
    r"Could not delete from config. '([^']+)' does not": lambda found, overrides: unknown_key(found[1], overrides),
    r"Could not (find|load) '.*?'|Error resolving interpolation": not_found,
    r"Ambiguous value for argument '(.*?)' 1\.": lambda found, overrides: several_values(found[1], overrides),
    r"Sweep parameters '(.*)' requires --multirun": lambda found, _: f"{found[1]} has several values: add -m",
    r"Config group override must be a string": lambda found, overrides: wrong_choice(overrides) or found.string,
    r"Error merging override hydra.sweeper.zip=(.*?):": lambda found, _: (
        f"hydra.sweeper.zip must be a list of lists of keys, like [[seed,problem.batch_size]], got {found[1]}"
    ),
    r"Error merging override (.*?): (.*)": lambda found, _: not_merged(found[1], found[2]),
    r"Error merging override (.*)": lambda found, _: found[1],
    r"Interpolation key '(.*?)' not found(?: full_key: (\S+))?": lambda found, overrides: no_such_reference(
        found[1], found[2], overrides
    ),
    r"Multiple values for (\S+)\. To override": lambda found, _: f"{found[1]} is chosen already: write {found[1]}=…",
    r"force-add of config groups is not supported: '\+\+(.*)'": lambda found, _: f"++{found[1]}: write {found[1]}",
    r"Error parsing override '(.*?)' missing EQUAL": lambda found, _: f"cannot parse {found[1]}: write key=value",
    r"See https://hydra.cc/\S*/override_grammar": lambda found, overrides: not_parsed(found.string, overrides),
    r"^\S+ must be a section with the keys": lambda found, overrides: not_a_section(found.string, overrides),
    r"must be (selected|configured) before the sweep starts": lambda *_: ONE_EXPERIMENT,
}


def check(overrides: Sequence[str]) -> None:
    """Check what Hydra would pass over or fail at; raises `UsageError`."""
    for text in overrides:
        try:
            text.encode()
        except UnicodeEncodeError:
            raise UsageError(f"{text!r} is not valid UTF-8") from None
        if not key_of(text):
            raise UsageError(f"{text or repr(text)} has no key: write key=value")
        if found := re.match(r"\W*hydra\.(launcher|sweeper)\._target_\b", text):
            raise UsageError(f"{found[0]} must not be set: choose by name, like hydra/{found[1]}=basic")


def unforeseen(error: Exception, overrides: Sequence[str]) -> str:
    """The message about an error that Hydra did not foresee."""
    reason = " ".join(str(error).split()) or type(error).__name__
    return wrong_choice(overrides) or f"Hydra cannot use {shlex.join(overrides)}: {reason}; {MORE}"


def one_line(error: Exception, overrides: Sequence[str] = ()) -> str:
    """The message about an error; `overrides` are those of the command line."""
    if isinstance(error, UnknownOptionError):
        return unknown_option(error)
    if isinstance(error, InstantiationException) and isinstance(error.__cause__, ValueError):
        error = error.__cause__  # without Hydra's text around it, which names its own classes
    text = str(error) or str(error.__cause__)
    if error.__cause__ and text.startswith(("Error merging override", "Unable to configure")):
        text += f": {str(error.__cause__).partition(chr(10))[0]}"
    text = " ".join(text.split())
    for pattern, explain in EXPLANATIONS.items():
        if found := re.search(pattern, text):
            return explain(found, overrides)
    return re.sub(r"\s+full_key: \S+( reference_type=.*)?( object_type=.*)?$", "", text)  # where it was configured
