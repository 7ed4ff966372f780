"""Hydra's own loader and launcher, for comparison."""

from __future__ import annotations

from commands import ROOT
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode

from hydra_plugins._internals import VERSION_BASE


def multirun(*overrides):
    """Hydra, and the configuration of a sweep with these overrides."""
    with initialize_config_dir(str(ROOT / "conf"), **VERSION_BASE):
        hydra = GlobalHydra.instance().hydra
        master = hydra.compose_config("train", list(overrides), run_mode=RunMode.MULTIRUN, with_log_configuration=False)
    return hydra, master
