"""All claims together: each is tested both ways, and finds its own runs among those that the sweep makes."""

import inspect
import runpy
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from launches import config, sweep
from plugins import multirun

from analysis.claims import ABSENT, CLAIMS, FAILS, HOLDS, LIMITED, UNDECIDED, Claim, cases, judge, table
from analysis.claims._matching import jobs, select
from analysis.claims._tracked import Archive, TrackedEvidence
from gdlab.sweeps.configuration import SECTIONS, flat
from hydra_plugins._axes import grid
from hydra_plugins._composition import Composition
from hydra_plugins.grid_sweeper import split_case

OWN = [claim for claim in CLAIMS if claim.runs]


def names(claims):
    return [claim.name for claim in claims]


def test_names_and_places_are_unique():
    assert max(Counter(names(CLAIMS)).values()) == 1
    assert len({claim.order for claim in CLAIMS}) == len(CLAIMS)


def test_every_check_is_tested_with_evidence_for_every_verdict():
    tested = set()
    for file in Path(__file__).parent.glob("test_*.py"):
        if file != Path(__file__):
            tested |= {(case.claim.name, case.verdict) for case in runpy.run_path(str(file))["CASES"]}
    of_arms = [claim for claim in CLAIMS if "judged(" in inspect.getsource(claim.check)]
    of_seeds = ("over_seeds", "combined(", "of_tuned_arms(")
    uncertain = [claim for claim in CLAIMS if any(name in inspect.getsource(claim.check) for name in of_seeds)]
    limited = [claim for claim in CLAIMS if "limit" in (inspect.getdoc(claim.check) or "")]
    expected = {
        *((claim.name, verdict) for claim in CLAIMS for verdict in (HOLDS, FAILS)),
        *((claim.name, LIMITED) for claim in [*of_arms, *limited]),
        *((claim.name, UNDECIDED) for claim in [*of_arms, *uncertain]),
    }
    assert expected - tested == set()


def test_a_claim_has_runs_of_its_own_or_those_of_studies():
    for runs, studies in (((), ()), (("seed=1",), ("symmetry",))):
        with pytest.raises(ValueError, match="claim c must name either runs of its own or studies"):
            Claim(name="c", order=1, text="", runs=runs, studies=studies, check=lambda evidence: None)
    with pytest.raises(ValueError, match="claim c must name the study that it is about"):
        Claim(name="c", order=1, text="", runs=("seed=1",), check=lambda evidence: None)


def test_studies_exist():
    experiments = {path.stem for path in (Path(__file__).parents[3] / "conf" / "experiment").glob("*.yaml")}
    assert {study for claim in CLAIMS for study in claim.studies} <= experiments
    assert {claim.section for claim in CLAIMS} <= experiments


def test_listing_runs_imports_nothing_slow():
    code = "import sys, analysis.claims as c; c.cases(); print({'pandas', 'matplotlib', 'scipy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


@pytest.fixture(scope="module")
def lessons():
    """The runs of the sweep `lessons`, as tracking would read them, from the jobs that Hydra composes."""
    hydra, master = multirun("experiment=lessons")
    composition = Composition(hydra.config_loader, master)
    rows = []
    for case in master.hydra.sweeper.cases:
        for job in grid(composition.parser.parse_overrides(split_case(case)), ()):
            composed = composition.job(["experiment=lessons", *job], 0).task()
            params = flat({name: composed[name] for name in composed if name in (*SECTIONS, "measurement", "seed")})
            read = {name: str(value) if isinstance(value, list | bool) else value for name, value in params.items()}
            rows.append({**read, "job": " ".join(job)})
    return pd.DataFrame(rows)


def test_the_sweep_runs_what_claims_ask_for_and_each_job_once(lessons):
    assert set(cases()) == {case for claim in OWN for case in claim.runs}
    assert len(lessons) == sum(len(list(jobs(case))) for case in cases())
    assert not lessons.drop(columns="job").duplicated().any()


@pytest.mark.parametrize("claim", OWN, ids=names(OWN))
def test_a_claim_finds_its_own_runs(claim, lessons):
    found = select(lessons, claim.runs)["job"].tolist()
    asked = [job for case in claim.runs for job in lessons["job"] if set(job.split()) in expanded(case)]
    assert len(found) == len(asked) > 0
    if claim.name != "parameters":  # any run of the network serves it
        assert found == asked
        with pytest.raises(LookupError):
            select(lessons[lessons["job"] != asked[-1]], claim.runs)


def expanded(case):
    """The overrides of each job of a case."""
    return [set(job) for job in grid(OverridesParser.create().parse_overrides(split_case(case)), ())]


def test_params_of_jobs():
    plain = {
        "problem.name": "network",
        "optimizer.name": "gradient_descent",
        "schedule.name": "constant",
        "measurement.name": None,
    }
    assert list(jobs("seed=0,2 problem.batch_size=null")) == [
        {**plain, "seed": seed, "problem.batch_size": None} for seed in (0, 2)
    ]
    (params,) = jobs("problem=bowl problem.start=[3.0,4.0] record.path=true")
    assert params["problem.name"] == "bowl" and params["problem.start"] == [3.0, 4.0] and params["record.path"] is True
    assert params["problem.dtype"] == "float64" and "defaults" not in str(params)
    (ranking,) = jobs("measurement=ranking measurement.target=5")
    assert ranking["measurement.name"] == "scores" and ranking["measurement.target"] == 5
    assert ranking["measurement.outputs.shrug"] == [0.1] * 10
    assert [job["seed"] for job in jobs("seed=range(3)")] == [0, 1, 2]


def test_select_takes_the_newest_run_that_agrees():
    runs = pd.DataFrame(
        {
            "problem.start": ["[5.0]", "[5.0]", "[1.0]", "[5.0]"],
            "record.path": ["True", "True", "True", "False"],
            "seed": [1, 1, 1, 1],
        }
    ).assign(**{"problem.name": "network", "optimizer.name": "gradient_descent", "schedule.name": "constant"})
    assert select(runs, ["problem.start=[5.0] record.path=true"]).index.tolist() == [1]
    assert select(runs, ["problem.start=[5.0]", "problem.start=[1.0]"]).index.tolist() == [3, 2]
    assert select(runs, ["problem.batch_size=null"]).index.tolist() == [3]
    for case in ("seed=2", "seed=1,2", "problem.batch_size=1", "measurement=slopes", "record.path=null"):
        with pytest.raises(LookupError, match="no run has"):
            select(runs, [case])
    for name in ("measurement.name", "problem.name", "optimizer.name", "schedule.name"):
        with pytest.raises(LookupError):
            select(runs.assign(**{name: "another"}), ["seed=1"])


WALK = ("problem=parabola", "problem.start=[5.0]", "stop.max_steps=7", "record.points=8", "record.spacing=even")


def test_claims_are_judged_by_the_newest_of_their_runs(workplace, monkeypatch):
    monkeypatch.chdir(workplace)
    uri = f"sqlite:///{workplace}/mlflow.db"
    assert {finding.verdict for _, finding in judge(uri)} == {ABSENT}
    others = {"elsewhere": config(*WALK, "problem.center=1.0"), "longer": config(*WALK[:2])}
    sweep(uri, "lessons", {"walk": config(*WALK), "scores": config("measurement=scores"), **others})
    found = {claim.name: finding for claim, finding in judge(uri)}
    verdicts = {name: finding.verdict for name, finding in found.items() if finding.verdict != ABSENT}
    assert verdicts == {"one_number": HOLDS, "walk": HOLDS}
    assert found["walk"].measured.startswith("25 → 16 → 10.24 → 6.554")
    assert len(found["walk"].runs) == 1
    assert found["local"].measured == "to run it: python experiments/train.py -m experiment=basins"
    assert found["rates"].measured == "to run it: python experiments/train.py -m experiment=lessons"
    (walk,) = (claim for claim in CLAIMS if claim.name == "walk")
    assert set(TrackedEvidence(Archive(uri), walk).steps["run_id"]) == set(found["walk"].runs)
    rows = table(judge(uri)).frame
    assert rows["experiment"].tolist() == [claim.experiment for claim in CLAIMS]
    assert rows["runs"].sum() == 2
