"""Malformed command lines, many of them: one line each, and nothing is executed."""

import pytest
from commands import train_each
from malformed import lines

PARTS = 4  # that can run at once


@pytest.mark.parametrize("part", [0, *(pytest.param(part, marks=pytest.mark.slow) for part in range(1, PARTS))])
def test_a_malformed_command_line_is_one_line_and_runs_nothing(part, tmp_path):
    chosen = lines()[part::PARTS]
    assert len(chosen) > 25
    for number, done in enumerate(train_each(tmp_path, chosen)):
        assert done.returncode == 1 and done.stdout == "", done
        assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1, done
        assert len(done.stderr) > len("error: \n") and "HYDRA_FULL_ERROR" not in done.stderr, done
        left = {path.name for path in (tmp_path / str(number)).rglob("*") if path.is_file()}
        assert left <= {"status", "stdout", "stderr", "config.yaml", "hydra.yaml", "overrides.yaml", "train.log"}, done
