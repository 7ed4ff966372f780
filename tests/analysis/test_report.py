"""The scripts on a real MLflow store with runs of w², whose cost after t steps is (1 - 2η)^2t of that at the start."""

import base64
import re
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from commands import ROOT, single_line

from analysis import lr_divergence, report, study
from gdlab.tracking import RunCard, Store
from gdlab.trajectory import Trajectory

RATE = "optimizer.learning_rate"
FIGURES = ["lr_divergence_final", "lr_divergence_trajectories"]
STARTS = {0: 25.0, 1: 4.0}  # the cost at the start by seed
ENDS = {0.1: "budget", 0.5: "converged", 1.5: "diverged"}


def uri_of(folder):
    """In full: MLflow remembers the store of a relative address, whatever folder the next test is in."""
    return f"sqlite:///{folder}/mlflow.db"


def write(store, params, costs, outcome="budget"):
    """A finished run with these costs at steps 0, 1, 2 and on."""
    card = RunCard(name="a run", config={}, params=params, key=str(params))
    columns = {"step": list(range(len(costs))), "cost": list(costs)}
    trajectory = Trajectory(start=np.zeros(1), end=np.zeros(1), columns=columns, outcome=outcome)
    store.end(store.begin(card), card, trajectory)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Six runs: at η = 0.1 they go on, at 0.5 they arrive in one step, at 1.5 they explode, one to infinity."""
    folder = tmp_path_factory.mktemp("store")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)  # where MLflow puts the runs' files
        uri = uri_of(folder)
        store = Store(uri, "lr_divergence")
        for rate, outcome in ENDS.items():
            for seed, start in STARTS.items():
                params = {RATE: rate, "seed": seed, "problem._target_": "gdlab.landscapes.Parabola"}
                costs = start * (1 - 2 * rate) ** (2.0 * np.arange(7))
                costs[-1] = np.inf if (rate, seed) == (1.5, 1) else costs[-1]
                write(store, {**params, "stop.max_steps": 6, "parameters": 1}, costs, outcome)
        Store(uri, "empty")
        write(Store(uri, "other"), {"question": "another"}, [1.0, 0.5])
        half = Store(uri, "half")
        write(half, {RATE: 0.1, "seed": 0}, [1.0, 0.5])
        write(half, {"seed": 1}, [1.0, 0.5])
    return folder


@pytest.fixture
def run(folder, monkeypatch):
    """Run a script's main with these arguments, where the store is."""

    def start(main, *arguments):
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["script", "--uri", uri_of(folder), *arguments])
        study.exit_plainly(main)

    return start


@pytest.fixture
def page(run, folder):
    """The folder of the report, which is another than the default."""
    if not (folder / "out put").exists():
        run(report.main, "--output", "out put")
    return folder / "out put"


class Page(HTMLParser):
    """What a test asks of a page: its elements, the text of its cells; its tags close as they were opened."""

    VOID = ("meta", "img")

    def __init__(self, text):
        super().__init__()
        self.elements, self.cells, self.open = [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "td":
            self.cells.append(data)


def test_page_contains_every_figure_and_links_its_files(page):
    elements = Page((page / "index.html").read_text()).elements
    pictures = [attributes["src"] for tag, attributes in elements if tag == "img"]
    for name, picture in zip(FIGURES, pictures, strict=True):
        assert base64.b64decode(picture.removeprefix("data:image/png;base64,")) == (page / f"{name}.png").read_bytes()
    links = [attributes["href"] for tag, attributes in elements if tag == "a"]
    assert links == [f"{name}.{kind}" for name in FIGURES for kind in ("png", "svg", "csv")]
    assert all((page / link).stat().st_size for link in links)


def test_page_needs_nothing_from_outside(page):
    text = re.sub(r"data:image/png;base64,[^\"]*", "", (page / "index.html").read_text())
    assert "http" not in text and "<script" not in text and "url(" not in text and "@import" not in text


def test_page_has_the_medians(page):
    cells = Page((page / "index.html").read_text()).cells
    assert np.reshape(cells, (3, 4)).tolist() == [
        ["0.1", "2", "2 budget", "0.996"],  # (25 + 4) / 2 * 0.8^12
        ["0.5", "2", "2 converged", "0.00"],
        ["1.5", "2", "2 diverged", "not finite"],
    ]


def test_page_says_what_was_run_and_how_to_run_it(page, folder):
    text = (page / "index.html").read_text()
    assert "3 learning rates × 2 seeds = 6 runs" in text
    assert "<dd>parabola (1 parameter)</dd>" in text
    assert "<dd>6 steps</dd>" in text
    assert "python experiments/train.py -m experiment=lr_divergence\n" in text.replace("</code>", "\n")
    assert f"python analysis/lr_divergence.py --uri {uri_of(folder)} --output &#39;out put&#39;" in text


def test_figures_are_the_same_each_time(page, run, folder, capsys):
    run(lr_divergence.main)
    files = [f"{name}.{kind}" for name in FIGURES for kind in ("png", "svg", "csv")]
    assert capsys.readouterr().out.splitlines() == [f"wrote reports/{file}" for file in files]
    for file in files:
        assert (folder / "reports" / file).read_bytes() == (page / file).read_bytes()


def test_csv_has_exact_costs(page):
    final = pd.read_csv(page / "lr_divergence_final.csv").set_index([RATE, "seed"])["final_cost"]
    assert final[1.5, 1] == np.inf  # which MLflow has not
    assert final[1.5, 0] == 25 * 4.0**6
    steps = pd.read_csv(page / "lr_divergence_trajectories.csv")
    assert len(steps) == 6 * 7
    assert steps.groupby("seed")["cost"].first().to_dict() == STARTS


@pytest.mark.parametrize("main", [lr_divergence.main, report.main])
@pytest.mark.parametrize(
    ("experiment", "message"),
    [
        ("absent", "error: experiment 'absent' is not in {uri}"),
        ("empty", "error: experiment 'empty' in {uri} has no finished runs"),
        ("other", f"error: experiment 'other' in {{uri}} lacks {RATE}, seed: this study needs "),
        ("half", f"error: experiment 'half' in {{uri}}: 1 of 2 runs have no {RATE}"),
    ],
)
def test_runs_that_cannot_be_drawn(run, folder, main, experiment, message):
    with pytest.raises(SystemExit) as stop:
        run(main, "--experiment", experiment, "--output", "none")
    assert single_line(stop.value.code).startswith(message.format(uri=uri_of(folder)))
    assert not (folder / "none").exists()


def test_output_that_cannot_be_written(run):
    with pytest.raises(SystemExit, match="error: mlflow.db cannot be written: File exists"):
        run(lr_divergence.main, "--output", "mlflow.db")


@pytest.mark.parametrize("script", ["lr_divergence.py", "report.py"])
def test_missing_store_as_a_person_sees_it(script, tmp_path):
    command = [sys.executable, str(ROOT / "analysis" / script)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert single_line(done.stderr).startswith("error: tracking.uri=sqlite:///mlflow.db: mlflow.db does not exist")
    assert list(tmp_path.iterdir()) == []
