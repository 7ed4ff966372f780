"""Tables as text, and results as files."""

import pandas as pd
import pytest
from studies import COSTS, made_up

from analysis.errors import StudyError
from analysis.items import Film, StudyResult, Table
from analysis.recipes.against_rate import against_rate
from analysis.saving import save


def table(**columns):
    return Table(name="a_table", title="A table", frame=pd.DataFrame(columns), caption="Its caption.")


def test_empty_columns_are_invisible_and_text_is_told_from_numbers():
    shown = table(choice=["adam", "momentum"], cost=[0.5, None], nothing=[None, None])
    assert list(shown.visible) == ["choice", "cost"]
    assert shown.is_text == [True, False]
    assert shown.cells() == [["adam", "0.5"], ["momentum", ""]]


def test_a_table_as_markdown():
    assert (
        table(a=[1, 2], b=["x", "y"]).markdown() == "| a | b |\n| --- | --- |\n| 1 | x |\n| 2 | y |\n\nIts caption.\n"
    )


def test_every_item_is_saved_with_its_caption_and_data(tmp_path):
    result = against_rate("lr", "The network", *made_up(COSTS))
    film = Film(name="moving", title="Moving", gif=b"GIF", caption="It moves.")
    files = save(StudyResult(findings=[], figures=result.figures, tables=result.tables, films=[film]), tmp_path / "new")
    assert {file.name for file in files} == {path.name for path in (tmp_path / "new").iterdir()}
    assert {file.name for file in files} == {
        *(f"lr_{kind}.{suffix}" for kind in ("final", "trajectories") for suffix in ("png", "svg", "csv", "txt")),
        *("lr_summary.csv", "lr_summary.md", "moving.gif", "moving.txt"),
    }
    assert (tmp_path / "new" / "lr_final.txt").read_text() == f"{result.figures[0].caption}\n"
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "new" / "lr_summary.csv"), result.tables[0].frame)


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "taken").touch()
    with pytest.raises(StudyError, match="taken is a file, not a folder"):
        save(StudyResult(findings=[]), tmp_path / "taken")
