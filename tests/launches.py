"""Sweeps launched in this process: what the command does, without its processes."""

from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor

from commands import ROOT
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from gdlab.sweeps.launch import carry_out
from gdlab.sweeps.plan import Job, plan
from gdlab.tracking import Store, milliseconds
from hydra_plugins._internals import VERSION_BASE


def config(*overrides):
    """A run's configuration, as the command line's overrides compose to it."""
    with initialize_config_dir(str(ROOT / "conf"), **VERSION_BASE):
        whole = OmegaConf.to_container(compose("train", list(overrides)), resolve=True)
    return {name: part for name, part in whole.items() if name not in ("tracking", "resume", "dry_run")}


def changed(config, **sections):
    """A copy in which sections have other values, and keys outside of them."""
    new = copy.deepcopy(config)
    for name, values in sections.items():
        new[name] = {**new[name], **values} if isinstance(values, dict) else values
    return new


def sweep(uri, experiment, configs):
    """Launch a sweep of these configurations by name; returns the result of each."""
    jobs = [Job(name=name, config=config) for name, config in configs.items()]
    store = Store(uri, experiment)
    planned = plan(jobs, store.finished(), workers=1, rows=None)
    now = milliseconds()
    results = carry_out(planned, lambda: store, str(now), looked_at=now, new_executor=lambda: ThreadPoolExecutor(1))
    return list(results)
