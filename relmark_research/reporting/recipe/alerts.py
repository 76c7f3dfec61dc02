"""Alerts: rules for key figures, checked against a run and the last good run.

alerts:
  total_clv: {falls_by: 10%}                  # against the last good run
  03_lifetime_value.customers_alive: {below: 1000}
"""

import math
import re
from dataclasses import dataclass
from typing import Any

from relmark_research import formats
from relmark_research.errors import ReportError
from relmark_research.reporting.record.manifest import KeyFigure, Manifest, NotebookRun

RELATIVE = ("falls_by", "rises_by", "changes_by")
ABSOLUTE = ("below", "above")

_VERBS = {"falls_by": "fell", "rises_by": "rose", "changes_by": "changed"}
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%")


@dataclass(frozen=True)
class Alert:
    """One rule for one key figure.

    Attributes
    ----------
    key_figure
        The name of a key figure, or ``NOTEBOOK.NAME``.
    rule
        ``falls_by``, ``rises_by`` or ``changes_by`` for a change since the last good run;
        ``below`` or ``above`` for a value.
    threshold
        In the unit of the key figure, or as a share of the earlier value.
    is_share
        Whether the threshold is a share of the earlier value.
    """

    key_figure: str
    rule: str
    threshold: float
    is_share: bool = False


def read_alerts(section: dict[str, dict[str, Any]]) -> tuple[Alert, ...]:
    """Return the alerts of a recipe's section, whose keys have been checked.

    Raises
    ------
    ReportError
        A threshold is not a number, or a key figure has no rule.

    Examples
    --------
    >>> read_alerts({"total_clv": {"falls_by": "10%"}})
    (Alert(key_figure='total_clv', rule='falls_by', threshold=0.1, is_share=True),)
    """
    alerts = []
    for figure, rules in section.items():
        thresholds = {rule: value for rule, value in rules.items() if value is not None}
        if not thresholds:
            raise ReportError(
                f"alerts.{figure} must have a rule: {', '.join(RELATIVE + ABSOLUTE)}; found none."
            )
        alerts += [_alert(figure, rule, value) for rule, value in thresholds.items()]
    return tuple(alerts)


def fired_alerts(
    alerts: tuple[Alert, ...], before: Manifest | None, after: Manifest
) -> tuple[str, ...]:
    """Return one sentence for each alert that fires.

    An alert also fires if its key figure was not recorded. A rule about a change does not fire
    if there is no earlier good run.

    Parameters
    ----------
    alerts
        The rules.
    before
        The last good run, or None.
    after
        The run that has just finished.
    """
    sentences: list[str] = []
    for alert in alerts:
        figures = _figures(alert, after)
        if not figures:
            sentences.append(
                f"{alert.key_figure}: no notebook of this run recorded this key figure."
            )
        for run, figure in figures:
            reason = _reason(alert, figure, _earlier_figure(before, run, figure))
            subject = f"{run.notebook}, " * (len(figures) > 1) + alert.key_figure
            sentences += [f"{subject}: {reason}"] if reason else []
    return tuple(sentences)


def _alert(figure: str, rule: str, threshold: Any) -> Alert:
    match = _PERCENT.fullmatch(str(threshold).strip()) if rule in RELATIVE else None
    if match:
        return Alert(figure, rule, float(match[1]) / 100, is_share=True)
    is_number = isinstance(threshold, (int, float)) and not isinstance(threshold, bool)
    if not is_number or not math.isfinite(threshold) or (rule in RELATIVE and threshold < 0):
        expected = "a percentage such as 10% or an amount" if rule in RELATIVE else "a number"
        raise ReportError(
            f"alerts.{figure}.{rule} must be {expected}; found {str(threshold)[:60]!r}."
        )
    return Alert(figure, rule, float(threshold))


def _figures(alert: Alert, manifest: Manifest) -> list[tuple[NotebookRun, KeyFigure]]:
    """Return the key figures of a run that an alert is about, each with its notebook."""
    return [
        (run, figure)
        for run in manifest.notebooks
        if run.state != "skipped"
        for figure in run.key_figures
        if alert.key_figure
        in (figure.name, f"{run.notebook}.{figure.name}", f"{run.file_stem}.{figure.name}")
    ]


def _earlier_figure(
    before: Manifest | None, run: NotebookRun, figure: KeyFigure
) -> KeyFigure | None:
    """Return the key figure of the earlier run, if it was recorded in the same unit."""
    old = before.run_of(run.notebook) if before else None
    same = [each for each in old.key_figures if each.name == figure.name] if old else []
    return same[0] if same and same[0].unit == figure.unit else None


def _reason(alert: Alert, figure: KeyFigure, earlier: KeyFigure | None) -> str:
    """Return why the alert fires, or an empty text if it does not."""
    form = formats.formatter(figure.unit)
    if not math.isfinite(figure.value):
        return "has no value in this run."
    if alert.rule in ABSOLUTE:
        excess = figure.value - alert.threshold
        fires = excess > 0 if alert.rule == "above" else excess < 0
        sentence = f"is {form(figure.value)}, {alert.rule} {form(alert.threshold)}."
        return sentence if fires else ""
    if earlier is None or not math.isfinite(earlier.value):
        return ""
    change = figure.value - earlier.value
    size = {"falls_by": -change, "rises_by": change, "changes_by": abs(change)}[alert.rule]
    limit = alert.threshold * abs(earlier.value) if alert.is_share else alert.threshold
    if size < limit or size <= 0:
        return ""
    threshold = formats.share(alert.threshold) if alert.is_share else form(alert.threshold)
    values = f"from {form(earlier.value)} to {form(figure.value)}"
    return f"{_VERBS[alert.rule]} {values}; the alert is set at {threshold}."
