"""Tracking URIs: those that cannot be used are refused in one line, and no password is shown."""

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest
from messages import exactly

from gdlab.tracking import TrackingError
from gdlab.tracking.uris import check, database_file, redacted

FORM = "tracking.uri must be like sqlite:///mlflow.db or http://host:5000, got "
SERVER = "like http://host:5000, got "
REFUSED = {
    "mlflow": f"{FORM}'mlflow'",
    "ftp://u:PW@host": f"{FORM}'ftp://u:***@host'",
    "sqllite:///mlflow.db": f"{FORM}'sqllite:///mlflow.db'; did you mean sqlite?",
    "SQLITE:///mlflow.db": f"{FORM}'SQLITE:///mlflow.db'; did you mean sqlite?",
    "http://": f"tracking.uri must have a host, {SERVER}'http://'",
    "http://:5000": f"tracking.uri must have a host, {SERVER}'http://:5000'",
    "http://[::1": f"tracking.uri must have a host, {SERVER}'http://[::1'",
    "http://u:PW@host:0": f"tracking.uri must have a port from 1 to 65535, {SERVER}'http://u:***@host:0'",
    "http://host:65536": f"tracking.uri must have a port from 1 to 65535, {SERVER}'http://host:65536'",
    "https://host:port": f"tracking.uri must have a port from 1 to 65535, {SERVER}'https://host:port'",
    "sqlite://": "tracking.uri must name a file, like sqlite:///mlflow.db, got 'sqlite://'",
    "sqlite:///": "tracking.uri must name a file, like sqlite:///mlflow.db, got 'sqlite:///'",
    "sqlite://mlflow.db": "tracking.uri must name a file, like sqlite:///mlflow.db, got 'sqlite://mlflow.db'",
    "sqlite:///:memory:": "tracking.uri must name a file, like sqlite:///mlflow.db, got 'sqlite:///:memory:'",
    "sqlite:///folder": "tracking.uri=sqlite:///folder cannot be used: folder is a folder, not a file",
    "sqlite:///no/mlflow.db": "tracking.uri=sqlite:///no/mlflow.db cannot be used: the folder no does not exist",
    "sqlite+x:///mlflow.db": "tracking.uri must begin with sqlite://, got 'sqlite+x:///mlflow.db'",
    "mysql+x://u:PW@host/name": "tracking.uri must begin with mysql:// or mysql+pymysql:// or mysql+mysqldb:// or "
    "mysql+mysqlconnector://, got 'mysql+x://u:***@host/name'",
    "postgresql://u:PW@host:port/name": "tracking.uri must be like postgresql://user@host/name, "
    "got 'postgresql://u:***@host:port/name'",
    "file:///mlruns": "tracking.uri=file:///mlruns cannot be used: MLflow no longer writes to folders; "
    "use sqlite:///mlflow.db",
}


@pytest.mark.parametrize("uri", REFUSED)
def test_a_uri_that_cannot_be_used_is_refused(uri, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    with pytest.raises(TrackingError, match=exactly(REFUSED[uri])):
        check(uri)


@pytest.mark.parametrize("uri", [None, 5, True, ["a"], {}, ""])
def test_what_is_no_uri_is_refused(uri):
    with pytest.raises(TrackingError, match=exactly(f"{FORM}{uri!r}")):
        check(uri)


@pytest.mark.parametrize(
    "uri", ["sqlite:///mlflow.db", "sqlite+pysqlite:///mlflow.db?timeout=5", "http://u:PW@[::1]:5"]
)
def test_a_uri_that_can_be_used_passes(uri, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check(uri)
    assert not list(tmp_path.iterdir())


def test_a_driver_that_is_not_installed_is_named(monkeypatch):
    for name in ("MySQLdb", "pymysql", "mysql"):
        monkeypatch.setitem(sys.modules, name, None)
    message = "tracking.uri=mysql://u:***@host/name cannot be used: install its driver: pip install 'mysqlclient'"
    with pytest.raises(TrackingError, match=exactly(message)):
        check("mysql://u:PW@host/name")


def test_a_driver_that_is_installed_instead_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    other = ModuleType("psycopg")
    other.__spec__ = ModuleSpec("psycopg", None)
    monkeypatch.setitem(sys.modules, "psycopg", other)
    message = (
        "tracking.uri=postgresql+psycopg2://host/name cannot be used: psycopg2 is not installed; "
        "write postgresql+psycopg://…"
    )
    with pytest.raises(TrackingError, match=exactly(message)):
        check("postgresql+psycopg2://host/name")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("sqlite:///mlflow.db", "sqlite:///mlflow.db"),
        ("http://host:5000/#/experiments/1", "http://host:5000/#/experiments/1"),
        ("postgresql://u@host:5432/name", "postgresql://u@host:5432/name"),
        ("http://u:PW@host", "http://u:***@host"),
        ("http://:PW@host", "http://:***@host"),
        ("postgresql+psycopg://u:P:W/@PW@host:5432/name", "postgresql+psycopg://u:***@host:5432/name"),
        ("postgresql://u:P W@host/name", "postgresql://u:***@host/name"),
        (
            "tracking.uri=postgresql://u:PW@host cannot be used: a@b",
            "tracking.uri=postgresql://u:***@host cannot be used: a@b",
        ),
        ("['tracking.uri=postgresql://u:PW@host', 'seed=0']", "['tracking.uri=postgresql://u:***@host', 'seed=0']"),
        (
            "postgresql:///name?user=u&password=PW&sslmode=require",
            "postgresql:///name?user=u&password=***&sslmode=require",
        ),
        (
            "mssql+pyodbc:///?odbc_connect=UID%3Du%3BPWD%3DPW%3BApp%3Da",
            "mssql+pyodbc:///?odbc_connect=UID%3Du%3BPWD%3D***%3BApp%3Da",
        ),
        ("mssql+pyodbc:///?odbc_connect=UID=u;PWD={P;W};App=a", "mssql+pyodbc:///?odbc_connect=UID=u;PWD=***;App=a"),
    ],
)
def test_passwords_are_not_shown(text, shown):
    assert redacted(text) == shown
    assert redacted(shown) == shown


def test_the_file_of_a_database():
    assert str(database_file("sqlite:///folder/mlflow.db")) == "folder/mlflow.db"
    assert str(database_file("sqlite:////folder/mlflow.db?timeout=5")) == "/folder/mlflow.db"
    assert database_file("postgresql://host/name") is None
    assert database_file("mlflow.db") is None
