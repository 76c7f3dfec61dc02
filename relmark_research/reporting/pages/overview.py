"""Overview pages: one for each recipe and one for all recipes, with trends over the runs."""

import fcntl
import math
import os
from collections.abc import Sized
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from relmark_research import formats
from relmark_research.reporting.pages.render import key_figure_card, render_page
from relmark_research.reporting.pages.run_metadata import format_time
from relmark_research.reporting.record.left_out import left_out_words
from relmark_research.reporting.record.manifest import (
    KeyFigure,
    Manifest,
    NotebookRun,
    write_atomically,
)
from relmark_research.reporting.store.run_checks import check_run
from relmark_research.reporting.store.run_store import RunStore

_MAX_RUNS = 30  # in a trend and in a table
_WIDTH, _HEIGHT, _MARGIN = 120.0, 28.0, 3.0  # of a sparkline [CSS pixels]


@dataclass(frozen=True)
class RunHistory:
    """The runs of one recipe.

    Attributes
    ----------
    name
        Name of the recipe and of its folder.
    runs
        The manifests, the oldest first.
    last_good
        Id of the last good run; empty if there is none.
    left_out
        The stored runs that are not as published, and why; their figures are not shown.
    """

    name: str
    runs: tuple[Manifest, ...]
    last_good: str = ""
    left_out: tuple[str, ...] = ()

    @classmethod
    def read(cls, store: RunStore) -> "RunHistory":
        """Return the history of a recipe from its stored runs."""
        checks = [check_run(folder) for folder in store.folders()[-_MAX_RUNS:]]
        runs = tuple(check.manifest for check in checks if check.is_sound and check.manifest)
        last_good = store.latest_run()
        left_out = tuple(str(check) for check in checks if not check.is_sound)
        return cls(store.path.name, runs, last_good.name if last_good else "", left_out)

    @property
    def title(self) -> str:
        """The title of the newest run."""
        return self.runs[-1].title or self.name if self.runs else self.name


def write_overviews(store: RunStore, title: str) -> None:
    """Write the page of a recipe and the page of all recipes, each atomically."""
    history = RunHistory.read(store)
    write_atomically(store.path / "index.html", render_recipe_page(history, title))
    root = store.path.parent
    with (root / ".lock").open("a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with suppress(PermissionError):  # another user's
            os.fchmod(lock.fileno(), 0o600)
        stores = [RunStore(path) for path in sorted(root.iterdir()) if _is_store(path)]
        histories = [RunHistory.read(each) for each in stores]
        page = render_recipe_list([each for each in histories if each.runs])
        write_atomically(root / "index.html", page)


def render_recipe_page(history: RunHistory, title: str = "") -> str:
    """Return the page of one recipe: key figures, their trends, and every run."""
    newest = history.runs[-1] if history.runs else None
    return render_page(
        "recipe.html.j2",
        title=title or history.title,
        collection="All recipes",
        home="../index.html",
        lead=f"{_number_of(history.runs)} of {format_time(newest.started)}." if newest else "",
        good=_last_good_link(history, prefix=""),
        sections=_sections(history, prefix=""),
        runs=[_row(history, run) for run in reversed(history.runs)],
        left_out=history.left_out,
    )


def render_recipe_list(histories: list[RunHistory]) -> str:
    """Return the page of all recipes: the state and the key figures of each."""
    return render_page(
        "recipes.html.j2",
        title="Reports",
        lead=f"{len(histories)} recipes." if len(histories) != 1 else "1 recipe.",
        recipes=[
            {
                "title": history.title,
                "link": f"{quote(history.name)}/index.html",
                "row": _row(history, history.runs[-1]),
                "good": _last_good_link(history, prefix=f"{quote(history.name)}/"),
                "sections": _sections(history, prefix=f"{quote(history.name)}/"),
            }
            for history in histories
        ],
    )


def sparkline(values: list[float | None], label: str) -> str:
    """Return a small line chart over the runs as SVG; empty for fewer than two values.

    Parameters
    ----------
    values
        The values of one key figure, the oldest first; None for a run that does not have it.
    label
        Text alternative for screen readers.
    """
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return ""
    low, high = min(known), max(known)
    x_step = (_WIDTH - 2 * _MARGIN) / (len(values) - 1)
    y_scale = (_HEIGHT - 2 * _MARGIN) / (high - low) if high > low else 0.0
    points = [
        (
            _MARGIN + x_step * position,
            _HEIGHT - _MARGIN - y_scale * (value - low) if y_scale else _HEIGHT / 2,
        )
        for position, value in enumerate(values)
        if value is not None
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[-1]
    return (
        f'<svg class="rm-trend" role="img" aria-label="{escape(label)}" '
        f'viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" width="{_WIDTH:g}" height="{_HEIGHT:g}">'
        f'<polyline points="{line}"/><circle cx="{x:.1f}" cy="{y:.1f}" r="2.6"/></svg>'
    )


def _is_store(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink() and (path / ".lock").is_file()


def _last_good_link(history: RunHistory, prefix: str) -> str:
    return f"{prefix}{quote(history.last_good)}/index.html" if history.last_good else ""


def _sections(history: RunHistory, prefix: str) -> list[dict[str, Any]]:
    """Return the notebooks of the last good run, or of the newest, with trends of the figures."""
    shown = next((run for run in history.runs if run.run_id == history.last_good), None)
    shown = shown or (history.runs[-1] if history.runs else None)
    if shown is None:
        return []
    return [
        {
            "title": _title(run),
            "link": f"{prefix}{quote(shown.run_id)}/{quote(run.report)}" if run.report else "",
            "answer": run.answer,
            "state": run.state,
            "error": run.error,
            "key_figures": [_card_with_trend(history, run, figure) for figure in run.key_figures],
        }
        for run in shown.notebooks
        if run.state != "skipped"
    ]


def _title(run: NotebookRun) -> str:
    case = ", ".join(str(value) for value in run.case.values())
    return f"{run.title or run.notebook}{f' ({case})' if case else ''}"


def _card_with_trend(history: RunHistory, run: NotebookRun, figure: KeyFigure) -> dict[str, Any]:
    from markupsafe import Markup

    values = [_value(each, run.notebook, figure) for each in history.runs]
    known = [value for value in values if value is not None]
    form = formats.formatter(figure.unit)
    label = f"{figure.label}, over {len(known)} runs: "
    if known:
        label += f"from {form(known[0])} to {form(known[-1])}, "
        label += f"between {form(min(known))} and {form(max(known))}"
    return key_figure_card(figure) | {"trend": Markup(sparkline(values, label))}


def _value(manifest: Manifest, notebook: str, figure: KeyFigure) -> float | None:
    run = manifest.run_of(notebook)
    figures = [each for each in run.key_figures if each.name == figure.name] if run else []
    same = [each for each in figures if each.unit == figure.unit and math.isfinite(each.value)]
    return same[0].value if same else None


def _row(history: RunHistory, run: Manifest) -> dict[str, Any]:
    """Return the row of a run in the table of all runs."""
    requested = [each for each in run.notebooks if each.state != "skipped"]
    done = sum(each.state == "done" for each in requested)
    others = (each.state for each in requested if each.state != "done")
    state = "done" if run.succeeded else next(others, "empty")
    reused = sum(each.reused_from is not None for each in requested)
    notes = [f"part of the recipe: {len(requested)} of {len(run.notebooks)}"] if run.partial else []
    notes += [f"{reused} unchanged"] if reused else []
    notes += [f"as of {formats.day_or_text(run.as_of)}"] if run.as_of else []
    notes += _left_out_notes(run)
    return {
        "link": f"{quote(run.run_id)}/index.html",
        "run": run.run_id,
        "when": format_time(run.started),
        "state": "alert" if run.succeeded and run.alerts else state,
        "reports": f"{done} of {len(requested)}",
        "latest": run.run_id == history.last_good,
        "notes": "; ".join(notes),
        "alerts": run.alerts,
    }


def _left_out_notes(run: Manifest) -> list[str]:
    """Return the log and the tables of which rows are left out, in words."""
    tables = {"transactions": run.fingerprint, **(run.fingerprint.get("tables") or {})}
    return [
        f"{name}: {left_out_words(found)}"
        for name, found in tables.items()
        if found.get("rows_used", 0) < found.get("rows_read", 0)
    ]


def _number_of(runs: Sized) -> str:
    return "One run," if len(runs) == 1 else f"{len(runs)} runs, the newest"
