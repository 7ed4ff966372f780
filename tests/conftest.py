"""Fixtures of all tests, and how the tests are shared out to processes."""

import os
import shutil
from pathlib import Path

import pytest
import resolvers
from filelock import FileLock

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
resolvers.register()  # composing conf/ needs them
os.environ.pop("GDLAB_PROBLEM_DATA", None)  # would change the default data set


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share a fixture of their module run in one process: it has that scope because it is slow to make."""
    for item in items:
        known = item._fixtureinfo.name2fixturedefs if isinstance(item, pytest.Function) else {}
        shared = sorted(name for name, definitions in known.items() if definitions[-1].scope == "module")
        if shared:
            item.add_marker(pytest.mark.xdist_group(f"{item.path.stem}.{shared[0]}"))


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """An MLflow database with its tables and nothing in them; making these takes seconds, and is done once for all."""
    folder = tmp_path_factory.getbasetemp()
    path = (folder if worker_id == "master" else folder.parent) / "mlflow.db"
    with FileLock(path.with_suffix(".lock")):
        if not path.exists():
            from mlflow import MlflowClient

            made = path.with_name("made.db")
            MlflowClient(f"sqlite:///{made}").search_experiments()
            made.rename(path)
    return path


@pytest.fixture
def workplace(tmp_path: Path, empty_store: Path) -> Path:
    """A folder to launch from, with an empty store in it."""
    shutil.copy(empty_store, tmp_path)
    return tmp_path


@pytest.fixture
def here(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, and the current folder until the test is over: MLflow puts the files of runs there."""
    monkeypatch.chdir(workplace)
    return workplace
