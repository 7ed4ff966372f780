"""Load MLflow models where gdlab cannot be imported, in a process of its own: URIS INPUTS OUTPUTS SAVED.

URIS is a JSON file with the models' URIs by name, INPUTS holds images for each of them. OUTPUTS gets the labels and
outputs of each model, and the answer of MLflow's scoring server to the same images. MLflow itself saves the last model
again, in the folder SAVED.
"""

import importlib
import json
import sys
import warnings
from pathlib import Path

import numpy as np

sys.modules["gdlab"] = None  # importing it raises ModuleNotFoundError

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # MLflow's, of its own type hints
    mlflow = importlib.import_module("mlflow")
    scoring_server = importlib.import_module("mlflow.pyfunc.scoring_server")

warnings.simplefilter("error", UserWarning)  # as of type hints that MLflow does not understand
uris, inputs, outputs, saved = map(Path, sys.argv[1:])
found = {}
with np.load(inputs, allow_pickle=False) as images:
    for name, uri in json.loads(uris.read_text()).items():
        model = mlflow.pyfunc.load_model(uri)
        found |= {f"{name} {part}": values for part, values in model.predict(images[name]).items()}
        request = json.dumps({"inputs": images[name].tolist()})
        schema = model.metadata.get_input_schema()
        answer = scoring_server.invocations(request, "application/json", model, schema)
        found[f"{name} answer"] = np.array(answer.response)
np.savez(outputs, allow_pickle=False, **found)

folder = Path(mlflow.artifacts.download_artifacts(uri))
mlflow.pyfunc.save_model(
    str(saved),
    python_model=str(folder / "network.py"),
    artifacts={path.stem: str(path) for path in (folder / "artifacts").iterdir()},
    input_example=model.input_example,
    pip_requirements=(folder / "requirements.txt").read_text().split(),
)
