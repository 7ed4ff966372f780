"""The verdict on each trial, and the table of all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import shorten

from benchmarks.faults import records
from benchmarks.faults.bench import Bench, Undisturbed
from benchmarks.faults.commands import SMALL, standard
from benchmarks.faults.records import Experiment
from benchmarks.faults.registry import Fault
from benchmarks.faults.trial import Trial

SLOWER = 1.05  # than undisturbed, which training must not be where the fault is the store's
WIDTH = 160  # of a text in the table
COLUMNS = (
    "fault", "trials", "verdict", "exit codes", "lines on stderr", "seconds", "training, undisturbed = 1",
    "waiting at the end", "what it took to finish", "problems", "notes",
)  # fmt: skip


@dataclass(frozen=True)
class Verdict:
    """What a trial showed; `seconds` of its first command, `training` relative to undisturbed."""

    exit_codes: str
    lines: int
    seconds: float
    training: float | None
    waiting: int | None
    remedies: str
    problems: Sequence[str]
    notes: Sequence[str]


def tried(bench: Bench, fault: Fault, number: int) -> Verdict:
    """Try a fault once."""
    sweep = SMALL if fault.small else standard(bench.runs)
    undisturbed = bench.undisturbed(sweep, fault.route) if fault.compared else None
    trial = Trial(bench, fault.name, number, sweep, fault.route)
    try:
        fault.act(trial)
        bench.free()
        waiting = _waiting(trial, fault) if fault.compared else None
        if undisturbed is not None:
            _compare(trial, fault, undisturbed)
        training = None if undisturbed is None or fault.small else _training(trial, fault, undisturbed)
        first = next((command for command in trial.commands if command.name != "before"), trial.commands[0])
        return Verdict(
            ", ".join(f"{command.name} {command.code}" for command in trial.commands if command.name != "before"),
            len(first.lines),
            first.seconds,
            training,
            waiting,
            ", ".join(trial.remedies) or "nothing",
            trial.problems,
            trial.notes,
        )
    finally:
        bench.free()
        bench.discard(trial)


def _waiting(trial: Trial, fault: Fault) -> int:
    """How many runs are not in the store when the commands have ended; the command must have said so.

    Nothing must be RUNNING then either, unless the launcher was killed, or what ends those runs waits too.
    """
    waiting = trial.sweep.runs - trial.finished()
    running = records.read(trial.place, trial.experiment, trial.folder).statuses()["RUNNING"]
    said = max((command.says_waiting or 0 for command in trial.commands), default=0)
    if running and not said and not fault.relaunches:
        trial.problems.append(f"{running} RUNNING at the end of the sweep")
    if (said < waiting or (said and not waiting)) and not fault.relaunches:  # the sweep's own run may wait, too
        trial.problems.append(f"{waiting} runs are not in the store, {said} were said to wait")
    if said:
        trial.notes.append(f"{said} said to wait, {trial.in_outbox()} in the outbox")
    return waiting


def _compare(trial: Trial, fault: Fault, undisturbed: Undisturbed) -> None:
    """Finish the sweep, and note every difference from the undisturbed one."""
    trial.recover(fault.relaunches)
    found = records.read(trial.place, trial.experiment, trial.folder)
    trial.problems += records.differences(undisturbed.experiment, found)
    if strangers := trial.strangers():
        trial.problems.append(f"left in the folder: {', '.join(strangers)}")
    trial.notes += _other_statuses(found)


def _other_statuses(found: Experiment) -> list[str]:
    others = Counter(f"{run.status} ({run.kind or 'no kind'})" for run in found.runs if run.status != "FINISHED")
    return [f"{count} {status}" for status, count in sorted(others.items())]


def _training(trial: Trial, fault: Fault, undisturbed: Undisturbed) -> float | None:
    """The time that training took, relative to undisturbed; None if a second command trained some of the runs.

    If it seems too long, an undisturbed sweep is run once more: the machine may have become slower.
    """
    sweeps = [command for command in trial.commands if command.name in ("sweep", "relaunch")]
    if sum(command.trained != 0 for command in sweeps) > 1:
        return None
    seconds = records.read(trial.place, trial.experiment, trial.folder).training_seconds
    ratio = seconds / undisturbed.training_seconds
    if fault.on_time and ratio > SLOWER:
        again = trial.bench.undisturbed(trial.sweep, trial.route, again=True)
        ratio = min(ratio, seconds / again.training_seconds)
        if ratio > SLOWER:
            trial.problems.append(f"training took {ratio:.2f} times as long")
    return ratio


def line(fault: Fault, number: int, verdict: Verdict) -> str:
    """A trial in one line."""
    training = "" if verdict.training is None else f", training {verdict.training:.2f} times as long"
    waiting = "" if verdict.waiting is None else f", {verdict.waiting} runs waited, finished by: {verdict.remedies}"
    lines = f"{verdict.lines} lines on stderr" if verdict.lines != 1 else "1 line on stderr"
    facts = f"{verdict.exit_codes}, {lines}, {verdict.seconds:.1f} s{training}{waiting}"
    return f"{fault.name} {number}: {_counted(verdict.problems)} [{facts}; {_counted(verdict.notes)}]"


def row(fault: Fault, verdicts: Sequence[Verdict]) -> list[str]:
    """A line of the table: the verdicts on all trials of a fault."""
    good = sum(not verdict.problems for verdict in verdicts)
    training = [verdict.training for verdict in verdicts if verdict.training is not None]
    waiting = [verdict.waiting for verdict in verdicts if verdict.waiting is not None]
    return [
        f"{fault.name}: {fault.about}",
        str(len(verdicts)),
        "equal" if good == len(verdicts) and fault.compared else f"{good} of {len(verdicts)} without problems",
        _counted([verdict.exit_codes for verdict in verdicts]),
        _range([verdict.lines for verdict in verdicts]),
        _range([round(verdict.seconds, 1) for verdict in verdicts]),
        _range([round(ratio, 2) for ratio in training]),
        _range(waiting),
        _counted([verdict.remedies for verdict in verdicts]),
        _counted([problem for verdict in verdicts for problem in verdict.problems]),
        _counted([note for verdict in verdicts for note in verdict.notes]),
    ]


def _counted(texts: Sequence[str]) -> str:
    counts = Counter(shorten(text, WIDTH, placeholder=" …") for text in texts)
    return "; ".join(text if count == 1 else f"{count}× {text}" for text, count in counts.items()) or "–"


def _range(numbers: Sequence[float]) -> str:
    if not numbers:
        return "–"
    low, high = min(numbers), max(numbers)
    return f"{low}" if low == high else f"{low} to {high}"


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [COLUMNS, ["---"] * len(COLUMNS), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |\n" for cells in lines)
