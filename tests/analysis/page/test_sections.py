"""Texts of sections: what of a caption is in view, and sentences."""

import pytest

from analysis.page.sections import MOST_WORDS, Section, first_sentence, parted
from analysis.studies import studies

SHORT = "A dot is a run."
LONG = f"Cost{' and sharpness' * MOST_WORDS}."


@pytest.mark.parametrize(
    ("caption", "shown", "folded"),
    [
        (SHORT, SHORT, ""),
        (f"{SHORT} 3 seeds = 39 runs. Bars: range, n = 3.", f"{SHORT} 3 seeds = 39 runs. Bars: range, n = 3.", ""),
        (f"{SHORT} {LONG} {SHORT}", SHORT, f"{LONG} {SHORT}"),
        (f"{LONG} {SHORT}", LONG, SHORT),
        (f"Left: cost; right: sharpness; {LONG}", "Left: cost; right: sharpness.", LONG),
        (f"{LONG[:-1]}; right: sharpness. {SHORT}", LONG, f"Right: sharpness. {SHORT}"),
        ("η is the rate, e.g. at 0.1 in a.b.c. η grows.", "η is the rate, e.g. at 0.1 in a.b.c. η grows.", ""),
    ],
)
def test_a_caption_is_cut_after_a_sentence_or_a_semicolon(caption, shown, folded):
    assert parted(caption) == (shown, folded)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Up to η = 0.5. At η = 1 none does.", "Up to η = 0.5."),
        ("It falls by 0.5 [0.4, 0.6]. η is 3.", "It falls by 0.5 [0.4, 0.6]."),
        ("200 runs, i.e. all, agree. 3 do not.", "200 runs, i.e. all, agree."),
        ("Yes", "Yes"),
    ],
)
def test_first_sentence(text, first):
    assert first_sentence(text) == first


@pytest.mark.parametrize(
    ("answer", "is_decided"),
    [("Not decided: 3 seeds.", False), ("Yes: 8 of 8. Not decided for others.", True), ("No.", True)],
)
def test_a_question_is_decided_unless_its_answer_begins_by_saying_that_it_is_not(answer, is_decided):
    assert Section(study=studies()["width"], answer=answer).is_decided == is_decided
