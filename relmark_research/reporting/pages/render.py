"""The pages of a run: a report for each executed notebook, and the index that leads to them."""

import hashlib
from base64 import b64encode
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from relmark_research import formats
from relmark_research.reporting.pages import run_metadata
from relmark_research.reporting.pages.notebook_html import Body, Failure, read_body
from relmark_research.reporting.record.manifest import KeyFigure, Manifest, NotebookRun
from relmark_research.reporting.record.run_comparison import (
    Change,
    Comparison,
    change_of,
    compare_runs,
)

if TYPE_CHECKING:
    import nbformat
    from jinja2 import Environment

# The frame of every page: one file, with a policy that lets nothing else in.

_TEMPLATES = Path(__file__).parent / "templates" / "report"


def page_of(template: str, **page: Any) -> str:
    """Return a page of HTML, complete without a network.

    Parameters
    ----------
    template
        The name of one of our templates.
    page
        What it shows; text is escaped unless it is Markup.
    """
    return _environment().get_template(template).render(page=_shell() | page)


@lru_cache(maxsize=1)
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@lru_cache(maxsize=1)
def _shell() -> dict[str, Any]:
    """Style, script and the policy that lets nothing else in."""
    from markupsafe import Markup

    style = (_TEMPLATES / "style.css").read_text(encoding="utf-8")
    script = (_TEMPLATES / "script.js").read_text(encoding="utf-8")
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
        "img-src data:; font-src data:; base-uri 'none'; form-action 'none'"
    )
    return {"style": Markup(style), "script": Markup(script), "policy": Markup(policy)}


def render_report(
    notebook: "nbformat.NotebookNode",
    run: NotebookRun,
    manifest: Manifest,
    before: Manifest | None = None,
) -> str:
    """Return the report of one executed notebook as a page of HTML.

    Parameters
    ----------
    notebook
        The notebook as papermill left it, done or broken off.
    run
        What it was given and what became of it; what is empty is read from the notebook.
    manifest
        The run that it belongs to.
    before
        The last good run, with which it is compared; None where there is none.

    Returns
    -------
    str
        One file: nothing in it is fetched, and a content policy forbids it to try.
    """
    body = read_body(notebook)
    compared = _compared(before, manifest.with_run(run), run)
    first = _first_screen(body, run, manifest, before, compared)
    return page_of("report.html.j2", **first, **_end(body, run, manifest), compared=compared)


def render_index(manifest: Manifest, before: Manifest | None = None) -> str:
    """Return the page that leads to the reports of a run.

    Parameters
    ----------
    manifest
        The run; each notebook becomes a card with its question, answer, key figures and state.
    before
        The last good run, with which the key figures are compared.
    """
    return page_of(
        "index.html.j2",
        title=manifest.title or manifest.recipe,
        home="../index.html",
        summary=_summary(manifest),
        alerts=manifest.alerts,
        asked=run_metadata.asked(manifest),
        causes=compare_runs(before, manifest).causes if before else (),
        since=run_metadata.day(before.finished or before.started) if before else "",
        reports=[_report_card(run, before) for run in manifest.notebooks],
        command=manifest.command,
        origin=run_metadata.origin(manifest),
    )


def card(figure: KeyFigure, change: Change | None = None, since: str = "") -> dict[str, Any]:
    """Return a key figure as words; its unit only where neither text nor label say it.

    Parameters
    ----------
    figure
        What was recorded.
    change
        What it did since the last good run, if there was one.
    since
        The day of that run.
    """
    form = formats.formatter(figure.unit)
    text = figure.text or formats.estimate(figure.value, figure.low, figure.high, form)
    counted = form is formats.count and figure.unit.lower() not in figure.label.lower()
    return {
        "label": figure.label or run_metadata.words(figure.name),
        "text": text,
        "unit": figure.unit if counted and text != formats.MISSING else "",
        "interval": formats.interval(figure.value, figure.low, figure.high, form),
        "meaning": figure.meaning,
        "change": f"{change.words} since {since}" if change else "",
        "moved": bool(change and change.moved),
        "trend": "",
    }


def _first_screen(
    body: Body,
    run: NotebookRun,
    manifest: Manifest,
    before: Manifest | None,
    compared: Comparison | None,
) -> dict[str, Any]:
    figures = run.key_figures or tuple(body.key_figures)
    changes = {change.name: change for change in compared.changes} if compared else {}
    since = _since(before)
    case = ", ".join(str(value) for value in run.case.values())
    return {
        "title": body.title or run.title or run.notebook,
        "case": case,
        "collection": manifest.title or manifest.recipe,
        "home": "../" * run.report.count("/") + "index.html" if run.report else "",
        "answer": run.answer or body.answer,
        "key_figures": [card(each, changes.get(each.name), since) for each in figures],
        "failure": _failure(body, run),
        "again": _again(run, manifest) if run.state not in ("done", "queued", "running") else "",
        "asked": run_metadata.asked(manifest, run),
        "parameters": run_metadata.parameters(run, manifest),
        "columns": run_metadata.columns(manifest),
    }


def _end(body: Body, run: NotebookRun, manifest: Manifest) -> dict[str, Any]:
    from markupsafe import Markup

    return {
        "contents": body.contents,
        "body": Markup(body.html),
        "preparation": Markup(body.preparation),
        "messages": body.messages.strip(),
        "command": manifest.command,
        "origin": run_metadata.origin(manifest, run),
        "versions": list(manifest.versions.items()),
    }


def _compared(before: Manifest | None, after: Manifest, run: NotebookRun) -> Comparison | None:
    if before is None or before.run_of(run.notebook) is None:
        return None
    return compare_runs(before, after, notebook=run.notebook)


def _since(before: Manifest | None) -> str:
    """The day of the last good run, short enough for a card."""
    return run_metadata.short_day(before.finished or before.started) if before else ""


def _again(run: NotebookRun, manifest: Manifest) -> str:
    """The line that runs this notebook alone."""
    if not manifest.command or f"--only {run.notebook}" in manifest.command:
        return manifest.command
    return f"{manifest.command} --only {run.notebook}"


def _failure(body: Body, run: NotebookRun) -> Failure | None:
    if run.state in ("done", "queued", "running") and body.failure is None:
        return None
    traceback = body.failure.traceback if body.failure else ""
    words = run.error or (body.failure.words if body.failure else f"The notebook {run.state}.")
    return Failure(words, traceback)


def _report_card(run: NotebookRun, before: Manifest | None) -> dict[str, Any]:
    old = before.run_of(run.notebook) if before else None
    earlier = {figure.name: figure for figure in old.key_figures} if old else {}
    changes = {each.name: change_of(earlier.get(each.name), each) for each in run.key_figures}
    return {
        "title": run.title or run.notebook,
        "case": ", ".join(str(value) for value in run.case.values()),
        "link": quote(run.report) if run.report else "",
        "state": run.state,
        "time": "" if run.seconds is None else run_metadata.duration(run.seconds),
        "reused": run.reused_from,
        "answer": run.answer,
        "error": run.error,
        "key_figures": [
            card(each, changes[each.name] if old else None, _since(before))
            for each in run.key_figures
        ],
    }


def _summary(manifest: Manifest) -> str:
    asked = [run for run in manifest.notebooks if run.state != "skipped"]
    done = sum(run.state == "done" for run in asked)
    when = run_metadata.moment(manifest.finished or manifest.started)
    return f"{done} of {len(asked)} reports done, {when}."
