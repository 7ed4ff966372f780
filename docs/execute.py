"""Run docs/quickstart.ipynb from top to bottom in an empty folder, and keep its output.

The output is kept small: figures in a few colours, nothing from the standard error stream.
"""

from __future__ import annotations

import base64
import io
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from PIL import Image

from gdlab.options import Parser

NOTEBOOK = Path(__file__).with_name("quickstart.ipynb")
CELL_SECONDS = 300
COLORS = 64


def main() -> None:
    """Run the notebook; an error in a cell ends the command."""
    parser = Parser(__doc__)
    parser.add_argument("--output", type=Path, default=NOTEBOOK, help="the file to write (%(default)s)")
    options = parser.parse_args()
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        NotebookClient(
            notebook,
            timeout=CELL_SECONDS,
            kernel_name="python3",
            record_timing=False,
            resources={"metadata": {"path": folder}},
        ).execute()
    nbformat.write(cleaned(notebook), options.output)


def cleaned(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Reduce the figures, and leave out what differs between machines: Python's version, the standard error stream."""
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                output.data["image/png"] = reduced(output.data["image/png"])
                output.data.pop("text/plain", None)  # the figure's size in pixels
    return notebook


def reduced(png: str) -> str:
    """Encode a figure anew, with few colours."""
    smaller = io.BytesIO()
    picture = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
    picture.quantize(COLORS).save(smaller, "PNG", optimize=True)
    return base64.b64encode(smaller.getvalue()).decode()


if __name__ == "__main__":
    main()
