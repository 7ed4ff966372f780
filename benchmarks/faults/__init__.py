"""Faults, each tried for real on a sweep: what is lost, what is doubled, what it takes to finish.

`python -m benchmarks.faults --help` explains the command; `--list` names the faults.
"""
