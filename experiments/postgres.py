"""PostgreSQL from the system's binaries, on a database in one folder.

A Unix socket in a private temporary folder leads to it, with the password in the folder's file `password`. libpq reads
that file by itself (`PGPASSFILE`), so that the password is in no address, no argument and no log.
"""

from __future__ import annotations

import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAME = "mlflow"  # of the database, and of the role that owns it
ACCOUNT = "postgres"  # runs PostgreSQL when root starts it, which PostgreSQL itself refuses to be run by
PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
START_SECONDS, STOP_SECONDS = 60, 60
SETTINGS = ("listen_addresses=", "unix_socket_permissions=0700")
INSTALL = "install PostgreSQL (apt install postgresql, brew install postgresql), or put its binaries on PATH"


class PostgresError(RuntimeError):
    """PostgreSQL cannot be used; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A PostgreSQL cluster: its files, the file of its password, its log."""

    data: Path
    password: Path
    log: Path

    @classmethod
    def of(cls, folder: Path) -> Cluster:
        """The cluster in a folder."""
        return cls(data=folder / "postgresql", password=folder / "password", log=folder / "postgresql.log")

    def uri(self, socket: Path) -> str:
        """The address for SQLAlchemy, without the password."""
        return f"postgresql+psycopg://{NAME}@/{NAME}?host={socket}"


@contextmanager
def running(cluster: Cluster) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """PostgreSQL's process and the folder of its socket, from when it answers; makes the cluster on first use.

    Raises
    ------
    PostgresError
        If there is no PostgreSQL, or it does not start.

    """
    programs = binaries(cluster)
    with tempfile.TemporaryDirectory(prefix="gdlab-") as folder:
        socket = Path(folder)
        _hand_over(socket)
        if not cluster.data.exists():
            _make(cluster, programs, socket)
        elif not cluster.password.exists():
            raise PostgresError(f"{cluster.password} is missing: the database in {cluster.data} needs it")
        settings = [text for setting in SETTINGS for text in ("-c", setting)]
        command = [str(programs / "postgres"), "-D", str(cluster.data), "-k", folder, *settings]
        with cluster.log.open("ab") as log:
            said_before = log.tell()
            process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, **_account())
        try:
            _wait_until_it_answers(cluster, process, socket, said_before)
            yield process, socket
        finally:
            stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Stop PostgreSQL: at once, with all that it has promised on disk."""
    for asked, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, None)):
        if process.poll() is None:
            process.send_signal(asked)
        try:
            process.wait(seconds)
            return
        except subprocess.TimeoutExpired:
            continue


def binaries(cluster: Cluster) -> Path:
    """The folder of PostgreSQL's programs; where the cluster exists already, of the version that made it."""
    found = [place for place in _places() if (place / "initdb").is_file() and (place / "postgres").is_file()]
    if not found:
        raise PostgresError(f"PostgreSQL is not installed: {INSTALL}")
    version = cluster.data / "PG_VERSION"
    if not os.access(version, os.R_OK):
        return found[0]
    wanted = version.read_text().strip()
    versions = {_version(place): place for place in reversed(found)}
    if wanted not in versions:
        raise PostgresError(f"{cluster.data} was made by PostgreSQL {wanted}, and installed is {', '.join(versions)}")
    return versions[wanted]


def _places() -> Iterator[Path]:
    """Folders in which PostgreSQL's programs may be, the likeliest first, the newest of several versions first."""
    if (initdb := shutil.which("initdb")) is not None:
        yield Path(initdb).parent
    if shutil.which("pg_config") is not None:
        yield Path(_output(["pg_config", "--bindir"]).strip())
    for pattern in PLACES:
        found = Path("/").glob(pattern.removeprefix("/"))
        yield from sorted(
            found, key=lambda path: [int(number) for number in re.findall(r"\d+", str(path))], reverse=True
        )


def _version(programs: Path) -> str:
    """The major version of PostgreSQL's programs."""
    return "".join(re.findall(r"\d+", _output([str(programs / "postgres"), "--version"]))[:1])


def _make(cluster: Cluster, programs: Path, scratch: Path) -> None:
    """Make the cluster beside its place, and move it there when it is whole."""
    unfinished, text = cluster.data.with_suffix(".new"), scratch / "password"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    _hand_over(unfinished)
    password = _password(cluster)
    text.touch(0o600)
    text.write_text(password)
    _hand_over(text)
    options = ("--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", f"--username={NAME}")
    command = [str(programs / "initdb"), *options, f"--pwfile={text}", "-D", str(unfinished)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, **_account())
    text.unlink()
    if done.returncode:
        reason = " ".join(done.stderr.strip().splitlines()[-1:]) or f"exit code {done.returncode}"
        remedy = (
            f"; {ACCOUNT} must be able to enter all folders above: choose --folder so" if _is_denied(reason) else ""
        )
        raise PostgresError(f"the database cannot be made: {reason}{remedy}")
    unfinished.rename(cluster.data)


def _is_denied(reason: str) -> bool:
    return os.geteuid() == 0 and "Permission denied" in reason


def _password(cluster: Cluster) -> str:
    """The password, made on first use; its file is for nobody else to read."""
    if not cluster.password.exists():
        unfinished = cluster.password.with_suffix(".new")
        unfinished.unlink(missing_ok=True)
        unfinished.touch(0o600)
        unfinished.write_text(f"*:*:*:{NAME}:{secrets.token_urlsafe(24)}\n")
        unfinished.rename(cluster.password)
    return cluster.password.read_text().strip().rpartition(":")[2]


def _wait_until_it_answers(cluster: Cluster, process: subprocess.Popen[bytes], socket: Path, said_before: int) -> None:
    """Wait until PostgreSQL takes connections, and make MLflow's database if it is not there yet."""
    import psycopg

    deadline = time.monotonic() + START_SECONDS
    place: Mapping[str, Any] = {"host": str(socket), "user": NAME, "passfile": str(cluster.password)}
    while True:
        try:
            with psycopg.connect(**place, dbname="postgres", autocommit=True) as connection:
                if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone() is None:
                    connection.execute(f"CREATE DATABASE {NAME}")
            return
        except psycopg.OperationalError as error:
            if process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.05)
                continue
            reason = fatal_line(cluster.log, said_before) or str(error).splitlines()[0]
            raise PostgresError(f"PostgreSQL does not start: {reason} (see {cluster.log})") from None


def fatal_line(log: Path, start: int) -> str:
    """The first fatal error in a log, from a position on; an empty string if there is none."""
    found = re.search(r"FATAL:\s*(.*)", log.read_bytes()[start:].decode(errors="replace"))
    return found[1] if found else ""


def _account() -> dict[str, Any]:
    """Options of a process that is to run PostgreSQL's programs: never as root, in English, anywhere but here."""
    options: dict[str, Any] = {"cwd": "/", "env": {**os.environ, "LC_ALL": "C"}, "stdin": subprocess.DEVNULL}
    if os.geteuid() == 0:
        options |= {"user": ACCOUNT, "group": _root_becomes().pw_gid, "extra_groups": []}
    return options


def _hand_over(path: Path) -> None:
    """Give a file to the account that runs PostgreSQL."""
    if os.geteuid() == 0:
        account = _root_becomes()
        os.chown(path, account.pw_uid, account.pw_gid)


def _root_becomes() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        raise PostgresError(
            f"PostgreSQL refuses to be run by root, and there is no user {ACCOUNT}: be another"
        ) from None


def _output(command: Sequence[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout
