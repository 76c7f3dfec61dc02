"""Two runs side by side: what their key figures did, and what could have moved them."""

import math
from dataclasses import dataclass
from datetime import datetime

from relmark_research import formats
from relmark_research.errors import ReportError
from relmark_research.reporting.record.manifest import KeyFigure, Manifest, NotebookRun

_SAME = 1e-9  # relative difference below which two figures are the same


@dataclass(frozen=True)
class Change:
    """One key figure in two runs.

    Attributes
    ----------
    notebook, name, label
        Which figure.
    then, now
        As text; "not recorded" where a run does not have it.
    words
        The change as text: ``"+3.2%"``, ``"down by less than 0.1 points"``, ``"no change"``.
    moved
        Whether it is another figure than before.
    within
        Whether the earlier value lies in the interval of the later one; None without an interval.
    """

    notebook: str
    name: str
    label: str
    then: str
    now: str
    words: str
    moved: bool
    within: bool | None = None


@dataclass(frozen=True)
class Comparison:
    """Two runs of one recipe, or of two.

    Attributes
    ----------
    before, after
        Their ids.
    since
        When the earlier one was made, as a reader writes it.
    causes
        A sentence each for data, code, versions and what was asked.
    changes
        Of the key figures.
    """

    before: str
    after: str
    since: str
    causes: tuple[str, ...]
    changes: tuple[Change, ...]


def compare_runs(before: Manifest, after: Manifest, *, notebook: str | None = None) -> Comparison:
    """Return what changed between two runs.

    Parameters
    ----------
    before, after
        Their manifests, the earlier one first.
    notebook
        The only notebook to look at; None looks at all.
    """
    pairs = _pairs(before, after, notebook)
    changes = [change for old, new in pairs for change in _changes(old, new)]
    causes = (
        _data(before, after, notebook),
        _code(before, after, pairs),
        _versions(before, after),
        *_asked(before, after, pairs),
    )
    day = _day(before.finished or before.started)
    return Comparison(before.run_id, after.run_id, day, tuple(causes), tuple(changes))


def is_same(one: float | None, other: float | None, tolerance: float = _SAME) -> bool:
    """Whether two figures are the same, but for the last bits of their arithmetic."""
    if one is None or other is None:
        return one is other
    if math.isnan(one) or math.isnan(other):
        return math.isnan(one) and math.isnan(other)
    return math.isclose(one, other, rel_tol=tolerance, abs_tol=1e-12)


def change_of(old: KeyFigure | None, new: KeyFigure | None) -> Change:
    """Return what one key figure did; either of the two may be missing."""
    given = new or old
    if given is None:
        raise ReportError("a change needs a key figure, before or after; found neither.")
    label = given.label or given.name
    then, now = _shown(old), _shown(new)
    if old is None or new is None:
        words = "new" if old is None else "no longer recorded"
        return Change("", given.name, label, then, now, words, moved=True)
    if old.unit != new.unit:
        words = f"not comparable: {old.unit or 'a number'} before"
        return Change("", new.name, label, then, now, words, moved=True)
    moved = not is_same(old.value, new.value)
    return Change("", new.name, label, then, now, _moved(old, new), moved, _within(old, new))


def _pairs(
    before: Manifest, after: Manifest, notebook: str | None
) -> list[tuple[NotebookRun | None, NotebookRun | None]]:
    asked = {run.notebook for run in after.notebooks if run.state != "skipped"}
    gone = {run.notebook for run in before.notebooks} - {run.notebook for run in after.notebooks}
    names = [run.notebook for run in (*after.notebooks, *before.notebooks)]
    chosen = [name for name in dict.fromkeys(names) if name in asked | gone]
    if notebook is not None:
        chosen = [notebook]
    return [(before.run_of(name), after.run_of(name)) for name in chosen]


def _changes(old: NotebookRun | None, new: NotebookRun | None) -> list[Change]:
    earlier = {figure.name: figure for figure in old.key_figures} if old else {}
    later = {figure.name: figure for figure in new.key_figures} if new else {}
    book = (new or old or NotebookRun("")).notebook
    found = [change_of(earlier.get(name), later.get(name)) for name in {**later, **earlier}]
    return [Change(**{**vars(change), "notebook": book}) for change in found]


def _shown(figure: KeyFigure | None) -> str:
    if figure is None:
        return "not recorded"
    form = formats.formatter(figure.unit)
    return formats.with_interval(figure.value, figure.low, figure.high, form)


def _moved(old: KeyFigure, new: KeyFigure) -> str:
    if is_same(old.value, new.value):
        return "no change"
    if not (math.isfinite(old.value) and math.isfinite(new.value)):
        return "has a value now" if math.isfinite(new.value) else "has no value now"
    change = new.value - old.value
    if new.unit == "share":
        return _signed(100 * change, " points")
    if old.value == 0 or (old.value < 0) != (new.value < 0):
        form = formats.formatter(new.unit)
        return f"{'+' if change > 0 else '−'}{form(abs(change))}"
    return _signed(100 * change / abs(old.value), "%")


def _signed(change: float, unit: str) -> str:
    """One decimal, none from a hundred on, and never a zero for what is not."""
    if abs(change) < 0.05:
        return f"{'up' if change > 0 else 'down'} by less than 0.1{unit}"
    digits = f"{abs(change):,.1f}" if abs(change) < 100 else f"{abs(change):,.0f}"
    return f"{'+' if change > 0 else '−'}{digits}{unit}"


def _within(old: KeyFigure, new: KeyFigure) -> bool | None:
    if new.low is None or new.high is None or not math.isfinite(old.value):
        return None
    return new.low <= old.value <= new.high


def _data(before: Manifest, after: Manifest, notebook: str | None) -> str:
    old, new = _print(before, notebook), _print(after, notebook)
    if not old.get("sha256") or not new.get("sha256"):
        return "Data: whether they changed is not known, since they were not read from files."
    same = old["sha256"] == new["sha256"]
    if same and old.get("last_day") == new.get("last_day"):
        return "Data: the same."
    rows = [f"{found['rows_used']:,}" for found in (old, new) if "rows_used" in found]
    days = [_day(found["last_day"]) for found in (old, new) if "last_day" in found]
    said = [f"{rows[0]} rows then, {rows[1]} now"] if len(rows) == 2 and rows[0] != rows[1] else []
    said += (
        [f"until {days[0]} then, {days[1]} now"] if len(days) == 2 and days[0] != days[1] else []
    )
    verb = "the same files, seen to another day" if same else "changed"
    return f"Data: {verb}{': ' if said else ''}{'; '.join(said)}."


def _print(manifest: Manifest, notebook: str | None) -> dict[str, object]:
    run = manifest.run_of(notebook) if notebook else None
    return (run.fingerprint if run else {}) or manifest.fingerprint


def _code(
    before: Manifest,
    after: Manifest,
    pairs: list[tuple[NotebookRun | None, NotebookRun | None]],
) -> str:
    commits = [str(each.git.get("commit", ""))[:9] for each in (before, after)]
    books = [new.notebook for old, new in pairs if old and new and old.source != new.source]
    said = ["the package"] if before.code != after.code else []
    said += [f"notebook {name}" for name in books]
    if not said:
        return "Code: the same."
    moved = f" (commit {commits[0]}, now {commits[1]})" if all(commits) else ""
    return f"Code: changed in {', '.join(said)}{moved if commits[0] != commits[1] else ''}."


def _versions(before: Manifest, after: Manifest) -> str:
    names = sorted({*before.versions, *after.versions})
    moved = [
        f"{name} {before.versions.get(name, 'absent')} → {after.versions.get(name, 'absent')}"
        for name in names
        if before.versions.get(name) != after.versions.get(name)
    ]
    return f"Versions: changed: {', '.join(moved)}." if moved else "Versions: the same."


def _asked(
    before: Manifest,
    after: Manifest,
    pairs: list[tuple[NotebookRun | None, NotebookRun | None]],
) -> list[str]:
    said = []
    for old, new in pairs:
        if old is None or new is None:
            continue
        names = [
            name
            for name in {**old.parameters, **new.parameters}
            if old.parameters.get(name) != new.parameters.get(name)
        ]
        said += [f"{new.notebook}: {', '.join(names)}"] if names else []
    if not said:
        return []
    what = said[0].partition(": ")[2] if len(pairs) == 1 else "; ".join(said)
    return [f"Asked: other parameters: {what}."]


def _day(value: object) -> str:
    try:
        day = datetime.fromisoformat(str(value))
    except ValueError:
        return str(value)
    return f"{day.day} {day:%B %Y}"
