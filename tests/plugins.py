"""Hydra's own loader and launcher, for comparison."""

from __future__ import annotations

from commands import ROOT
from hydra._internal.hydra import Hydra
from hydra._internal.utils import create_config_search_path
from hydra.core.global_hydra import GlobalHydra
from hydra.core.utils import setup_globals
from hydra.types import RunMode


def multirun(*overrides):
    """Hydra, and the configuration of a sweep with these overrides."""
    GlobalHydra.instance().clear()
    setup_globals()
    hydra = Hydra.create_main_hydra2("train", create_config_search_path(str(ROOT / "conf")))
    master = hydra.compose_config("train", list(overrides), run_mode=RunMode.MULTIRUN, with_log_configuration=False)
    GlobalHydra.instance().clear()
    return hydra, master
