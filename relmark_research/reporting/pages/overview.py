"""The pages above the runs: one for a recipe, one for all of them, with trends over the runs."""

import fcntl
import math
from collections.abc import Sized
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from relmark_research import formats
from relmark_research.errors import ReportError
from relmark_research.reporting.pages.render import card, page_of
from relmark_research.reporting.pages.run_metadata import day, moment
from relmark_research.reporting.record.manifest import (
    KeyFigure,
    Manifest,
    NotebookRun,
    read_manifest,
    write_whole,
)
from relmark_research.reporting.record.run_store import LATEST, Home

_SHOWN = 30  # runs in a trend and in a table
_WIDTH, _HEIGHT, _MARGIN = 120.0, 28.0, 3.0


@dataclass(frozen=True)
class Story:
    """A recipe's runs, the oldest first.

    Attributes
    ----------
    name
        Of the recipe, and of its folder.
    runs
        Their manifests.
    good
        The id of the last good run; empty where there is none.
    """

    name: str
    runs: tuple[Manifest, ...]
    good: str = ""

    @classmethod
    def of(cls, home: Home) -> "Story":
        """Read the story of a recipe from its folder."""
        runs = []
        for folder in home.runs()[-_SHOWN:]:
            try:
                runs.append(read_manifest(folder))
            except ReportError:  # of another version; its pages are still there
                continue
        link = home.path / LATEST
        return cls(home.path.name, tuple(runs), link.resolve().name if link.exists() else "")

    @property
    def title(self) -> str:
        """The title of the newest run."""
        return self.runs[-1].title or self.name if self.runs else self.name


def write_overviews(home: Home, title: str) -> None:
    """Write the page of a recipe, and that of all recipes beside it, each in one step."""
    story = Story.of(home)
    write_whole(home.path / "index.html", render_story(story, title))
    root = home.path.parent
    with (root / ".lock").open("a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        homes = [Home(path) for path in sorted(root.iterdir()) if _is_home(path)]
        stories = [Story.of(each) for each in homes]
        write_whole(root / "index.html", render_all([each for each in stories if each.runs]))


def render_story(story: Story, title: str = "") -> str:
    """Return the page of one recipe: key figures, their trends, and every run."""
    newest = story.runs[-1] if story.runs else None
    return page_of(
        "story.html.j2",
        title=title or story.title,
        collection="All recipes",
        home="../index.html",
        lead=f"{_how_many(story.runs)} of {moment(newest.started)}." if newest else "",
        good=f"{quote(story.good)}/index.html" if story.good else "",
        sections=_sections(story, prefix=""),
        runs=[_row(story, run) for run in reversed(story.runs)],
    )


def render_all(stories: list[Story]) -> str:
    """Return the page of all recipes: the state of each, and what its key figures do."""
    return page_of(
        "recipes.html.j2",
        title="Reports",
        lead=f"{len(stories)} recipes." if len(stories) != 1 else "1 recipe.",
        recipes=[
            {
                "title": story.title,
                "link": f"{quote(story.name)}/index.html",
                "row": _row(story, story.runs[-1]),
                "good": f"{quote(story.name)}/{quote(story.good)}/index.html" if story.good else "",
                "sections": _sections(story, prefix=f"{quote(story.name)}/"),
            }
            for story in stories
        ],
    )


def trend(values: list[float | None], label: str) -> str:
    """Return a small line over the runs as SVG, with its story in words; empty below two values.

    Parameters
    ----------
    values
        Of one key figure, the oldest first; None where a run does not have it.
    label
        What it shows, for readers who do not see it.
    """
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return ""
    low, high = min(known), max(known)
    across = (_WIDTH - 2 * _MARGIN) / (len(values) - 1)
    down = (_HEIGHT - 2 * _MARGIN) / (high - low) if high > low else 0.0
    points = [
        (
            _MARGIN + across * place,
            _HEIGHT - _MARGIN - down * (value - low) if down else _HEIGHT / 2,
        )
        for place, value in enumerate(values)
        if value is not None
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[-1]
    return (
        f'<svg class="rm-trend" role="img" aria-label="{escape(label)}" '
        f'viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" width="{_WIDTH:g}" height="{_HEIGHT:g}">'
        f'<polyline points="{line}"/><circle cx="{x:.1f}" cy="{y:.1f}" r="2.6"/></svg>'
    )


def _is_home(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink() and (path / ".lock").is_file()


def _sections(story: Story, prefix: str) -> list[dict[str, Any]]:
    """The notebooks of the last good run, or of the newest, with the trends of their figures."""
    shown = next((run for run in story.runs if run.run_id == story.good), None)
    shown = shown or (story.runs[-1] if story.runs else None)
    if shown is None:
        return []
    return [
        {
            "title": _title(run),
            "link": f"{prefix}{quote(shown.run_id)}/{quote(run.report)}" if run.report else "",
            "answer": run.answer,
            "state": run.state,
            "error": run.error,
            "key_figures": [_with_trend(story, run, figure) for figure in run.key_figures],
        }
        for run in shown.notebooks
        if run.state != "skipped"
    ]


def _title(run: NotebookRun) -> str:
    case = ", ".join(str(value) for value in run.case.values())
    return f"{run.title or run.notebook}{f' ({case})' if case else ''}"


def _with_trend(story: Story, run: NotebookRun, figure: KeyFigure) -> dict[str, Any]:
    from markupsafe import Markup

    values = [_value(each, run.notebook, figure) for each in story.runs]
    known = [value for value in values if value is not None]
    form = formats.formatter(figure.unit)
    words = f"{figure.label}, over {len(known)} runs: "
    if known:
        words += f"from {form(known[0])} to {form(known[-1])}, "
        words += f"between {form(min(known))} and {form(max(known))}"
    return card(figure) | {"trend": Markup(trend(values, words))}


def _value(manifest: Manifest, notebook: str, figure: KeyFigure) -> float | None:
    run = manifest.run_of(notebook)
    found = [each for each in run.key_figures if each.name == figure.name] if run else []
    same = [each for each in found if each.unit == figure.unit and math.isfinite(each.value)]
    return same[0].value if same else None


def _row(story: Story, run: Manifest) -> dict[str, Any]:
    """A run in the table of all runs."""
    ended = [each for each in run.notebooks if each.state != "skipped"]
    done = sum(each.state == "done" for each in ended)
    state = "done" if run.good else next(each.state for each in ended if each.state != "done")
    reused = sum(each.reused_from is not None for each in ended)
    notes = [f"part of the recipe: {len(ended)} of {len(run.notebooks)}"] if run.partial else []
    notes += [f"{reused} unchanged"] if reused else []
    notes += [f"as of {day(run.as_of)}"] if run.as_of else []
    return {
        "link": f"{quote(run.run_id)}/index.html",
        "run": run.run_id,
        "when": moment(run.started),
        "state": "alert" if run.good and run.alerts else state,
        "reports": f"{done} of {len(ended)}",
        "latest": run.run_id == story.good,
        "notes": "; ".join(notes),
        "alerts": run.alerts,
    }


def _how_many(runs: Sized) -> str:
    return "One run," if len(runs) == 1 else f"{len(runs)} runs, the newest"
