"""Compare two reports: every CSV of one folder with that of the same name in another, cell by cell.

python benchmarks/compare.py BEFORE/reports AFTER/reports
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

EXAMPLES = 3  # of the cells that differ, in a message


def main() -> None:
    """Print a line for each file that differs; exit with code 1 if any does."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--tolerance", type=float, default=0.0, help="relative, of numbers (%(default)s)")
    options = parser.parse_args()
    names = {path.name for folder in (options.before, options.after) for path in folder.glob("*.csv")}
    if not names:
        sys.exit(f"error: no CSV files in {options.before} and {options.after}")
    different = 0
    for name in sorted(names):
        text = difference(options.before / name, options.after / name, options.tolerance)
        different += bool(text)
        if text:
            print(f"{name}: {text}")
    print(f"{len(names) - different} of {len(names)} files are equal")
    sys.exit(different > 0)


def difference(before: Path, after: Path, tolerance: float) -> str:
    """Describe the difference between two CSV files; empty if there is none."""
    for path in (before, after):
        if not path.is_file():
            return f"missing in {path.parent}"
    old, new = pd.read_csv(before), pd.read_csv(after)
    if list(old) != list(new):
        return f"columns {list(old)} became {list(new)}"
    if len(old) != len(new):
        return f"{len(old)} rows became {len(new)}"
    differences = []
    for column in old:
        changed = ~same(old[column], new[column], tolerance)
        if changed.any():
            pairs = zip(old.loc[changed, column][:EXAMPLES], new.loc[changed, column][:EXAMPLES], strict=True)
            examples = ", ".join(f"{before} became {after}" for before, after in pairs)
            differences.append(f"{column}: {changed.sum()} of {len(old)} differ ({examples})")
    return "; ".join(differences)


def same(old: pd.Series, new: pd.Series, tolerance: float) -> pd.Series:
    """True in the rows where two columns are equal, numbers within a relative tolerance."""
    if pd.api.types.is_numeric_dtype(old) and pd.api.types.is_numeric_dtype(new):
        return pd.Series(np.isclose(old.astype(float), new.astype(float), rtol=tolerance, atol=0, equal_nan=True))
    return (old.astype(str) == new.astype(str)) | (old.isna() & new.isna())


if __name__ == "__main__":
    main()
