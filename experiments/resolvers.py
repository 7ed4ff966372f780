"""OmegaConf resolvers: functions that the files in conf/ may call."""

from __future__ import annotations

from typing import Any

from omegaconf import OmegaConf, __version__


def register() -> None:
    """Make the resolvers known; composing conf/ needs them."""
    is_old = __version__.startswith("2.3")  # whose register_resolver is another function
    add: Any = OmegaConf.register_new_resolver if is_old else OmegaConf.register_resolver
    add("claims", claims, replace=True)


def claims() -> list[str]:
    """`${claims:}`, the cases of the sweep `lessons`: the overrides of every run that a claim asks for."""
    from analysis.claims import cases  # most commands do not need them

    return cases()
