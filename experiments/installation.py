"""The environment that scripts need. They import this module before all others: without gdlab they end in one line."""

import importlib.util
import sys

if importlib.util.find_spec("gdlab") is None:
    sys.exit("error: gdlab is not installed in this Python; run: make setup && source .venv/bin/activate")
