"""The sentences of a run: what each report said, with the claims that carry it."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from relmark_research.reporting.record.manifest import RECORD_MIME

ROOT = Path(__file__).parents[2]
SAID = ("answer", "finding", "say")


@dataclass(frozen=True)
class Sentence:
    """One sentence of a report, with its claim; the claim is empty where there is none."""

    report: str
    kind: str
    text: str
    claim: dict[str, Any]


@dataclass(frozen=True)
class Run:
    """What a recipe gave: states and errors by report, sentences, questions left out."""

    states: dict[str, str]
    errors: dict[str, str]
    sentences: tuple[Sentence, ...]
    left_out: tuple[tuple[str, str], ...]

    def of(self, report: str) -> list[Sentence]:
        """Return the sentences of a report, by the start of its name."""
        return [each for each in self.sentences if each.report.startswith(report)]

    def claims(self, report: str = "") -> list[dict[str, Any]]:
        """Return the claims of a report, or of all, with their text."""
        return [each.claim | {"text": each.text} for each in self.of(report) if each.claim]


def run(recipe: Path, out: Path, *, only: Sequence[str] = (), jobs: int = 2) -> Run:
    """Run a recipe and return what its reports say."""
    line = [sys.executable, "-m", "relmark_research", "run", str(recipe)]
    line += ["--out", str(out), "--jobs", str(jobs), "--force"]
    line += [part for name in only for part in ("--only", name)]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    index = next(
        (Path(row) for row in reversed(done.stdout.split("\n")) if row.endswith("index.html")), None
    )
    if index is None:
        raise RuntimeError(f"{recipe.name} ended with {done.returncode}: {done.stderr[-2000:]}")
    return read_run(index.parent)


def read_run(folder: Path) -> Run:
    """Return what the reports of a finished run say."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    reports = manifest["notebooks"]
    found, left_out = [], []
    for report in reports:
        name = report["notebook"]
        path = folder / "notebooks" / f"{name}.ipynb"
        for record in records(path) if path.is_file() else ():
            found += sentences(name, record)
            if record["kind"] == "left_out":
                left_out.append((name, record["text"]))
    return Run(
        {report["notebook"]: report["state"] for report in reports},
        {report["notebook"]: report.get("error") or "" for report in reports},
        tuple(found),
        tuple(left_out),
    )


def records(notebook: Path) -> Iterator[dict[str, Any]]:
    """Yield the records of an executed notebook, in their order."""
    for cell in nbformat.read(notebook, as_version=4).cells:
        for output in cell.get("outputs", ()):
            record = output.get("data", {}).get(RECORD_MIME)
            if record is not None:
                yield record


def sentences(report: str, record: dict[str, Any]) -> list[Sentence]:
    """Return the sentences of a record: one for each claim, or the text without a claim."""
    if record["kind"] not in SAID:
        return []
    claims = record.get("claims") or []
    if not claims:
        return [Sentence(report, record["kind"], record["text"], {})]
    return [Sentence(report, record["kind"], claim["text"], claim) for claim in claims]
