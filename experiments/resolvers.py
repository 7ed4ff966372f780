"""OmegaConf resolvers: functions that the files in conf/ may call."""

from __future__ import annotations

from omegaconf import OmegaConf


def register() -> None:
    """Make the resolvers known; composing conf/ needs them."""
    OmegaConf.register_new_resolver("claims", claims, replace=True)


def claims() -> list[str]:
    """`${claims:}`, the cases of the sweep `lessons`: the overrides of every run that a claim asks for."""
    from analysis.claims import cases  # most commands do not need them

    return cases()
