"""Tracking URIs: checking one, its database file, and its text without passwords. Imports no MLflow."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from gdlab.checks import hint

FORM = "like sqlite:///mlflow.db or http://host:5000"
SERVERS = ("http", "https")
DATABASES = ("sqlite", "postgresql", "mysql", "mssql")  # those that MLflow supports


class Driver(NamedTuple):
    """A database driver: the module that SQLAlchemy imports, and the package to install for it."""

    module: str
    package: str


DRIVERS: Mapping[str, Mapping[str, Driver]] = {
    "postgresql": {
        "psycopg": Driver("psycopg", "psycopg[binary]"),
        "psycopg2": Driver("psycopg2", "psycopg2-binary"),
    },
    "mysql": {
        "pymysql": Driver("pymysql", "pymysql"),
        "mysqldb": Driver("MySQLdb", "mysqlclient"),
        "mysqlconnector": Driver("mysql", "mysql-connector-python"),
    },
    "mssql": {"pyodbc": Driver("pyodbc", "pyodbc"), "pymssql": Driver("pymssql", "pymssql")},
}
HIDDEN = "***"
_SECRET = r"(?i:\w*(?:passw(?:or)?d|passphrase|pwd|secret|token|api_?key)\w*\\?(?:=|%3D))"  # noqa: S105  no password
_IN_USERINFO = (
    re.compile(r"\A([^\s:]*://[^:/@\[]*):(\S*|[^@]*)@"),  # a text that begins with the URI, or with key=URI
    re.compile(r"(://[^\s:/@\[]*):(\S*)@"),  # a URI inside a text
)
_IN_QUERY = re.compile(rf"({_SECRET})(\{{[^}}]*\}}|%7B.*?%7D|[^&;\s'\"]*?(?=%3B|[&;\s'\"]|$))")


class TrackingError(RuntimeError):
    """A tracking store that cannot be used; the message names it and the reason."""


def redacted(text: str) -> str:
    """A tracking URI, or a text in which there are some, with `***` in place of every password."""
    if "://" not in text:
        return text
    for pattern in _IN_USERINFO:
        text = pattern.sub(rf"\1:{HIDDEN}@", text)
    return _IN_QUERY.sub(rf"\1{HIDDEN}", text)


def database_file(uri: str) -> Path | None:
    """The file of an SQLite store."""
    scheme, separator, rest = uri.partition("://")
    if scheme.partition("+")[0] != "sqlite" or not separator:
        return None
    path = rest.partition("?")[0].removeprefix("/")
    if "%" in path:
        from sqlalchemy import make_url  # its versions differ in whether they decode the path

        path = make_url(uri).database or ""
    return Path(path or ".")


def check(uri: Any) -> None:
    """Check that MLflow can use a tracking URI, as far as can be known without asking the store.

    Raises
    ------
    TrackingError
        If it has not the form of one, its database's driver is not installed, or its file cannot be made.

    """
    if not isinstance(uri, str):
        raise TrackingError(f"tracking.uri must be {FORM}, got {redacted(repr(uri))}")
    scheme, separator, _ = uri.partition("://")
    database = scheme.partition("+")[0]
    if separator and scheme.lower() in SERVERS:
        _check_server(uri)
    elif separator and scheme == "file":
        if os.environ.get("MLFLOW_ALLOW_FILE_STORE", "").lower() not in ("true", "1"):
            raise _unusable(uri, "MLflow no longer writes to folders; use sqlite:///mlflow.db")
    elif separator and database in DATABASES:
        if database == "sqlite":
            _check_file(uri)
        if scheme != "sqlite":
            _check_driver(uri, database)
    else:
        near = hint(database.lower(), (*SERVERS, *DATABASES)) if separator else ""
        raise TrackingError(f"tracking.uri must be {FORM}, got {redacted(uri)!r}{near}")


def _unusable(uri: str, reason: object) -> TrackingError:
    return TrackingError(f"tracking.uri={redacted(uri)} cannot be used: {reason}")


def _check_server(uri: str) -> None:
    rule = "have a host"
    try:
        server = urlsplit(uri)
        if server.hostname:
            rule = "have a port from 1 to 65535"
            if server.port != 0:
                return
    except ValueError:  # its text would repeat a part of the URI
        pass
    raise TrackingError(f"tracking.uri must {rule}, like http://host:5000, got {redacted(uri)!r}")


def _check_file(uri: str) -> None:
    path = database_file(uri)
    assert path is not None
    if not uri.partition("://")[2].startswith("/") or path == Path() or path.name.startswith((":memory:", "file:")):
        raise TrackingError(f"tracking.uri must name a file, like sqlite:///mlflow.db, got {redacted(uri)!r}")
    try:
        if path.is_dir():
            raise _unusable(uri, f"{path} is a folder, not a file")
        if not path.parent.is_dir():
            raise _unusable(uri, f"the folder {path.parent} does not exist")
    except (OSError, ValueError) as error:
        raise _unusable(uri, getattr(error, "strerror", None) or error) from None


def _check_driver(uri: str, database: str) -> None:
    """Check that a database's driver is known and installed; SQLAlchemy's versions differ in the default one."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError

    drivers = DRIVERS.get(database, {})
    try:
        dialect = make_url(uri).get_dialect()
        if dialect.is_async:
            raise NoSuchModuleError
        dialect.import_dbapi()
    except NoSuchModuleError:
        known = " or ".join([f"{database}://", *(f"{database}+{driver}://" for driver in drivers)])
        raise TrackingError(f"tracking.uri must begin with {known}, got {redacted(uri)!r}") from None
    except (ArgumentError, ValueError):  # a port that is no number
        raise TrackingError(f"tracking.uri must be like {database}://user@host/name, got {redacted(uri)!r}") from None
    except ImportError as error:
        missing = next((driver for driver in drivers if drivers[driver].module == error.name), None)
        installed = [driver for driver in drivers if driver != missing and _is_installed(drivers[driver].module)]
        if missing and installed:
            raise _unusable(uri, f"{missing} is not installed; write {database}+{installed[0]}://…") from None
        raise _unusable(
            uri, f"install its driver: pip install '{drivers[missing].package}'" if missing else error
        ) from None


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # the package that it would be in
        return False
