"""What was asked and where it comes from, as terms with their texts, and moments as words."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from relmark_research import formats
from relmark_research.reporting.record.manifest import Manifest, NotebookRun
from relmark_research.reporting.record.size_units import in_words

Facts = list[tuple[str, str]]

_SAID = ("source", "currency", "as_of")  # stand among the first facts


def asked(manifest: Manifest, run: NotebookRun | None = None) -> Facts:
    """Return data, rows, period, as-of day and currency, as far as they are known."""
    data = {**manifest.data, **(run.case if run else {})}
    found = (run.fingerprint if run else {}) or manifest.fingerprint
    days = [day(found[end]) for end in ("first_day", "last_day") if found.get(end)]
    facts = [
        ("Data", _source(str(data.get("source") or ""))),
        ("Rows used", _value(found.get("rows_used", found.get("rows")))),
        ("Period", " to ".join(days)),
        ("As of", day(manifest.as_of) if manifest.as_of else ""),
        ("Currency", _value(data.get("currency"))),
    ]
    facts += [(words(name), _value(value)) for name, value in (run.case if run else {}).items()]
    return list({term: text for term, text in facts if text}.items())


def _source(source: str) -> str:
    """The file's name, without the folders of whoever ran it."""
    if source.startswith("dataset:"):
        return f"{source.removeprefix('dataset:')}, comes with the package"
    return source if "://" in source else source.replace("\\", "/").rpartition("/")[2]


def columns(manifest: Manifest) -> Facts:
    """Return what the data section says of columns and options."""
    said = {name: item for name, item in manifest.data.items() if name not in _SAID}
    return [(words(name), _value(item)) for name, item in said.items() if _value(item)]


def parameters(run: NotebookRun, manifest: Manifest) -> Facts:
    """Return what the notebook was given, apart from what is said already."""
    said = {*_SAID, *manifest.data, *run.case}
    own = {name: value for name, value in run.parameters.items() if name not in said}
    return [(words(name), _value(value) or "none") for name, value in own.items()]


def origin(manifest: Manifest, run: NotebookRun | None = None) -> Facts:
    """Return run, recipe, times, data and code; of a notebook, also time and memory."""
    facts = [("Run", manifest.run_id), ("Recipe", manifest.recipe)]
    facts += [("Started", moment(manifest.started)), ("Finished", moment(manifest.finished))]
    facts += _taken(run) if run else []
    for title, record in (("Data", manifest.fingerprint), ("Code", manifest.git)):
        facts += [
            (f"{title}: {words(name).lower()}", _value(item)) for name, item in record.items()
        ]
    return [(term, text) for term, text in facts if text]


def _taken(run: NotebookRun) -> Facts:
    return [
        ("Time", "" if run.seconds is None else duration(run.seconds)),
        ("Memory", in_words(run.memory) if run.memory else ""),
        ("Taken from run", run.reused_from or ""),
    ]


def words(name: str) -> str:
    """Return an identifier as words.

    Examples
    --------
    >>> words("annual_discount_rate")
    'Annual discount rate'
    """
    text = str(name).replace("_", " ").replace(".", ", ")
    return text[:1].upper() + text[1:]


def _value(value: Any) -> str:
    """A value of a manifest as a reader writes it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{words(name).lower()}: {_value(item)}" for name, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_value, value))
    if isinstance(value, int) and abs(value) >= 10_000:
        return formats.count(value)
    return str(value)


def day(value: Any) -> str:
    """Return a day as a reader writes it; what is none, as it is."""
    try:
        given = datetime.fromisoformat(str(value))
    except ValueError:
        return str(value)
    return f"{given.day} {given:%B %Y}"


def short_day(value: Any) -> str:
    """Return a day as on a card.

    Examples
    --------
    >>> short_day("2026-11-21T18:57:00+00:00")
    '21 Nov 2026'
    """
    try:
        return f"{datetime.fromisoformat(str(value)):%-d %b %Y}"
    except ValueError:
        return str(value)


def moment(value: str | None) -> str:
    """Return a moment as a reader writes it."""
    try:
        given = datetime.fromisoformat(str(value))
    except ValueError:
        return value or ""
    return f"{given.day} {given:%B %Y, %H:%M} {given.tzname() or ''}".strip()


def duration(seconds: float) -> str:
    """Return a length of time in seconds, or in minutes from ninety on."""
    if seconds < 90:
        return f"{seconds:.0f} seconds" if round(seconds) != 1 else "1 second"
    return f"{seconds / 60:.0f} minutes"
