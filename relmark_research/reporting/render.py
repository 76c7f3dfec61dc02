"""Executed notebooks as pages: one file each, complete without a network."""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relmark_research.reporting import numbers
from relmark_research.reporting.body import Body, Failure, read_body
from relmark_research.reporting.manifest import KeyFigure, Manifest, NotebookRun

if TYPE_CHECKING:
    import nbformat
    from nbconvert.exporters import TemplateExporter

TEMPLATES = Path(__file__).parent / "templates"

Facts = list[tuple[str, str]]

_SAID = ("source", "currency", "as_of")  # stand among the first facts


def render_report(notebook: "nbformat.NotebookNode", run: NotebookRun, manifest: Manifest) -> str:
    """Return the report of one executed notebook as a page of HTML.

    Parameters
    ----------
    notebook
        The notebook as papermill left it, done or broken off.
    run
        What it was given and what became of it; what is empty is read from the notebook.
    manifest
        The run that it belongs to.

    Returns
    -------
    str
        One file: nothing in it is fetched, and a content policy forbids it to try.
    """
    body = read_body(notebook)
    exporter = _exporter()
    page = _shell() | _first_screen(body, run, manifest) | _end(body, manifest)
    html, _ = exporter.from_notebook_node(notebook, resources={"page": page})
    return str(html)


def render_index(manifest: Manifest) -> str:
    """Return the page that leads to the reports of a run.

    Parameters
    ----------
    manifest
        The run; each notebook becomes a card with its question, answer, key figures and state.
    """
    page = _shell() | {
        "title": manifest.title or manifest.recipe,
        "summary": _summary(manifest),
        "asked": _asked(manifest),
        "reports": [_report_card(run) for run in manifest.notebooks],
        "command": manifest.command,
        "origin": _origin(manifest),
    }
    return _exporter().environment.get_template("index.html.j2").render(page=page)


def _exporter() -> "TemplateExporter":
    from nbconvert.exporters import TemplateExporter

    exporter = TemplateExporter(
        template_name="report",
        template_file="report.html.j2",
        extra_template_basedirs=[str(TEMPLATES)],
    )
    exporter.environment.autoescape = True
    return exporter


@lru_cache(maxsize=1)
def _shell() -> dict[str, Any]:
    """Style, script and the policy that lets nothing else in."""
    from markupsafe import Markup

    style = (TEMPLATES / "report" / "style.css").read_text(encoding="utf-8")
    script = (TEMPLATES / "report" / "script.js").read_text(encoding="utf-8")
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
        "img-src data:; font-src data:; base-uri 'none'; form-action 'none'"
    )
    return {"style": Markup(style), "script": Markup(script), "policy": Markup(policy)}


def _first_screen(body: Body, run: NotebookRun, manifest: Manifest) -> dict[str, Any]:
    return {
        "title": body.title or run.title or run.notebook,
        "collection": manifest.title or manifest.recipe,
        "home": "../" * run.report.count("/") + "index.html" if run.report else "",
        "answer": run.answer or body.answer,
        "key_figures": [_card(figure) for figure in run.key_figures or body.key_figures],
        "failure": _failure(body, run),
        "asked": _asked(manifest),
        "parameters": _parameters(run, manifest),
        "columns": _columns(manifest),
    }


def _end(body: Body, manifest: Manifest) -> dict[str, Any]:
    from markupsafe import Markup

    return {
        "contents": body.contents,
        "body": Markup(body.html),
        "preparation": Markup(body.preparation),
        "messages": body.messages.strip(),
        "command": manifest.command,
        "origin": _origin(manifest),
        "versions": list(manifest.versions.items()),
    }


def _failure(body: Body, run: NotebookRun) -> Failure | None:
    if run.state in ("done", "queued", "running") and body.failure is None:
        return None
    traceback = body.failure.traceback if body.failure else ""
    words = run.error or (body.failure.words if body.failure else f"The notebook {run.state}.")
    return Failure(words, traceback)


def _card(figure: KeyFigure) -> dict[str, str]:
    """A key figure as words; its unit only where neither text nor label say it."""
    form = numbers.formatter(figure.unit)
    text = figure.text or numbers.estimate(figure.value, figure.low, figure.high, form)
    counted = form is numbers.count and figure.unit.lower() not in figure.label.lower()
    return {
        "label": figure.label or _words(figure.name),
        "text": text,
        "unit": figure.unit if counted and text != numbers.MISSING else "",
        "interval": numbers.interval(figure.value, figure.low, figure.high, form),
        "meaning": figure.meaning,
    }


def _report_card(run: NotebookRun) -> dict[str, Any]:
    return {
        "title": run.title or run.notebook,
        "link": run.report,
        "state": run.state,
        "time": "" if run.seconds is None else _duration(run.seconds),
        "answer": run.answer,
        "error": run.error,
        "key_figures": [_card(figure) for figure in run.key_figures],
    }


def _summary(manifest: Manifest) -> str:
    done = sum(run.state == "done" for run in manifest.notebooks)
    of = f"{done} of {len(manifest.notebooks)} reports done"
    return f"{of}, {_moment(manifest.finished or manifest.started)}."


def _asked(manifest: Manifest) -> Facts:
    """Data, rows, period, as-of day and currency, as far as they are known."""
    data, found = manifest.data, manifest.fingerprint
    days = [_day(found[day]) for day in ("first_day", "last_day") if found.get(day)]
    facts = [
        ("Data", _source(str(data.get("source") or ""))),
        ("Purchases", _value(found.get("rows_used", found.get("rows")))),
        ("Period", " to ".join(days)),
        ("As of", _day(manifest.as_of) if manifest.as_of else ""),
        ("Currency", _value(data.get("currency"))),
    ]
    return [(term, text) for term, text in facts if text]


def _source(source: str) -> str:
    """The file's name, without the folders of whoever ran it."""
    if source.startswith("dataset:"):
        return f"{source.removeprefix('dataset:')}, comes with the package"
    return source if "://" in source else source.replace("\\", "/").rpartition("/")[2]


def _columns(manifest: Manifest) -> Facts:
    said = {name: item for name, item in manifest.data.items() if name not in _SAID}
    return [(_words(name), _value(item)) for name, item in said.items() if _value(item)]


def _parameters(run: NotebookRun, manifest: Manifest) -> Facts:
    """What the notebook was given, apart from what the data section says already."""
    said = {*_SAID, *manifest.data}
    own = {name: value for name, value in run.parameters.items() if name not in said}
    return [(_words(name), _value(value) or "none") for name, value in own.items()]


def _origin(manifest: Manifest) -> Facts:
    facts = [("Run", manifest.run_id), ("Recipe", manifest.recipe)]
    facts += [("Started", _moment(manifest.started)), ("Finished", _moment(manifest.finished))]
    for title, record in (("Data", manifest.fingerprint), ("Code", manifest.git)):
        facts += [
            (f"{title}: {_words(name).lower()}", _value(item)) for name, item in record.items()
        ]
    return [(term, text) for term, text in facts if text]


def _words(name: str) -> str:
    words = str(name).replace("_", " ").replace(".", ", ")
    return words[:1].upper() + words[1:]


def _value(value: Any) -> str:
    """A value of a manifest as a reader writes it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{_words(name).lower()}: {_value(item)}" for name, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_value, value))
    if isinstance(value, int) and abs(value) >= 10_000:
        return numbers.count(value)
    return str(value)


def _day(value: Any) -> str:
    try:
        day = datetime.fromisoformat(str(value))
    except ValueError:
        return str(value)
    return f"{day.day} {day:%B %Y}"


def _moment(value: str | None) -> str:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return value or ""
    return f"{moment.day} {moment:%B %Y, %H:%M} {moment.tzname() or ''}".strip()


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} seconds" if round(seconds) != 1 else "1 second"
    return f"{seconds / 60:.0f} minutes"
