"""Alerts: what a recipe says of its key figures, held against a run and the last good one.

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
    figure
        A key figure's name, or ``NOTEBOOK.NAME``.
    rule
        ``falls_by``, ``rises_by`` or ``changes_by`` the amount, from the last good run;
        ``below`` or ``above`` it.
    amount
        In the figure's unit, or a share of the earlier value.
    percent
        Whether the amount is such a share.
    """

    figure: str
    rule: str
    amount: float
    percent: bool = False


def read_alerts(section: dict[str, dict[str, Any]]) -> tuple[Alert, ...]:
    """Return the alerts of a recipe's section, which has been checked for its names.

    Raises
    ------
    ReportError
        An amount is none.

    Examples
    --------
    >>> read_alerts({"total_clv": {"falls_by": "10%"}})
    (Alert(figure='total_clv', rule='falls_by', amount=0.1, percent=True),)
    """
    found = []
    for figure, rules in section.items():
        given = {rule: amount for rule, amount in rules.items() if amount is not None}
        if not given:
            raise ReportError(
                f"alerts.{figure} must have a rule: {', '.join(RELATIVE + ABSOLUTE)}; found none."
            )
        found += [_alert(figure, rule, amount) for rule, amount in given.items()]
    return tuple(found)


def fired(alerts: tuple[Alert, ...], before: Manifest | None, after: Manifest) -> tuple[str, ...]:
    """Return a sentence for each alert that fires.

    A figure that was asked for and not recorded fires too: silence is no news. A rule of change is
    silent where there is no earlier good run.

    Parameters
    ----------
    alerts
        The rules.
    before
        The last good run, or None.
    after
        The run that has just ended.
    """
    said: list[str] = []
    for alert in alerts:
        found = _figures(alert, after)
        if not found:
            said.append(f"{alert.figure}: no notebook of this run recorded this key figure.")
        for run, figure in found:
            sentence = _judged(alert, figure, _earlier(before, run, figure))
            said += [f"{_place(alert, run, found)}: {sentence}"] if sentence else []
    return tuple(said)


def _alert(figure: str, rule: str, amount: Any) -> Alert:
    match = _PERCENT.fullmatch(str(amount).strip()) if rule in RELATIVE else None
    if match:
        return Alert(figure, rule, float(match[1]) / 100, percent=True)
    is_number = isinstance(amount, (int, float)) and not isinstance(amount, bool)
    if not is_number or not math.isfinite(amount) or (rule in RELATIVE and amount < 0):
        words = "a percentage such as 10% or an amount" if rule in RELATIVE else "a number"
        raise ReportError(f"alerts.{figure}.{rule} must be {words}; found {str(amount)[:60]!r}.")
    return Alert(figure, rule, float(amount))


def _figures(alert: Alert, manifest: Manifest) -> list[tuple[NotebookRun, KeyFigure]]:
    return [
        (run, figure)
        for run in manifest.notebooks
        if run.state != "skipped"
        for figure in run.key_figures
        if alert.figure
        in (figure.name, f"{run.notebook}.{figure.name}", f"{run.book}.{figure.name}")
    ]


def _earlier(before: Manifest | None, run: NotebookRun, figure: KeyFigure) -> KeyFigure | None:
    old = before.run_of(run.notebook) if before else None
    same = [each for each in old.key_figures if each.name == figure.name] if old else []
    return same[0] if same and same[0].unit == figure.unit else None


def _judged(alert: Alert, figure: KeyFigure, earlier: KeyFigure | None) -> str:
    """Why the alert fires; nothing where it does not."""
    form = formats.formatter(figure.unit)
    if not math.isfinite(figure.value):
        return "has no value in this run."
    if alert.rule in ABSOLUTE:
        beyond = figure.value - alert.amount
        beyond = beyond if alert.rule == "above" else -beyond
        words = f"is {form(figure.value)}, {alert.rule} {form(alert.amount)}."
        return words if beyond > 0 else ""
    if earlier is None or not math.isfinite(earlier.value):
        return ""
    change = figure.value - earlier.value
    moved = {"falls_by": -change, "rises_by": change, "changes_by": abs(change)}[alert.rule]
    limit = alert.amount * abs(earlier.value) if alert.percent else alert.amount
    if moved < limit or moved <= 0:
        return ""
    asked = formats.share(alert.amount) if alert.percent else form(alert.amount)
    amounts = f"from {form(earlier.value)} to {form(figure.value)}"
    return f"{_VERBS[alert.rule]} {amounts}; the alert is set at {asked}."


def _place(alert: Alert, run: NotebookRun, found: list[tuple[NotebookRun, KeyFigure]]) -> str:
    return alert.figure if len(found) == 1 else f"{run.notebook}, {alert.figure}"
