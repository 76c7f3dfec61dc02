"""The pages of a run: one report per executed notebook, and an index of the reports.

Each page is one file. Its content policy forbids scripts and downloads from elsewhere.
"""

import hashlib
from base64 import b64encode
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from relmark_research import formats
from relmark_research.reporting.pages import run_metadata
from relmark_research.reporting.pages._notebook_html import Body, Failure, read_body
from relmark_research.reporting.record.manifest import (
    KeyFigure,
    Manifest,
    NotebookRun,
    further_questions,
)
from relmark_research.reporting.record.run_comparison import (
    Change,
    Comparison,
    change_of,
    compare_runs,
)

if TYPE_CHECKING:
    import nbformat
    from jinja2 import Environment

_TEMPLATES = Path(__file__).parent / "templates" / "report"


def render_page(template: str, **page: Any) -> str:
    """Return a page of HTML that needs no network.

    Parameters
    ----------
    template
        The file name of a template.
    page
        The variables of the template; text is escaped unless it is Markup.
    """
    return _environment().get_template(template).render(page=_page_frame() | page)


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
def _page_frame() -> dict[str, Any]:
    """Return the style, the script and the content policy of every page."""
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
        The executed notebook, complete or stopped by an error.
    run
        Its inputs and results; empty fields are read from the notebook.
    manifest
        The run that the notebook belongs to.
    before
        The last good run, for the comparison, or None.
    """
    body = read_body(notebook)
    comparison = _comparison(before, manifest.with_run(run), run)
    first = _first_screen(body, run, manifest, before, comparison)
    rest = _body_and_provenance(body, run, manifest)
    return render_page("report.html.j2", **first, **rest, comparison=comparison)


def render_index(manifest: Manifest, before: Manifest | None = None) -> str:
    """Return the index page of a run.

    Parameters
    ----------
    manifest
        The run; each notebook has a card with its question, answer, key figures and state.
    before
        The last good run, for the comparison of the key figures, or None.
    """
    return render_page(
        "index.html.j2",
        title=manifest.title or manifest.recipe,
        home="../index.html",
        summary=_summary(manifest),
        alerts=manifest.alerts,
        data=run_metadata.data_terms(manifest),
        causes=compare_runs(before, manifest).causes if before else (),
        since=formats.day_or_text(before.finished or before.started) if before else "",
        reports=[_report_card(run, before) for run in manifest.notebooks],
        further=further_questions(run.left_out for run in manifest.notebooks),
        notes=manifest.notes,
        customers=manifest.customer_table,
        command=manifest.command,
        provenance=run_metadata.provenance_terms(manifest),
    )


def key_figure_card(
    figure: KeyFigure, change: Change | None = None, since: str = ""
) -> dict[str, Any]:
    """Return the texts of a key figure's card.

    The unit is shown only if the value and the label do not contain it.

    Parameters
    ----------
    figure
        The recorded key figure.
    change
        Its change since the last good run, or None.
    since
        Date of the last good run.
    """
    form = formats.formatter(figure.unit)
    text = figure.text or formats.estimate(figure.value, figure.low, figure.high, form)
    counted = form is formats.count and figure.unit.lower() not in figure.label.lower()
    return {
        "label": figure.label or run_metadata.label_of(figure.name),
        "text": text,
        "unit": figure.unit if counted and text != formats.MISSING else "",
        "interval": formats.interval(figure.value, figure.low, figure.high, form),
        "meaning": figure.meaning,
        "change": f"{change.difference} since {since}" if change else "",
        "changed": bool(change and change.changed),
        "trend": "",
    }


def _first_screen(
    body: Body,
    run: NotebookRun,
    manifest: Manifest,
    before: Manifest | None,
    comparison: Comparison | None,
) -> dict[str, Any]:
    figures = run.key_figures or tuple(body.key_figures)
    changes = {change.name: change for change in comparison.changes} if comparison else {}
    since = _date_of(before)
    case = ", ".join(str(value) for value in run.case.values())
    return {
        "title": body.title or run.title or run.notebook,
        "case": case,
        "collection": manifest.title or manifest.recipe,
        "home": "../" * run.report.count("/") + "index.html" if run.report else "",
        "answer": run.answer or body.answer,
        "key_figures": [key_figure_card(each, changes.get(each.name), since) for each in figures],
        "failure": _failure(body, run),
        "rerun": _rerun_command(run, manifest)
        if run.state not in ("done", "queued", "running")
        else "",
        "data": run_metadata.data_terms(manifest, run),
        "parameters": run_metadata.parameter_terms(run, manifest),
        "columns": run_metadata.column_terms(manifest),
    }


def _body_and_provenance(body: Body, run: NotebookRun, manifest: Manifest) -> dict[str, Any]:
    from markupsafe import Markup

    return {
        "contents": body.contents,
        "body": Markup(body.html),
        "preparation": Markup(body.preparation),
        "messages": body.messages.strip(),
        "left_out": [each for each in run.left_out if each.question not in body.left_out],
        "command": manifest.command,
        "provenance": run_metadata.provenance_terms(manifest, run),
        "versions": list(manifest.versions.items()),
    }


def _comparison(before: Manifest | None, after: Manifest, run: NotebookRun) -> Comparison | None:
    if before is None or before.run_of(run.notebook) is None:
        return None
    return compare_runs(before, after, notebook=run.notebook)


def _date_of(before: Manifest | None) -> str:
    """Return the date of a run in short form."""
    return run_metadata.format_short_day(before.finished or before.started) if before else ""


def _rerun_command(run: NotebookRun, manifest: Manifest) -> str:
    """Return the command that runs only this notebook."""
    if not manifest.command or f"--only {run.notebook}" in manifest.command:
        return manifest.command
    return f"{manifest.command} --only {run.notebook}"


def _failure(body: Body, run: NotebookRun) -> Failure | None:
    if run.state in ("done", "queued", "running") and body.failure is None:
        return None
    traceback = body.failure.traceback if body.failure else ""
    message = body.failure.message if body.failure else f"The notebook {run.state}."
    return Failure(run.error or message, traceback)


def _report_card(run: NotebookRun, before: Manifest | None) -> dict[str, Any]:
    old = before.run_of(run.notebook) if before else None
    earlier = {figure.name: figure for figure in old.key_figures} if old else {}
    changes = {each.name: change_of(earlier.get(each.name), each) for each in run.key_figures}
    return {
        "title": run.title or run.notebook,
        "case": ", ".join(str(value) for value in run.case.values()),
        "link": quote(run.report) if run.report else "",
        "state": run.state,
        "time": "" if run.seconds is None else run_metadata.format_duration(run.seconds),
        "reused": run.reused_from,
        "answer": run.answer,
        "error": run.error,
        "left_out": run.left_out,
        "key_figures": [
            key_figure_card(each, changes[each.name] if old else None, _date_of(before))
            for each in run.key_figures
        ],
    }


def _summary(manifest: Manifest) -> str:
    requested = [run for run in manifest.notebooks if run.state != "skipped"]
    done = sum(run.state == "done" for run in requested)
    when = run_metadata.format_time(manifest.finished or manifest.started)
    return f"{done} of {len(requested)} reports done, {when}."
