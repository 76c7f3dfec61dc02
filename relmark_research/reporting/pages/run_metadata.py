"""Data, parameters and provenance of a run as pairs of a term and its text; dates as text."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from relmark_research import formats
from relmark_research.reporting.record.left_out import left_out_words
from relmark_research.reporting.record.manifest import Manifest, NotebookRun
from relmark_research.reporting.record.resource_units import format_memory_size

Terms = list[tuple[str, str]]

_IN_DATA_TERMS = ("source", "currency", "as_of")


def data_terms(manifest: Manifest, run: NotebookRun | None = None) -> Terms:
    """Return the data, rows, period, as-of date and currency, as far as they are known."""
    case = run.case if run else {}
    data = {**manifest.data, **case}
    fingerprint = (run.fingerprint if run else {}) or manifest.fingerprint
    ends = [fingerprint.get(key) for key in ("first_day", "last_day")]
    days = [formats.day_or_text(end) for end in ends if end]
    terms = [
        ("Data", _source_name(str(data.get("source") or ""))),
        ("Rows", left_out_words(fingerprint)),
        *(
            (label_of(name), left_out_words(found))
            for name, found in (fingerprint.get("tables") or {}).items()
        ),
        ("Period", " to ".join(days)),
        ("As of", formats.day_or_text(manifest.as_of) if manifest.as_of else ""),
        ("Currency", _text(data.get("currency"))),
    ]
    terms += [(label_of(name), _text(value)) for name, value in case.items()]
    return list({term: text for term, text in terms if text}.items())


def column_terms(manifest: Manifest) -> Terms:
    """Return the columns and reading options of the data section."""
    items = {name: item for name, item in manifest.data.items() if name not in _IN_DATA_TERMS}
    return [(label_of(name), _text(item)) for name, item in items.items() if _text(item)]


def parameter_terms(run: NotebookRun, manifest: Manifest) -> Terms:
    """Return the parameters of a notebook that the other terms do not contain."""
    shown = {*_IN_DATA_TERMS, *manifest.data, *run.case}
    others = {name: value for name, value in run.parameters.items() if name not in shown}
    return [(label_of(name), _text(value) or "none") for name, value in others.items()]


def provenance_terms(manifest: Manifest, run: NotebookRun | None = None) -> Terms:
    """Return run, recipe, times, data and code; for a notebook also its duration and memory."""
    terms = [("Run", manifest.run_id), ("Recipe", manifest.recipe)]
    terms += [
        ("Started", format_time(manifest.started)),
        ("Finished", format_time(manifest.finished)),
    ]
    terms += _resource_terms(run) if run else []
    for title, record in (("Data", manifest.fingerprint), ("Code", manifest.git)):
        terms += [
            (f"{title}: {label_of(name).lower()}", _text(_known(item)))
            for name, item in record.items()
        ]
    return [(term, text) for term, text in terms if text]


def _known(item: Any) -> Any:
    """Return a fact without its unknown parts, such as the money of a table of counts."""
    if not isinstance(item, Mapping):
        return item
    return {name: _known(part) for name, part in item.items() if part is not None}


def label_of(name: str) -> str:
    """Return an identifier as a label.

    Examples
    --------
    >>> label_of("annual_discount_rate")
    'Annual discount rate'
    """
    text = str(name).replace("_", " ").replace(".", ", ")
    return text[:1].upper() + text[1:]


def format_short_day(value: Any) -> str:
    """Return an ISO date in short form, and any other value unchanged.

    Examples
    --------
    >>> format_short_day("2026-11-21T18:57:00+00:00")
    '21 Nov 2026'
    """
    try:
        return f"{datetime.fromisoformat(str(value)):%-d %b %Y}"
    except ValueError:
        return str(value)


def format_time(value: str | None) -> str:
    """Return an ISO date and time in words, and any other value unchanged."""
    try:
        time = datetime.fromisoformat(str(value))
    except ValueError:
        return value or ""
    return f"{time.day} {time:%B %Y, %H:%M} {time.tzname() or ''}".strip()


def format_duration(seconds: float) -> str:
    """Return a duration in seconds below 90 seconds, else in minutes."""
    if seconds < 90:
        return f"{seconds:.0f} seconds" if round(seconds) != 1 else "1 second"
    return f"{seconds / 60:.0f} minutes"


def _resource_terms(run: NotebookRun) -> Terms:
    return [
        ("Time", "" if run.seconds is None else format_duration(run.seconds)),
        ("Memory", format_memory_size(run.memory) if run.memory else ""),
        ("Taken from run", run.reused_from or ""),
        ("Why it ran" if run.reused_from is None else "Why it was reused", run.reason),
    ]


def _source_name(source: str) -> str:
    """Return the file name of a source, without the folders of the user."""
    if source.startswith("dataset:"):
        return f"{source.removeprefix('dataset:')}, comes with the package"
    return source if "://" in source else source.replace("\\", "/").rpartition("/")[2]


def _text(value: Any) -> str:
    """Return a value of a manifest as text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        items = (f"{label_of(name).lower()}: {_text(item)}" for name, item in value.items())
        return ", ".join(items)
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_text, value))
    if isinstance(value, int) and abs(value) >= 10_000:
        return formats.count(value)
    return str(value)
