"""The password in a tracking URI: in no file below the working folder, and in nothing that a command prints."""

import file_as_server  # noqa: F401  this process, too, opens the database
import pytest
from commands import script, train

from analysis.page import render, sections
from analysis.studies import studies

URI = "postgresql+file://user:s3cret@host/mlflow.db"
SHOWN = "postgresql+file://user:***@host/mlflow.db"
TRACKING = ("problem=parabola", f"tracking.uri={URI}")


def run(folder, *arguments, command=train):
    """Run a command, and check that the password is nowhere; returns what it printed."""
    done = command(folder, *arguments, first="file_as_server")
    assert "s3cret" not in done.stdout + done.stderr
    for path in folder.rglob("*"):
        assert "s3cret" not in str(path)
        assert not path.is_file() or b"s3cret" not in path.read_bytes(), path
    return done


def test_a_run_and_a_sweep_show_no_password(workplace):
    done = run(workplace, *TRACKING, "hydra.verbose=true")
    assert done.returncode == 0, done.stderr
    assert f"see it: mlflow ui --backend-store-uri '{SHOWN}', http://127.0.0.1:5000/#/" in done.stdout
    (config,) = workplace.glob("outputs/*/*/.hydra/config.yaml")
    assert f"  uri: {SHOWN}\n" in config.read_text()
    sweep = ("-m", *TRACKING, "optimizer.learning_rate=0.1,-1,0.2")
    done = run(workplace, *sweep, "hydra.sweep.subdir=${hydra.job.override_dirname}")
    assert done.returncode == 1 and "3 runs: 1 trained, 1 reused, 1 failed" in done.stdout
    (overrides,) = workplace.glob("multirun/*/*/*learning_rate=0.2*/.hydra/overrides.yaml")
    assert "- tracking.uri=postgresql+file\\://user\\:***@host/mlflow.db\n" in overrides.read_text()
    (settings,) = workplace.glob("multirun/*/*/multirun.yaml")
    assert f"  uri: {SHOWN}\n" in settings.read_text()


@pytest.mark.parametrize("plugin", ["hydra/launcher=basic", "hydra/sweeper=basic"])
def test_hydras_own_plugins_show_no_password(plugin, workplace):
    done = run(workplace, "-m", *TRACKING, "optimizer.learning_rate=0.1,-1", plugin)
    assert done.returncode == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["--cfg", "all", *TRACKING],
        ["--cfg", "job", "--resolve", *TRACKING],
        ["--info", "all", *TRACKING],
        ["+tracking.uri=" + URI],
        [*TRACKING, "seed=[1"],
        ["-m", "tracking.uri=" + URI + ",sqlite:///mlflow.db"],
        [f"tracking.uri=[{URI}]"],
        [f"tracking=[{URI}]"],
        [f"problem.hidden={URI}"],
        ["tracking.uri=postgresql+x://user:s3cret@host/name"],
        ["problem=parabola", "tracking.uri=http://user:s3cret@127.0.0.1:1", "tracking.patience=0"],
        ["tracking.uri=http://user:s3cret@127.0.0.1:port"],
    ],
)
def test_messages_show_no_password(arguments, tmp_path):
    run(tmp_path, *arguments)


def test_analysis_shows_no_password(workplace, monkeypatch):
    assert run(workplace, "-m", "experiment=lr_parabola", f"tracking.uri={URI}").returncode == 0

    def figures(folder, *arguments, **options):
        return script(folder, "analysis/figures.py", "--uri", URI, *arguments, **options)

    done = run(workplace, "--study", "lr_parabola", command=figures)
    assert done.returncode == 0, done.stderr
    done = run(workplace, "--study", "lr_batch", command=figures)
    assert done.stderr.startswith(f"error: lr_batch is not in {SHOWN}; to run it: ")
    assert run(workplace, "--study", "lr_batch", "--experiment", "x", command=figures).returncode == 1
    monkeypatch.chdir(workplace)
    section = sections.section(URI, workplace / "reports", studies()["lr_parabola"])
    chapter = render.ChapterPage(title="Rates", lead="", sections=[section])
    text = render.page([], [chapter], workplace / "reports", URI)
    assert "s3cret" not in text and text.count(SHOWN) == 4  # its command among them
