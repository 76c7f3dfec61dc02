"""Print every composed sentence of all reports with its claim: ``python -m tests.sentences``.

The exit code is 1 where a sentence has no claim or a report failed, otherwise 0.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.sentences.data_sets import recipes
from tests.sentences.printing import WITHOUT, lines, summary, unsupported
from tests.sentences.records import run


def main() -> int:
    """Run all data sets, print their sentences, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.sentences", description=__doc__)
    parser.add_argument("--data", default="", help="folder of public data: adds Online Retail")
    parser.add_argument("--only", action="append", default=[], help="a report, by its name")
    parser.add_argument("--set", action="append", default=[], help="a data set, by its name")
    parser.add_argument("--jobs", type=int, default=2, help="reports at once")
    asked = parser.parse_args()
    without = failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name, recipe in recipes(folder, Path(asked.data) if asked.data else None).items():
            if asked.set and name not in asked.set:
                continue
            found = run(recipe, folder / "runs" / recipe.stem, only=asked.only, jobs=asked.jobs)
            print(f"\n#### {name}", *lines(found), sep="\n", flush=True)
            print(f"\n{summary(name, found)}", flush=True)
            without += len(unsupported(found))
            failed += sum(state == "failed" for state in found.states.values())
    print(f"\n{without} sentences {WITHOUT}; {failed} reports failed")
    return int(bool(without or failed))


sys.exit(main())
