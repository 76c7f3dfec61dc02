"""Comparison of two runs: changes of the key figures, and their possible causes."""

import math
from dataclasses import dataclass, replace

from relmark_research import formats
from relmark_research._repr import Rows, short_repr
from relmark_research.errors import ReportError
from relmark_research.reporting.record.manifest import KeyFigure, Manifest, NotebookRun

_TOLERANCE = 1e-9  # relative difference below which two figures are equal


@dataclass(frozen=True)
class Change:
    """The change of one key figure between two runs.

    Attributes
    ----------
    notebook, name, label
        The notebook and the key figure.
    earlier, later
        The two values as text; "not recorded" if a run does not have the figure.
    difference
        The change as text: ``"+3.2%"``, ``"down by less than 0.1 points"``, ``"no change"``.
    changed
        Whether the two values differ.
    within_interval
        Whether the earlier value lies in the interval of the later one; None without an interval.
    """

    notebook: str
    name: str
    label: str
    earlier: str
    later: str
    difference: str
    changed: bool
    within_interval: bool | None = None


@short_repr
@dataclass(frozen=True, repr=False)
class Comparison:
    """The differences between two runs.

    Attributes
    ----------
    before, after
        Ids of the two runs.
    since
        Date of the earlier run, as text.
    causes
        One sentence each about data, code, versions and parameters.
    changes
        Changes of the key figures.
    """

    before: str
    after: str
    since: str
    causes: tuple[str, ...]
    changes: tuple[Change, ...]

    def _summary(self) -> Rows:
        changed = sum(change.changed for change in self.changes)
        figures = f"{changed} of {len(self.changes)}"
        return {"before": self.before, "after": self.after, "changed key figures": figures}


def compare_runs(before: Manifest, after: Manifest, *, notebook: str | None = None) -> Comparison:
    """Return the differences between two runs.

    Parameters
    ----------
    before, after
        The manifests of the earlier and of the later run.
    notebook
        The notebook to compare; None compares all.
    """
    pairs = _pairs(before, after, notebook)
    changes = [change for old, new in pairs for change in _changes(old, new)]
    causes = (
        _data(before, after, notebook),
        _code(before, after, pairs),
        _versions(before, after),
        *_parameters(before, after, pairs),
    )
    since = formats.day_or_text(before.finished or before.started)
    return Comparison(before.run_id, after.run_id, since, tuple(causes), tuple(changes))


def is_same(one: float | None, other: float | None, tolerance: float = _TOLERANCE) -> bool:
    """Return whether two figures are equal up to rounding error."""
    if one is None or other is None:
        return one is other
    if math.isnan(one) or math.isnan(other):
        return math.isnan(one) and math.isnan(other)
    return math.isclose(one, other, rel_tol=tolerance, abs_tol=1e-12)


def change_of(old: KeyFigure | None, new: KeyFigure | None) -> Change:
    """Return the change of one key figure; one of the two may be missing."""
    figure = new or old
    if figure is None:
        raise ReportError("expected a key figure before or after the change; found neither.")
    name, label = figure.name, figure.label or figure.name
    earlier, later = _value_text(old), _value_text(new)
    if old is None or new is None:
        difference = "new" if old is None else "no longer recorded"
        return Change("", name, label, earlier, later, difference, changed=True)
    if old.unit != new.unit:
        difference = f"not comparable: {old.unit or 'a number'} before"
        return Change("", name, label, earlier, later, difference, changed=True)
    changed = not is_same(old.value, new.value)
    within_interval = _within_interval(old, new)
    return Change("", name, label, earlier, later, _difference(old, new), changed, within_interval)


def _pairs(
    before: Manifest, after: Manifest, notebook: str | None
) -> list[tuple[NotebookRun | None, NotebookRun | None]]:
    """Return the two runs of each notebook; a notebook that was skipped later is left out."""
    requested = {run.notebook for run in after.notebooks if run.state != "skipped"}
    removed = {run.notebook for run in before.notebooks} - {run.notebook for run in after.notebooks}
    names = [run.notebook for run in (*after.notebooks, *before.notebooks)]
    compared = [name for name in dict.fromkeys(names) if name in requested | removed]
    if notebook is not None:
        compared = [notebook]
    return [(before.run_of(name), after.run_of(name)) for name in compared]


def _changes(old: NotebookRun | None, new: NotebookRun | None) -> list[Change]:
    earlier = {figure.name: figure for figure in old.key_figures} if old else {}
    later = {figure.name: figure for figure in new.key_figures} if new else {}
    notebook = (new or old or NotebookRun("")).notebook
    changes = [change_of(earlier.get(name), later.get(name)) for name in {**later, **earlier}]
    return [replace(change, notebook=notebook) for change in changes]


def _value_text(figure: KeyFigure | None) -> str:
    if figure is None:
        return "not recorded"
    form = formats.formatter(figure.unit)
    return formats.with_interval(figure.value, figure.low, figure.high, form)


def _difference(old: KeyFigure, new: KeyFigure) -> str:
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
    """Return a signed number with one decimal, none from 100, and never a rounded zero."""
    if abs(change) < 0.05:
        return f"{'up' if change > 0 else 'down'} by less than 0.1{unit}"
    digits = f"{abs(change):,.1f}" if abs(change) < 100 else f"{abs(change):,.0f}"
    return f"{'+' if change > 0 else '−'}{digits}{unit}"


def _within_interval(old: KeyFigure, new: KeyFigure) -> bool | None:
    if new.low is None or new.high is None or not math.isfinite(old.value):
        return None
    return new.low <= old.value <= new.high


def _data(before: Manifest, after: Manifest, notebook: str | None) -> str:
    old, new = _fingerprint(before, notebook), _fingerprint(after, notebook)
    if not old.get("sha256") or not new.get("sha256"):
        return "Data: whether they changed is not known, since they were not read from files."
    same = old["sha256"] == new["sha256"]
    if same and old.get("last_day") == new.get("last_day"):
        return "Data: the same."
    rows = [f"{each['rows_used']:,}" for each in (old, new) if "rows_used" in each]
    days = [formats.day_or_text(each["last_day"]) for each in (old, new) if "last_day" in each]
    details = []
    if len(rows) == 2 and rows[0] != rows[1]:
        details.append(f"{rows[0]} rows then, {rows[1]} now")
    if len(days) == 2 and days[0] != days[1]:
        details.append(f"until {days[0]} then, {days[1]} now")
    verb = "the same files, seen to another day" if same else "changed"
    return f"Data: {verb}{': ' if details else ''}{'; '.join(details)}."


def _fingerprint(manifest: Manifest, notebook: str | None) -> dict[str, object]:
    run = manifest.run_of(notebook) if notebook else None
    return (run.fingerprint if run else {}) or manifest.fingerprint


def _code(
    before: Manifest,
    after: Manifest,
    pairs: list[tuple[NotebookRun | None, NotebookRun | None]],
) -> str:
    commits = [str(each.git.get("commit", ""))[:9] for each in (before, after)]
    notebooks = [new.notebook for old, new in pairs if old and new and old.source != new.source]
    changed = ["the package"] if before.code != after.code else []
    changed += [f"notebook {name}" for name in notebooks]
    if not changed:
        return "Code: the same."
    between = f" (commit {commits[0]}, now {commits[1]})" if all(commits) else ""
    return f"Code: changed in {', '.join(changed)}{between if commits[0] != commits[1] else ''}."


def _versions(before: Manifest, after: Manifest) -> str:
    names = sorted({*before.versions, *after.versions})
    changed = [
        f"{name} {before.versions.get(name, 'absent')} → {after.versions.get(name, 'absent')}"
        for name in names
        if before.versions.get(name) != after.versions.get(name)
    ]
    return f"Versions: changed: {', '.join(changed)}." if changed else "Versions: the same."


def _parameters(
    before: Manifest,
    after: Manifest,
    pairs: list[tuple[NotebookRun | None, NotebookRun | None]],
) -> list[str]:
    changed = []
    for old, new in pairs:
        if old is None or new is None:
            continue
        names = [
            name
            for name in {**old.parameters, **new.parameters}
            if old.parameters.get(name) != new.parameters.get(name)
        ]
        changed += [f"{new.notebook}: {', '.join(names)}"] if names else []
    if not changed:
        return []
    names_changed = changed[0].partition(": ")[2] if len(pairs) == 1 else "; ".join(changed)
    return [f"Parameters: changed: {names_changed}."]
