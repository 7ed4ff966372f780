"""Malformed command lines, generated from the vocabulary of conf/: none of them may run anything."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from typing import Any
from zlib import crc32

from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from vocabulary import CONFIG_DIR, CONFIG_NAME, vocabulary

from hydra_plugins._internals import VERSION_BASE

Line = tuple[str, ...]

PARABOLA = "problem=parabola"
CHOICES: Sequence[Line] = (  # together they have every key
    (PARABOLA,),
    (),
    *((f"problem={name}",) for name in ("ravine", "rosenbrock", "rastrigin", "double_well")),
    *((PARABOLA, f"optimizer={name}") for name in ("momentum", "nesterov", "rmsprop", "adam", "stale_gradient")),
    *((PARABOLA, f"schedule={name}") for name in ("step", "exponential", "cosine", "warmup_cosine")),
    ("problem=himmelblau", "measurement=basins"),
    *((f"measurement={name}",) for name in ("batch_gradients", "directions", "ranking", "scores", "slopes")),
)
HUGE = "99999999999999999999999"
BAD_VALUES = ("abc", "{a:1}", "[a]", "-1e400", "${nope}", "true", "nan", "[[x]]", "''", HUGE, "[[1]")
GOOD = {  # the keys that can have such a value all the same
    "abc": {"tracking.experiment", "tracking.description", "tracking.note"},
    "''": {"tracking.description", "tracking.note"},
    "{a:1}": {"tracking.tags"},
    "true": {"record.path", "resume", "dry_run", "tracking.upgrade"},
    HUGE: {
        *(f"problem.{key}" for key in ("amplitude", "center", "condition", "curvature", "start", "steepness", "tilt")),
        *(f"optimizer.{key}" for key in ("epsilon", "every", "learning_rate")),
        *("problem.examples", "seed", "seeds.init", "seeds.batches", "stop.diverged_above", "tracking.patience"),
        *("measurement.length", "measurement.nudge"),
    },
}
BAD_CHOICES = ("nope", "null", "5", "[1]", "''", "../train", "${nope}", "true", "a/b", "nope,adam")
VALID = (  # what is spoilt by syntax
    "optimizer.learning_rate=0.1",
    "problem.hidden=[16,16]",
    "seed=range(3)",
    "tracking.uri=sqlite:///mlflow.db",
    "problem/data=digits",
    "hydra.launcher.workers=1",
    "hydra.sweeper.zip=[[seed,problem.batch_size]]",
    "hydra.sweeper.cases=['problem=bowl','problem=ravine']",
    "hydra.sweeper.search={axis:optimizer.learning_rate,low:0.1,high:10}",
    "record.sharpness=start",
    "stop.max_steps=10",
)


COUNT = 112  # for as many there is time


def lines(seed: int = 0) -> list[Line]:
    """Command lines that must be refused: of all that can be made, `COUNT` that the seed draws."""
    rng = random.Random(seed)
    every = list(dict.fromkeys([*values(), *choices(), *deletions(), *misspelt(rng), *broken()]))
    return rng.sample(every, COUNT)


def values() -> Iterator[Line]:
    """Every key with a value that it cannot have; which kind of value, the key's name decides."""
    for key, needed in keys().items():
        bad = [value for value in BAD_VALUES if key not in GOOD.get(value, ())]
        yield (*needed, f"{key}={bad[crc32(key.encode()) % len(bad)]}")


def choices() -> Iterator[Line]:
    """Every config group with choices that it does not have, in runs and in sweeps."""
    for (group, known), bad in zip(vocabulary().groups.items(), cycle(BAD_CHOICES), strict=False):
        sweep = ("-m",) if len(bad) % 2 else ()
        yield (*sweep, f"{group}={bad}")
        yield (f"{group}={rotated(known[0])}",)


def deletions() -> Iterator[Line]:
    """Every section and every key at the top removed."""
    for key in keys():
        if key.count(".") == 0 and key != "measurement":
            yield (f"~{key}",)


def misspelt(rng: random.Random) -> Iterator[Line]:
    """Keys with two letters exchanged, or the last one missing."""
    known = set(keys())
    for key in (text.partition("=")[0] for text in VALID):
        place = rng.randrange(1, len(key) - 2)
        for wrong in (f"{key[:place]}{key[place + 1]}{key[place]}{key[place + 2 :]}", key[:-1]):
            if wrong not in known and wrong != key:
                yield (f"{wrong}=1",)


def broken() -> Iterator[Line]:
    """Overrides that break off, lack a part or have one too many."""
    for text in VALID:
        key, _, value = text.partition("=")
        yield (key,)
        yield (f"{key}=={value}",) if not value.startswith(("[", "{")) else ("-m", f"{key}={value[:-1]}")
        yield (f"{text}]",)
    yield from (
        ("--multirun", "-x"),
        ("--cfg",),
        ("--cfg", "nope"),
        ("-m", "--run"),
        ("",),
        ("=",),
        ("=1",),
        ("~",),
        ("+",),
        ("-",),
    )


def rotated(word: str) -> str:
    """A word with its first letter at its end."""
    return word[1:] + word[:1]


def keys() -> Mapping[str, Line]:
    """Every key of the configuration, with the choices that it needs."""
    found: dict[str, Line] = {}
    with initialize_config_dir(str(CONFIG_DIR), **VERSION_BASE):
        for needed in CHOICES:
            config = OmegaConf.to_container(compose(CONFIG_NAME, list(needed)), resolve=False)
            for key in paths(config):
                found.setdefault(key, needed)
    return found


def paths(config: Any, section: str = "") -> Iterator[str]:
    """The sections and keys of a configuration, dotted."""
    for name, value in config.items():
        yield f"{section}{name}"
        if isinstance(value, dict):
            yield from paths(value, f"{section}{name}.")
