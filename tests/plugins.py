"""Hydra's own loader, and the jobs that the sweeper makes of an experiment."""

from __future__ import annotations

from commands import ROOT
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode
from omegaconf import OmegaConf

from hydra_plugins import grid_sweeper
from hydra_plugins._composition import Composition
from hydra_plugins._internals import VERSION_BASE


def multirun(*overrides):
    """Hydra, and the configuration of a sweep with these overrides."""
    with initialize_config_dir(str(ROOT / "conf"), **VERSION_BASE):
        hydra = GlobalHydra.instance().hydra
        master = hydra.compose_config("train", list(overrides), run_mode=RunMode.MULTIRUN, with_log_configuration=False)
    return hydra, master


def composed_jobs(experiment, *overrides):
    """The configurations of all jobs of an experiment, at the lower end of what it searches, as plain mappings."""
    hydra, master = multirun(f"experiment={experiment}", *overrides)
    settings = OmegaConf.to_container(master.hydra.sweeper, resolve=True)
    del settings["_target_"]
    sweeper = grid_sweeper.GridSweeper(**settings)
    parser = OverridesParser.create(config_loader=hydra.config_loader)
    own = [text for text in overrides if not text.startswith("hydra.")]
    jobs = sweeper.jobs(parser, [f"experiment={experiment}", *own])
    if sweeper.search:
        jobs = [[*job, f"{sweeper.search.axis}={sweeper.search.low}"] for job in jobs]
    composition = Composition(hydra.config_loader, master)
    composed = (composition.job(overrides, number).task() for number, overrides in enumerate(jobs))
    return [
        {name: value for name, value in config.items() if name not in ("tracking", "resume", "dry_run")}
        for config in composed
    ]
