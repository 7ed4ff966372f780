"""Test every claim of an introduction to gradient descent on the runs of a tracking store.

python experiments/train.py -m experiment=lessons
python -m analysis.claims
"""

from __future__ import annotations

from analysis import scripts
from analysis.claims import ABSENT, judge, table
from analysis.errors import StudyError
from analysis.items import StudyResult
from analysis.saving import save
from gdlab import tracking


def main() -> None:
    options = scripts.command_line(__doc__).parse_args()
    found = judge(options.uri)
    if all(finding.verdict == ABSENT for _, finding in found):
        where = tracking.redacted(options.uri)
        raise StudyError(
            f"no claim has its runs in {where}; begin with: python experiments/train.py -m experiment=lessons"
        )
    for claim, finding in found:
        print(f"{finding.verdict:>18}  {claim.text}\n{'':20}{finding.measured}")
    for file in save(StudyResult(findings=[], tables=[table(found)]), options.output):
        print(f"wrote {file}")


if __name__ == "__main__":
    scripts.exit_plainly(main)
