"""Record the figures of a version, to hold later ones against them.

    python -m tests.golden.record FOLDER [--only calls|reports] [--jobs 2]

writes calls.json and reports.json. For an older version copy tests/golden into a checkout of it and
run it there. What is stored beside this file was recorded from version 0.1: it is not recorded anew
when a figure changes. A figure that changes on purpose goes into corrections.yml.
"""

import argparse
import json
import platform
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import relmark_research
from tests.golden import reports
from tests.golden.calls import CALLS


def main() -> None:
    """Record what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", choices=["calls", "reports"])
    parser.add_argument("--jobs", type=int, default=1)
    asked = parser.parse_args()
    if asked.only != "reports":
        write(asked.folder / "calls.json", {name: one.function() for name, one in CALLS.items()})
    if asked.only != "calls":
        write(asked.folder / "reports.json", run_reports(asked.jobs))


def run_reports(jobs: int) -> dict[str, Any]:
    """Run all recipes, and return the numbers of their reports."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for recipe in reports.RECIPES:
            found |= reports.run(recipe, Path(folder) / recipe, jobs=jobs)
    failed = {name: said for name, said in found.items() if reports.FAILED in said}
    if failed:
        raise SystemExit(f"nothing recorded: {failed}")
    return found


def write(path: Path, groups: dict[str, Any]) -> None:
    """Write groups of numbers, a line for each figure; floats so that nothing is lost."""
    head = {
        "version": relmark_research.__version__,
        "commit": _commit(),
        "python": platform.python_version(),
    }
    lines = [f"  {json.dumps(name)}: {{\n{_block(groups[name])}\n  }}" for name in sorted(groups)]
    first = "".join(f"{json.dumps(name)}: {json.dumps(said)},\n" for name, said in head.items())
    body = ",\n".join(lines)
    path.write_text(f'{{\n{first}"groups": {{\n{body}\n}}}}\n', encoding="utf-8")


def _block(numbers: dict[str, Any]) -> str:
    return ",\n".join(
        f"    {json.dumps(name)}: {json.dumps(value, allow_nan=False, separators=(',', ':'))}"
        for name, value in numbers.items()
    )


def _commit() -> str:
    line = ["git", "rev-parse", "HEAD"]
    done = subprocess.run(line, cwd=reports.ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


if __name__ == "__main__":
    main()
