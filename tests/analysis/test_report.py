"""The scripts on a real store of small sweeps: figures, claims, the page, and what is said where runs are missing."""

import base64
import re
import shutil
import sqlite3
import sys
from contextlib import closing
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from commands import script, single_line
from launches import changed, config, sweep

from analysis import lr_divergence, report, stamps, study, words
from analysis.claims import ABSENT
from gdlab import tracking
from gdlab.descent.trajectory import Trajectory
from gdlab.tracking import RunCard, Store

RATE = "optimizer.learning_rate"
RATES = {
    "lr_parabola": (0.001, 0.1, 1.0, 2.0),
    "lr_border": (0.5, 0.995, 1.004, 2.0),
    "lr_divergence": (0.1, 3.0, 300.0),
    "lr_optimizers": (0.1, 1.0),
    "lr_batch": (0.1, 3.0),
    "edge_of_stability": (0.01, 0.05),
}
RUNS = {"lr_parabola": 4, "lr_border": 4, "lr_divergence": 6, "lr_optimizers": 8, "lr_batch": 8, "edge_of_stability": 2}


def small(name, **sections):
    """What a study launches, on a tiny network and few steps."""
    problem = {"hidden": [4], "data": {"name": "digits"}}
    made = config(f"experiment={name}")
    if "Network" in made["problem"]["name"]:
        made = changed(made, problem=problem, stop={"max_steps": 30, "max_epochs": None}, record={"points": 4})
    return changed(made, **sections)


def jobs(name):
    """The runs of a study, by name."""
    if name == "lr_parabola":
        bases, seeds = [small(name)], [0]
    elif name == "lr_border":
        overrides = ("problem=parabola", "problem.start=[5.0]", "record.sharpness=start", "stop.diverged_above=100")
        bases, seeds = [config(*overrides)], [0]
    elif name == "lr_batch":
        bases, seeds = [small(name, problem={"batch_size": size}) for size in (4, None)], [0, 1]
    elif name == "lr_optimizers":
        adam = config("optimizer=adam")["optimizer"]
        bases, seeds = [small(name), {**small(name), "optimizer": adam}], [0, 1]
    else:
        bases, seeds = [small(name)], [0] if name == "edge_of_stability" else [0, 1]
    return {
        f"{number} {rate} {seed}": changed(
            base, optimizer={"learning_rate": rate}, seed=seed, seeds={"init": seed, "batches": seed}
        )
        for number, base in enumerate(bases)
        for rate in RATES[name]
        for seed in seeds
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory, empty_store):
    """A store with some of the studies, small."""
    folder = tmp_path_factory.mktemp("store")
    shutil.copy(empty_store, folder / "mlflow.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        uri = f"sqlite:///{folder}/mlflow.db"
        for name in RATES:
            assert not [result for result in sweep(uri, name, jobs(name)) if result.failure]
        walk = config(
            "problem=parabola", "problem.start=[5.0]", "stop.max_steps=7", "record.points=8", "record.spacing=even"
        )
        sweep(uri, "lessons", {"walk": walk, "scores": config("measurement=scores")})
    return folder


@pytest.fixture
def run(folder, monkeypatch):
    """Run a script's main with these arguments, where the store is, in this process."""

    def start(main, *arguments, where=folder):
        monkeypatch.chdir(where)
        monkeypatch.setattr(sys, "argv", ["script", *arguments])
        monkeypatch.setattr(study, "each", lambda function, items: map(function, items))
        study.exit_plainly(main)

    return start


@pytest.fixture
def page(run, folder):
    """The folder of the report, which is another than the default."""
    if not (folder / "out put").exists():
        run(report.main, "--output", "out put")
    return folder / "out put"


class Page(HTMLParser):
    """What a test asks of a page: its elements and its text; its tags close as they were opened."""

    VOID = ("meta", "img")

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts, self.open = [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.texts += data.split()


def test_page_contains_every_figure_and_its_links_lead_somewhere(page):
    elements = Page((page / "index.html").read_text()).elements
    pictures = [attributes["src"] for tag, attributes in elements if tag == "img"]
    files = {path.read_bytes() for path in page.glob("*.png")}
    assert len(pictures) == len(files) == 9  # a parabola has three, the network two, the others one
    assert {base64.b64decode(src.removeprefix("data:image/png;base64,")) for src in pictures} == files
    ids = {attributes["id"] for _, attributes in elements if "id" in attributes}
    for link in [attributes["href"] for tag, attributes in elements if tag == "a"]:
        if link.startswith("#"):
            assert link[1:] in ids
        elif not link.startswith("http://127.0.0.1:5000/#/experiments/"):
            assert (page / link).stat().st_size


def test_page_needs_nothing_from_outside(page):
    text = re.sub(r"data:image/\w+;base64,[^\"]*", "", (page / "index.html").read_text())
    assert not re.search(r"https?://(?!127\.0\.0\.1:5000)", text)
    assert "<script" not in text and "url(" not in text and "@import" not in text


def test_page_says_what_is_missing_and_how_to_run_it(page):
    text = (page / "index.html").read_text()
    for name in ("lr_explosion", "lr_schedules", "seed_minima", "basins", "symmetry", "width", "gallery"):
        assert f"python experiments/train.py -m experiment={name}</code>" in text
    assert "6 of 13 studies" in text.replace("</strong>", "")


def test_page_counts_its_runs(page):
    text = " ".join(Page((page / "index.html").read_text()).texts)
    assert "2 learning rates" not in text or "3 learning rates × 2 seeds = 6 runs" in text
    for name, count in RUNS.items():
        assert f"experiment {name} in sqlite:///mlflow.db runs {count}" in text


def test_figures_and_tables_are_the_same_each_time_and_kept_with_the_sweep(page, run, folder, capsys):
    run(lr_divergence.main, "--study", "lr_divergence")
    wrote = [line.removeprefix("wrote reports/") for line in capsys.readouterr().out.splitlines()]
    assert {file.rpartition(".")[2] for file in wrote} == {"png", "svg", "csv", "txt", "md"}
    runs = tracking.runs(f"sqlite:///{folder}/mlflow.db", "lr_divergence")
    sweep = folder / "mlruns" / str(runs["experiment_id"].iloc[0]) / runs["parent"].iloc[0] / "artifacts" / "figures"
    for file in wrote:
        first, second = (folder / "reports" / file).read_bytes(), (page / file).read_bytes()
        assert first == second == (sweep / file).read_bytes()


def test_a_study_can_be_drawn_from_any_experiment(run, folder):
    run(lr_divergence.main, "--study", "lr_explosion", "--experiment", "lr_divergence", "--output", "other")
    assert (folder / "other" / "lr_explosion_final.png").exists()


def test_borders_are_found_and_told(page):
    table = pd.read_csv(page / "lr_border_table.csv")
    assert table[["predicted", "holds", "diverges", "runs"]].to_numpy().tolist() == [[1.0, 0.995, 1.004, 4]]
    assert table["measured"].tolist() == pytest.approx([(0.995 * 1.004) ** 0.5])


def test_the_phase_diagram_has_a_cell_for_every_pair(page):
    table = pd.read_csv(page / "lr_batch_cells.csv")
    assert set(zip(table["batch size"], table["learning rate η"], strict=True)) == {
        (size, rate) for size in ("4", "whole set") for rate in (0.1, 3.0)
    }
    assert (table["runs"] == 2).all()


def test_the_edge_is_held_against_theory(page):
    table = pd.read_csv(page / "edge_of_stability_late.csv")
    assert table["2/η"].tolist() == [200.0, 40.0]
    assert (table["at the start"] > 0).all()


def test_walks_show_each_regime_once(page):
    data = pd.read_csv(page / "lr_parabola_walks.csv")
    told = data.drop_duplicates(RATE).set_index(RATE)["regime"].to_dict()
    assert told == {0.001: "crawling", 0.1: "converging", 1.0: "bouncing", 2.0: "diverged"}


def test_claims_rest_on_runs(page):
    claims = pd.read_csv(page / "claims.csv").set_index("claim")
    walk = claims.loc[next(claim for claim in claims.index if claim.startswith("On w², from 5"))]
    assert walk["verdict"] == "holds" and walk["measured"].startswith("25 → 16 → 10.24") and walk["runs"] == 1
    unsaid = claims.loc["A mini-batch estimates the gradient, with an error that falls as 1/√n."]
    assert unsaid["verdict"] == ABSENT and "experiment=lessons" in unsaid["measured"]


def copied(folder, to):
    """The store in another place, its runs' files too."""
    shutil.copytree(folder / "mlruns", to / "mlruns")
    shutil.copy(folder / "mlflow.db", to / "mlflow.db")
    with closing(sqlite3.connect(to / "mlflow.db")) as database:
        for table, column in (("runs", "artifact_uri"), ("experiments", "artifact_location")):
            database.execute(f"UPDATE {table} SET {column} = replace({column}, ?, ?)", (str(folder), str(to)))
        database.commit()
    return to


def test_a_changed_metric_changes_the_page_and_a_claim_that_fails_shows(page, run, folder, tmp_path):
    store = copied(folder, tmp_path)
    before = words_of((page / "index.html").read_text())
    with closing(sqlite3.connect(store / "mlflow.db")) as database:
        for key, value in (("cost_shrug", 0.8), ("final_accuracy", 0.123456), ("final_cost", 0.777)):
            for table in ("metrics", "latest_metrics"):
                database.execute(f"UPDATE {table} SET value = ? WHERE key = ?", (value, key))
        database.commit()
    run(report.main, "--uri", f"sqlite:///{store}/mlflow.db", "--output", "reports", where=store)
    after = words_of((store / "reports" / "index.html").read_text())
    assert "0.1 cost 0.9000" in before and "0.1 cost 0.8000" in after
    assert "0.123" in after and "0.777" in after and "0.123" not in before
    claims = pd.read_csv(store / "reports" / "claims.csv").set_index("claim")
    assert "does not hold" in claims["verdict"].tolist()


def words_of(text):
    return " ".join(Page(text).texts)


def test_nothing_is_done_again_while_nothing_changes(page, run, folder, capsys, monkeypatch):
    run(report.main, "--output", "out put")
    assert capsys.readouterr().out == "out put/index.html is as new: nothing has changed since it was made\n"
    monkeypatch.setattr(stamps, "digest", lambda *a: "another")
    monkeypatch.setattr(report.study, "save", lambda *a: pytest.fail("drawn"))
    with pytest.raises(pytest.fail.Exception, match="drawn"):
        run(report.main, "--output", "out put")


@pytest.fixture
def poor(tmp_path, monkeypatch):
    """A store with an empty experiment, runs of something else, and runs with a hole."""
    monkeypatch.chdir(tmp_path)
    uri = f"sqlite:///{tmp_path}/mlflow.db"

    def write(store, params):
        card = RunCard(name="a run", config={}, params=params, key=str(params))
        columns = {"step": [0, 1], "cost": [1.0, 0.5], "gradient_norm": [1.0, 0.5], "learning_rate": [0.1, 0.1]}
        trajectory = Trajectory(start=np.zeros(1), end=np.zeros(1), columns=columns, outcome="budget")
        store.end(store.begin(card), card, trajectory)

    Store(uri, "empty")
    write(Store(uri, "other"), {"question": "another"})
    half = Store(uri, "half")
    write(half, {RATE: 0.1, "seed": 0})
    write(half, {"seed": 1})
    return tmp_path


def test_runs_that_cannot_be_drawn(run, poor):
    uri = f"sqlite:///{poor}/mlflow.db"
    for experiment, message in (
        ("absent", "error: experiment 'absent' is not in"),
        ("empty", "error: experiment 'empty' in {uri} has no finished runs"),
        ("other", f"error: experiment 'other' in {{uri}} lacks {RATE}, seed: this study needs "),
        ("half", f"error: experiment 'half' in {{uri}}: 1 of 2 runs have no {RATE}"),
    ):
        options = ["--uri", uri, "--study", "lr_divergence", "--experiment", experiment, "--output", "none"]
        with pytest.raises(SystemExit) as stop:
            run(lr_divergence.main, *options, where=poor)
        assert single_line(stop.value.code).startswith(message.format(uri=uri))
        assert not (poor / "none").exists()
    for main in (lr_divergence.main, report.main):
        with pytest.raises(SystemExit, match="none of the(se)? studies is in"):
            run(main, "--uri", uri, "--output", "none", where=poor)


def test_an_output_that_is_a_file(run):
    with pytest.raises(SystemExit, match="error: --output=mlflow.db is a file, not a folder"):
        run(lr_divergence.main, "--study", "lr_parabola", "--output", "mlflow.db")


def test_an_experiment_needs_its_study(run):
    with pytest.raises(SystemExit, match="error: --experiment needs --study"):
        run(lr_divergence.main, "--experiment", "lr_parabola")


@pytest.mark.parametrize("name", ["lr_divergence.py", "report.py", "claims/__main__.py"])
def test_missing_store_as_a_person_sees_it(name, tmp_path):
    done = script(tmp_path, f"analysis/{name}")
    assert (done.returncode, done.stdout) == (1, "")
    assert single_line(done.stderr).startswith("error: no")
    assert not (tmp_path / "mlflow.db").exists()


def test_words_begin_with_a_capital_but_symbols_stay():
    assert words.sentences("η is small", "the rest", "") == "η is small. The rest."
