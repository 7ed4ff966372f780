"""The abstract and the counts, of studies that have been run or not, decided or not."""

import pytest

from analysis.claims import CLAIMS, FAILS, HOLDS, LIMITED, UNDECIDED, Finding
from analysis.page import sections
from analysis.page.render import FINDINGS, MAIN, ChapterPage, abstract, contents, summary, tally
from analysis.page.sections import Section
from analysis.studies import studies


def chapter(**answers):
    """A chapter with a section of every study: without an answer, it has not been run."""
    shown = [
        Section(study=study, answer=answers[name], runs=7) if name in answers else Section(study=study, missing="…")
        for name, study in studies().items()
    ]
    return [ChapterPage(title="One", lead="It is one.", sections=shown)]


def told(chapters):
    return {section.study.name: text for section, text in abstract(chapters)}


def test_an_abstract_has_the_first_sentences_of_the_main_answers_in_the_order_of_the_page():
    names = [name for name in studies() if name in MAIN[:FINDINGS]]
    assert told(chapter(**dict.fromkeys(studies(), "Yes: 8. More."))) == dict.fromkeys(names, "Yes: 8.")
    assert list(told(chapter(**dict.fromkeys(studies(), "Yes.")))) == names


def test_an_abstract_prefers_what_is_decided():
    answers = {**dict.fromkeys(studies(), "Yes."), MAIN[0]: "Not decided: 3 seeds."}
    assert MAIN[0] not in told(chapter(**answers)) and len(told(chapter(**answers))) == FINDINGS


def test_an_abstract_of_few_studies_has_what_there_is():
    assert told(chapter(width="Not decided: 2 pairs.", lr_batch="Yes.")) == {
        "lr_batch": "Yes.",
        "width": "Not decided: 2 pairs.",
    }
    assert told(chapter()) == {}


@pytest.mark.parametrize(
    ("answers", "open_questions"),
    [
        ({"width": "Yes."}, []),
        ({"width": "Not decided."}, ["1 of their questions is not decided."]),
        ({"width": "Not decided.", "fork": "Not decided."}, ["2 of their questions are not decided."]),
    ],
)
def test_a_summary_counts_studies_runs_and_open_questions(answers, open_questions):
    first, *others, _ = summary(with_verdicts(HOLDS), chapter(**answers))
    assert (
        first == f"{len(answers)} of {len(studies())} studies have been run: {7 * len(answers)} runs and measurements."
    )
    assert others == open_questions


def with_verdicts(*verdicts):
    return [
        sections.TestedClaim(claim=claim, finding=Finding(measured="…", verdict=verdict), links={})
        for claim, verdict in zip(CLAIMS, verdicts, strict=False)
    ]


@pytest.mark.parametrize(
    ("verdicts", "text"),
    [
        ([HOLDS], "1 claim tested: 1 holds"),
        ([HOLDS, FAILS, HOLDS], "3 claims tested: 2 hold and 1 does not hold"),
        (
            [UNDECIDED, LIMITED, LIMITED, HOLDS],
            "4 claims tested: 1 holds, 2 hold in part and 1 is not decided",
        ),
    ],
)
def test_a_tally_counts_claims_by_verdict(verdicts, text):
    assert tally(with_verdicts(*verdicts)) == text


def test_the_contents_of_what_is_folded():
    assert contents(1, 0, 2) == "1 finding, 2 tables and commands"
    assert contents(0, 0, 0) == "commands"
