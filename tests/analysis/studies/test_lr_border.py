"""The study of the border: findings, captions, and what it needs."""

import pandas as pd
import pytest
from studies import border_case, three_borders

from analysis.errors import StudyError
from analysis.studies.lr_border import STUDY


def test_captions_count():
    (figure,) = STUDY.analyze(three_borders(), None).figures
    assert "13 runs" in figure.caption
    assert "wider than" not in figure.caption.lower()
    (wide,) = STUDY.analyze(border_case([0.5, 2.0], 1.0, 2.0), None).figures
    assert "1 bar wider than 5%" in wide.caption


def test_findings_count_the_borders_that_are_close_and_name_the_others():
    close, networks, far = STUDY.analyze(three_borders(), None).findings
    assert close == "On quadratics: 2 of 2 measured borders within 1% of the prediction."
    assert networks.startswith("Of networks, whose sharpness changes along descent: 0 of 1 measured border within 1%")
    for part in ("Network, tanh / identity", "0.5", "0.305", "0.61 times", "rise ×100"):
        assert part in far


def test_a_case_without_a_prediction_is_in_the_table_and_not_in_the_figure():
    adam = border_case([0.9, 1.1], 1.0, 2.0, **{"optimizer.name": "adam"})
    result = STUDY.analyze(pd.concat([three_borders(), adam.assign(run_id="adam " + adam["run_id"])]), None)
    (figure,), (table,) = result.figures, result.tables
    assert table.frame["predicted"].isna().tolist() == [False, False, False, True]
    assert len(figure.data) == 3 and result.findings[0].startswith("On quadratics: 2 of 2")
    assert "stability limit of adam is unknown" in figure.caption


def test_no_prediction_at_all_is_an_error():
    with pytest.raises(StudyError, match="no optimizer of these runs has a known stability limit"):
        STUDY.analyze(border_case([0.9, 1.1], 1.0, 2.0, **{"optimizer.name": "adam"}), None)


def test_runs_without_sharpness_are_refused():
    with pytest.raises(StudyError, match="lack.* start_sharpness"):
        STUDY.analyze(three_borders().drop(columns="start_sharpness"), None)
