"""Claims of an introduction to gradient descent, each with the runs it needs and the check that tests it.

A new file in this folder is enough to add claims; names that begin with an underscore are left out. Outside of their
checks these files import nothing that is slow to import, since `experiments/train.py` reads from here what to run.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from typing import TYPE_CHECKING

from analysis.claims.claim import ABSENT, LIMITED, Claim, Finding, NotRunError
from analysis.stats.verdicts import FAILS, HOLDS, UNDECIDED

if TYPE_CHECKING:
    from analysis.items import Table

__all__ = ["ABSENT", "CLAIMS", "FAILS", "HOLDS", "LIMITED", "UNDECIDED", "Claim", "Finding", "cases", "judge", "table"]


def _discovered() -> tuple[Claim, ...]:
    """The claims of all modules of this package, in the order of the page."""
    names = [module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")]
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    claims = [value for module in modules for value in vars(module).values() if isinstance(value, Claim)]
    return tuple(sorted(claims, key=lambda claim: claim.order))


CLAIMS = _discovered()


def cases() -> list[str]:
    """The overrides of all runs that claims need of their own: the cases of the sweep `lessons`."""
    return list(dict.fromkeys(case for claim in CLAIMS for case in claim.runs))


def judge(uri: str) -> list[tuple[Claim, Finding]]:
    """Every claim with its finding, from the runs of one tracking store."""
    from analysis.claims._tracked import Archive, TrackedEvidence

    archive = Archive(uri)
    found = []
    for claim in CLAIMS:
        try:
            finding = claim.check(TrackedEvidence(archive, claim))
        except NotRunError as missing:
            command = f"python experiments/train.py -m experiment={missing}"
            finding = Finding(measured=f"to run it: {command}", verdict=ABSENT)
        found.append((claim, finding))
    return found


def table(found: Sequence[tuple[Claim, Finding]]) -> Table:
    """A table of claims, a row each."""
    import pandas as pd

    from analysis import words
    from analysis.items import Table
    from analysis.stats import averages

    frame = pd.DataFrame(
        [
            [claim.text, finding.verdict, finding.measured, claim.experiment, len(finding.runs)]
            for claim, finding in found
        ],
        columns=["claim", "verdict", "measured", "experiment", "runs"],
    )
    return Table(
        name="claims",
        title="Claims and verdicts",
        frame=frame,
        caption=words.sentences(
            f"numbers in brackets: {averages.INTERVAL}, or where a verdict is on several arms the interval of its "
            "study; runs: the number of runs behind each finding",
            "a rule in the code derives each verdict from the measured numbers",
        ),
    )
