"""A Python without gdlab."""

import os
import subprocess
import sys

import pytest
from commands import ROOT

SCRIPTS = [
    *[f"experiments/{name}.py" for name in ("train", "everything", "serve", "sync", "move")],
    *[f"analysis/{name}.py" for name in ("report", "figures", "lr_divergence")],
]


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_python_without_gdlab_is_told_in_one_line_what_to_do(script, tmp_path):
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-S", ROOT / script],  # -S: without what is installed
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (
        1,
        "",
        "error: gdlab is not installed in this Python; run: make setup && source .venv/bin/activate\n",
    )
