"""Try faults for real on a sweep, and check that nothing is lost, doubled or changed.

For each fault: a fresh folder, a sweep of networks, the fault while its runs are in flight; then, if runs are missing,
`experiments/sync.py` and the same sweep again. At the end every run must be FINISHED exactly once, none RUNNING, and
every row and artifact must equal those of an undisturbed sweep; only times, ids, and tags that name the process may
differ. Whether training took as long as undisturbed is seen from the times of the runs' own recorded steps.

    python -m benchmarks.faults                            # all of them: an hour or more
    python -m benchmarks.faults --only locked late         # two of them
    python -m benchmarks.faults --store server --runs 40   # those of the server, on smaller sweeps

Faults of a full or read-only disk need root, since they mount small disks; without it they are skipped. Those of the
server need PostgreSQL (`pg_config` on the path). Servers use the loopback interface and throw-away data, and end with
this command. Exit code 1: there were problems.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from pathlib import Path

from benchmarks.faults import cluster_faults, file_faults, interruptions, server_faults
from benchmarks.faults.bench import Bench
from benchmarks.faults.registry import FAULTS, Fault
from benchmarks.faults.services import ServiceError
from benchmarks.faults.verdicts import line, markdown, row, tried

__all__ = [
    "cluster_faults",
    "file_faults",
    "interruptions",
    "server_faults",
]  # imported so that they register their faults


def main() -> None:
    """Try the faults, print each verdict, and write the table."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: sys.exit(128 + received))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # even if started in the background, as its commands are
    parser = command_line()
    options = parser.parse_args()
    if options.list:
        for fault in FAULTS.values():
            print(f"{fault.name:24} {fault.store:7} {fault.trials:3}×  {fault.about}")
        return
    if options.runs < 20 or options.runs % 10:
        parser.error(f"--runs must be a multiple of 10, at least 20, got {options.runs}")
    faults = [FAULTS[name] for name in options.only or FAULTS if options.store in (None, FAULTS[name].store)]
    with tempfile.TemporaryDirectory(prefix="gdlab-faults-", ignore_cleanup_errors=True) as temporary:
        folder = Path(options.folder or temporary).resolve()
        app = None if options.plain else "gdlab"
        with Bench(folder, options.runs, options.limit, keep=options.folder is not None, app=app) as bench:
            try:
                problems = try_all(bench, faults, options)
            except ServiceError as error:
                sys.exit(f"error: {error}")
    sys.exit(1 if problems else 0)


def command_line() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.faults",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--list", action="store_true", help="list the faults, and try none")
    parser.add_argument("--only", nargs="+", choices=list(FAULTS), metavar="NAME", help="the faults to try (all)")
    parser.add_argument("--store", choices=["sqlite", "server"], help="only faults of this store")
    parser.add_argument("--plain", action="store_true", help="MLflow's server as it is, without gdlab's routes")
    parser.add_argument("--runs", type=int, default=200, help="runs of the sweep, a multiple of 10 (%(default)s)")
    parser.add_argument("--trials", type=int, help="at most so many trials of a fault, in place of its own number")
    parser.add_argument("--limit", type=float, default=900, help="seconds that a command may take (%(default)s)")
    parser.add_argument("--folder", type=Path, help="a folder for the trials' files, which are then kept")
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results"), help="a folder (%(default)s)")
    return parser


def try_all(bench: Bench, faults: list[Fault], options: argparse.Namespace) -> int:
    """Try the faults one after another, and write the table after each; returns how many problems there were."""
    rows, problems = [], 0
    options.output.mkdir(parents=True, exist_ok=True)
    table = options.output / "faults.md"
    for fault in faults:
        if fault.root and os.geteuid() != 0:
            print(f"{fault.name}: skipped, since it needs root", flush=True)
            continue
        verdicts = []
        for number in range(min(fault.trials, options.trials or fault.trials)):
            verdict = tried(bench, fault, number)
            verdicts.append(verdict)
            problems += len(verdict.problems)
            print(line(fault, number, verdict), flush=True)
        rows.append(row(fault, verdicts))
        table.write_text(markdown(rows))
    print(markdown(rows))
    print(f"wrote {table}")
    return problems


if __name__ == "__main__":
    main()
