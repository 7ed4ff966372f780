"""The settings of tracking, other than where."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gdlab import defaults
from gdlab.checks import choice
from gdlab.tracking.names import NOTE

PLACES = ("uri", "experiment")  # keys of the section `tracking` that are not among these settings
NO_MODEL, BEST_MODEL, ALL_MODELS = MODELS = ("none", "best", "all")
TRAINING = {"mlflow.experimentKind": "custom_model_development"}  # the UI then shows runs and their curves first


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The section `tracking` of a configuration, but for the store and the experiment.

    `patience` is the number of seconds for which a command goes on trying, at its end, when nothing can be sent; with
    `upgrade`, the tables of an older MLflow are upgraded; `description` is the experiment's; `tags` are those of every
    run, `note` that of the sweep or the lone run; `log_model` says which networks are logged as models.
    """

    patience: Any
    upgrade: Any
    description: Any
    tags: Any
    note: Any
    log_model: Any

    def __post_init__(self) -> None:
        number = isinstance(self.patience, int | float) and not isinstance(self.patience, bool)
        if not number or not 0 <= self.patience < math.inf:
            raise ValueError(f"patience must be a number of seconds of at least 0, got {self.patience!r}")
        if not isinstance(self.upgrade, bool):
            raise ValueError(f"upgrade must be true or false, got {self.upgrade!r}")
        for name in ("description", "note"):
            if not isinstance(getattr(self, name), str | None):
                raise ValueError(f"{name} must be a text or null, got {getattr(self, name)!r}")
        object.__setattr__(self, "tags", {} if self.tags is None else self.tags)
        if not isinstance(self.tags, Mapping) or not all(isinstance(value, Scalar) for value in self.tags.values()):
            raise ValueError(f"tags must be a section of names and values, like {{author: me}}, got {self.tags!r}")
        choice("log_model", self.log_model, MODELS)
        object.__setattr__(self, "patience", float(self.patience))
        object.__setattr__(self, "tags", {str(name): str(value) for name, value in self.tags.items()})

    @classmethod
    def default(cls) -> Settings:
        """The settings in conf/."""
        section = defaults.file("train")["tracking"]
        return cls(**{name: value for name, value in section.items() if name not in PLACES})

    @property
    def experiment_tags(self) -> dict[str, str]:
        """The tags of the experiment."""
        return {**TRAINING, **({NOTE: self.description} if self.description else {})}


Scalar = str | int | float | bool
