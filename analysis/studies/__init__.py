"""Studies, one file each: what `conf/experiment/<name>.yaml` runs, drawn and put into words.

A study is a module here with a `STUDY`, named as its experiment. `studies` finds them; names that begin with an
underscore are left out.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import replace
from pathlib import Path

import yaml

from analysis.chapters import CHAPTERS
from analysis.study import Study

EXPERIMENTS = Path(__file__).resolve().parents[2] / "conf" / "experiment"


def studies() -> dict[str, Study]:
    """All studies by name, in the order of the report."""
    names = [module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")]
    found = [
        replace(importlib.import_module(f"{__name__}.{name}").STUDY, name=name, question=_question(name))
        for name in names
    ]
    ordered = sorted(found, key=lambda study: (CHAPTERS.index(study.chapter), study.order))
    return {study.name: study for study in ordered}


def _question(name: str) -> str:
    """A study's question, which is the description of its experiment in MLflow, too."""
    text = (EXPERIMENTS / f"{name}.yaml").read_text(encoding="utf-8")
    return str(yaml.safe_load(text)["tracking"]["description"])
