"""The report on a real store of small sweeps."""

import html
import re
import shutil
import sqlite3
from contextlib import closing
from html.parser import HTMLParser

import pandas as pd
import pytest
from commands import script, single_line

from analysis import figures, report
from analysis.chapters import CHAPTERS
from analysis.claims import ABSENT, CLAIMS
from analysis.page import pictures, render, sections, stamps
from analysis.studies import studies
from gdlab import tracking

RATE = "optimizer.learning_rate"
RUN = (
    "lr_parabola",
    "lr_border",
    "lr_divergence",
    "lr_optimizers",
    "lr_batch",
    "edge_of_stability",
    "seed_minima",
    "trainability",
)
MOST_WORDS = 2500  # unfolded
ANSWER = 50  # words
pytestmark = pytest.mark.xdist_group("page")  # one process, one report


class Page(HTMLParser):
    """The elements and the text of a page, whose tags are closed in order; `unfolded` is the text in view at first."""

    VOID = ("meta", "img", "source", "input", "br")

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts, self.unfolded, self.open = [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if {"style", "script", "title"} & {*self.open}:
            return
        self.texts += data.split()
        if self.open.count("details") <= ("summary" in self.open):
            self.unfolded += data.split()


def test_page_contains_every_figure_and_its_links_lead_somewhere(page):
    elements = Page((page / "index.html").read_text()).elements
    images = [attributes["src"] for tag, attributes in elements if tag == "img"]
    files = [*page.glob("*.svg"), *page.glob("*.gif")]
    assert sorted(images) == sorted(pictures.embedded(file).address for file in files)
    ids = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert len(ids) == len({*ids})
    for link in [attributes["href"] for tag, attributes in elements if tag == "a"]:
        if link.startswith("#"):
            assert link[1:] in ids
        elif link.startswith("http://127.0.0.1:5000/#/experiments/"):
            assert link.endswith("?workflowType=machine_learning")
        else:
            assert (page / link).stat().st_size


def test_page_needs_nothing_from_outside(page):
    """But for links; no request leaves the machine while scripts run, which is tested in a browser."""
    text = re.sub(r"data:image/[^\"]*|<script.*?</script>", "", (page / "index.html").read_text(), flags=re.DOTALL)
    assert not re.search(r"https?://(?!127\.0\.0\.1:5000)", text)
    assert "url(" not in text and "@import" not in text and "<link" not in text


def test_page_says_what_was_learnt_then_defines_its_words_then_shows(page):
    """And its contents have chapters and sections, in the order of the page."""
    text = (page / "index.html").read_text()
    ids = [attributes["id"] for _, attributes in Page(text).elements if "id" in attributes]
    assert ids[:3] == ["abstract", "words", f"figure-{render.HERO}"]
    contents = re.search("<nav.*?</nav>", text, flags=re.DOTALL)[0]
    linked = re.findall(r'href="#([^"]*)"', contents)
    assert linked == [name for name in ids if name in linked]
    assert [name for name in linked if name in studies()] == list(studies())
    assert len([name for name in linked if name.startswith("chapter-")]) == len(CHAPTERS)
    abstract = section_of(text, "abstract")
    assert abstract.count("<p>") == render.FINDINGS and re.search(r"\d", abstract)


def test_an_answer_comes_first_and_findings_are_folded(page, folder):
    text = (page / "index.html").read_text()
    for name in RUN:
        section = section_of(text, name)
        _, result = studies()[name].result(f"sqlite:///{folder}/mlflow.db")
        answer = html.escape(result.answer, quote=False).replace("'", "&#39;")
        heading, _, rest = section.partition(f'<p class="answer">{answer}</p>')
        assert "<figure" not in heading and f"<h3>{studies()[name].title}</h3>" in heading and "<figure" in rest
        before, _, folded = rest.rpartition("<details>\n<summary>")
        assert "<li>" not in before and folded.count("<li>") == len(result.findings) - (
            result.answer in result.findings
        )
        assert rest.count("</figure>") == len([*result.figures, *result.films, *result.tables, *result.charts]) - (
            name == "lr_divergence"  # one of its figures is at the top
        )


def test_answers_are_short(page):
    text = (page / "index.html").read_text()
    answers = {name: re.search(r'<p class="answer">(.*?)</p>', section_of(text, name))[1] for name in RUN}
    assert {name: len(answer.split()) for name, answer in answers.items() if len(answer.split()) > ANSWER} == {}


def test_a_claim_is_in_the_section_that_it_is_about_and_in_the_table_of_all(page):
    text = (page / "index.html").read_text()
    for claim in CLAIMS:
        said = html.escape(claim.text, quote=False).replace("'", "&#39;")
        assert f'<li id="claim-{claim.name}">{said}' in section_of(text, claim.section)
        assert text.count(said) == 2 and said in section_of(text, "claims")


def test_page_is_short_until_a_reader_asks_for_more(page, absent):
    """The studies that are not in this store would have as many words as the others have."""
    text = (page / "index.html").read_text()
    total, counts = len(Page(text).unfolded), {}
    for name in studies():
        counts[name] = len(Page(section_of(text, name)).unfolded)
    done = [count for name, count in counts.items() if name not in absent]
    assert total - sum(counts.values()) + len(counts) * sum(done) / len(done) < MOST_WORDS


def section_of(text, name):
    """The section of a page by its id."""
    return text.split(f'<section id="{name}">')[1].split("</section>")[0]


@pytest.fixture
def absent(folder):
    """The studies that are not in the store."""
    uri = f"sqlite:///{folder}/mlflow.db"
    return [name for name in studies() if not tracking.experiment_id(uri, name)]


def test_page_names_the_studies_that_are_missing_and_their_commands(page, absent):
    text = (page / "index.html").read_text()
    assert 0 < len(absent) < len(studies())
    for name in studies():
        section = section_of(text, name)
        missing = "<strong>Not run yet.</strong>" in section
        assert missing == (name in absent)
        assert f"python experiments/train.py -m experiment={name}</code>" in section
    assert f"{len(studies()) - len(absent)} of {len(studies())} studies have been run" in text


def test_page_counts_the_runs_in_the_store(page, folder, absent):
    """Of each study and of all together."""
    text, total = words_of((page / "index.html").read_text()), 0
    for name in studies():
        if name not in absent:
            count = len(tracking.runs(f"sqlite:///{folder}/mlflow.db", name))
            assert f"experiment {name} in sqlite:///mlflow.db runs {count} " in text
            total += count
    assert f"have been run: {total} runs and measurements." in text


def test_captions_count_the_runs_in_the_store(page, folder):
    runs = tracking.runs(f"sqlite:///{folder}/mlflow.db", "lr_divergence")
    rates, seeds = runs[RATE].nunique(), runs["seed"].nunique()
    caption = (page / "lr_divergence_final.txt").read_text()
    assert f"{rates} learning rates × {seeds} seeds = {len(runs)} runs" in caption


def test_figures_and_tables_are_the_same_each_time_and_kept_with_the_sweep(page, run, folder, capsys):
    run(figures.main, "--study", "lr_divergence")
    wrote = [line.removeprefix("wrote reports/") for line in capsys.readouterr().out.splitlines()]
    assert {file.rpartition(".")[2] for file in wrote} == {"png", "svg", "csv", "txt", "md"}
    runs = tracking.runs(f"sqlite:///{folder}/mlflow.db", "lr_divergence")
    sweep = folder / "mlruns" / str(runs["experiment_id"].iloc[0]) / runs["parent"].iloc[0] / "artifacts" / "figures"
    for file in wrote:
        first, second = (folder / "reports" / file).read_bytes(), (page / file).read_bytes()
        assert first == second == (sweep / file).read_bytes()


def test_a_study_can_be_drawn_from_any_experiment(run, folder):
    run(figures.main, "--study", "lr_explosion", "--experiment", "lr_divergence", "--output", "other")
    assert (folder / "other" / "lr_explosion_final.png").exists()


def test_borders_are_measured(page):
    table = pd.read_csv(page / "lr_border_table.csv")
    assert table[["predicted", "holds", "diverges", "runs"]].to_numpy().tolist() == [[1.0, 0.995, 1.004, 4]]
    assert table["measured"].tolist() == pytest.approx([(0.995 * 1.004) ** 0.5])


def test_the_phase_diagram_has_a_cell_for_every_pair(page):
    table = pd.read_csv(page / "lr_batch_cells.csv")
    assert set(zip(table["batch size"], table["learning rate η"], strict=True)) == {
        (size, rate) for size in ("4", "whole set") for rate in (0.1, 3.0)
    }
    assert (table["runs"] == 2).all()


def test_the_late_sharpness_has_its_prediction(page):
    table = pd.read_csv(page / "edge_of_stability_late.csv")
    assert table["critical"].tolist() == [200.0, 40.0]
    assert (table["at the start"] > 0).all()


def test_the_parabola_shows_each_regime_once(page):
    data = pd.read_csv(page / "lr_parabola_walks.csv")
    regimes = data.drop_duplicates(RATE).set_index(RATE)["regime"].to_dict()
    assert regimes == {0.001: "little learnt", 0.1: "converging", 1.0: "bouncing", 2.0: "exploding"}


def test_claims_rest_on_runs(page):
    claims = pd.read_csv(page / "claims.csv").set_index("claim")
    walk = claims.loc[next(claim for claim in claims.index if claim.startswith("On w², from 5"))]
    assert walk["verdict"] == "holds" and walk["measured"].startswith("25 → 16 → 10.24") and walk["runs"] == 1
    absent_claim = claims.loc[next(claim for claim in claims.index if claim.startswith("A mini-batch estimates"))]
    assert absent_claim["verdict"] == ABSENT and "experiment=lessons" in absent_claim["measured"]


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


def test_the_results_are_in_markdown_too(page, folder):
    file = folder / "results" / "found.md"
    text = file.read_text()
    shown = {path: (file.parent / path) for path in re.findall(r"!\[[^\]]*\]\(([^)]*)\)", text)}
    assert set(shown.values()) == set(file.parent.rglob("*.png")) and len(shown) == len(RUN)  # a study's first
    for path in shown.values():
        assert path.stat().st_size < (page / path.name).stat().st_size
    for name, study in studies().items():
        chapter = text.partition(f"### {study.title}\n")[2].partition("\n### ")[0]
        assert (study.question in chapter) == (name in RUN)
        assert f"`{study.command}`" in chapter
        assert ("Not run yet" in chapter) == (name not in RUN)
    claims = pd.read_csv(page / "claims.csv")
    for _, claim in claims.iterrows():
        assert f"| {claim['claim']} | {claim['verdict']} | {claim['measured']} |" in text


def test_nothing_is_done_again_while_nothing_changes(page, run, folder, capsys, monkeypatch):
    run(report.main, "--output", "out put")
    assert capsys.readouterr().out == "out put/index.html is up to date\n"
    monkeypatch.setattr(stamps, "digest", lambda *a: "another")
    monkeypatch.setattr(sections, "save", lambda *a: pytest.fail("drawn"))
    with pytest.raises(pytest.fail.Exception, match="drawn"):
        run(report.main, "--output", "out put")


def test_a_store_without_studies(run, empty_store, tmp_path):
    with pytest.raises(SystemExit, match="error: none of the studies is in .*; begin with: python experiments/every"):
        run(report.main, "--uri", f"sqlite:///{empty_store}", "--output", "none", where=tmp_path)


@pytest.mark.parametrize("name", ["report.py", "claims/__main__.py"])
def test_missing_store_as_a_person_sees_it(name, tmp_path):
    done = script(tmp_path, f"analysis/{name}")
    assert (done.returncode, done.stdout) == (1, "")
    assert single_line(done.stderr).startswith("error: no")
    assert not (tmp_path / "mlflow.db").exists()
