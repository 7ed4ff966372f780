"""Registries of choices by name: the name that configurations, params, messages and analysis use.

A choice is registered where it is defined, in a module of the registry's package; a new file there is all it takes.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

Choice = TypeVar("Choice")
Registered = TypeVar("Registered")


class Registry(Mapping[str, Choice]):
    """The choices defined in some packages, by name; their modules are imported when the registry is first read.

    `kind` is the word for a choice in messages.
    """

    def __init__(self, kind: str, *packages: str) -> None:
        self.kind, self.packages = kind, packages
        self._choices: dict[str, Choice] = {}
        self._complete = False

    def register(self, name: str) -> Callable[[Registered], Registered]:
        """Class or function decorator: add what it decorates under a name."""

        def add(choice: Registered) -> Registered:
            self.add(name, choice)  # type: ignore[arg-type]  # the decorated type is kept for the caller
            return choice

        return add

    def add(self, name: str, choice: Choice) -> Choice:
        """Add a choice under a name; returns it.

        Raises
        ------
        ValueError
            If the name is taken.

        """
        if name in self._choices:
            raise ValueError(f"{self.kind} {name} is registered twice")
        self._choices[name] = choice
        return choice

    def name_of(self, choice: object) -> str:
        """The name that a choice, or an instance of one, is registered under."""
        return next(name for name, known in self.items() if choice is known or type(choice) is known)

    def class_named(self, name: str) -> Any:
        """A registered class or function by its Python name, for `__getattr__` of the registry's package.

        Raises
        ------
        AttributeError
            If there is none.

        """
        for choice in self.values():
            if getattr(choice, "__name__", None) == name:
                return choice
        raise AttributeError(f"module {self.packages[0]!r} has no attribute {name!r}")

    def __getitem__(self, name: str) -> Choice:
        self._load()
        return self._choices[name]

    def __iter__(self) -> Iterator[str]:
        self._load()
        return iter(sorted(self._choices))

    def __len__(self) -> int:
        self._load()
        return len(self._choices)

    def _load(self) -> None:
        if not self._complete:
            self._complete = True
            for name in self.packages:
                for module in pkgutil.iter_modules(importlib.import_module(name).__path__, f"{name}."):
                    importlib.import_module(module.name)
