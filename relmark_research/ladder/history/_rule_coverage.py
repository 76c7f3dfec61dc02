"""Check that the rules form a partition: every customer is on exactly one rung.

The thresholds of all rules divide the range of each evidence into cells. Customers in the same cell
are on the same rung, so one customer per cell of the grid is tested. Cells that cannot occur are
left out: a customer who has bought has a last purchase, and the events of 12 months are among those
of 24.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np

from relmark_research.errors import LadderError
from relmark_research.ladder.history.rules import (
    Evidence,
    Range,
    Rule,
    RuleSet,
    describe_condition,
)

MAX_CELLS = 5_000_000
_UNKNOWN = Range(math.nan, math.nan, True)


def check_partition(rule_set: RuleSet) -> None:
    """Raise LadderError if the rules leave a gap or two of them overlap."""
    states, rules, used = rule_set.states, rule_set.rules, rule_set.used_evidence
    cells = [_cells(item, rules) for item in used]
    size = math.prod(map(len, cells))
    if size > MAX_CELLS:
        raise LadderError(
            f"the rules divide their evidence into {size:,} cells; at most {MAX_CELLS:,} can be "
            "checked. Use fewer thresholds."
        )
    possible = _possible(used, cells)
    fits = np.stack([_fits(state, rules, used, cells) for state in states])
    count = fits.sum(axis=0)
    _raise_if_any(possible & (count == 0), used, cells, "a gap: no rung covers")
    both = possible & (count > 1)
    if both.any():
        rungs = [s for s, fit in zip(states, fits, strict=True) if fit[tuple(np.argwhere(both)[0])]]
        names = " and ".join(map(repr, rungs))
        _raise_if_any(both, used, cells, f"an overlap: {names} both cover")


def _raise_if_any(
    bad: np.ndarray, used: Sequence[Evidence], cells: Sequence[Sequence[Range]], what: str
) -> None:
    if not bad.any():
        return
    cell = np.argwhere(bad)[0]
    customer = "; ".join(
        describe_condition(item, spans[k]) for item, spans, k in zip(used, cells, cell, strict=True)
    )
    raise LadderError(
        f"every customer must be on exactly one rung, but the rules leave {what} customers with: "
        f"{customer} ({int(bad.sum())} such combinations in all). Move a threshold, add a rule, or "
        "name under 'unless' the rung that takes precedence."
    )


def _cells(item: Evidence, rules: Mapping[str, Rule]) -> list[Range]:
    spans = [one[item.name] for rule in rules.values() for one in rule.alternatives
             if item.name in one]  # fmt: skip
    thresholds = {edge for span in spans for edge in (span.low, span.high) if math.isfinite(edge)}
    if item.kind == "count":
        thresholds |= {1.0}  # whether there was any event decides what else can be
    edges = [*sorted(thresholds | {0.0}), math.inf]
    known = [Range(low, high) for low, high in itertools.pairwise(edges)]
    return [*known, _UNKNOWN] if item.may_be_unknown else known


def _fits(
    state: str,
    rules: Mapping[str, Rule],
    used: Sequence[Evidence],
    cells: Sequence[Sequence[Range]],
) -> np.ndarray:
    """Whether each cell belongs to a state, precedence included."""
    fit = _own_condition(rules[state], used, cells)
    for other in rules[state].unless:
        fit = fit & ~_own_condition(rules[other], used, cells)
    return fit


def _own_condition(
    rule: Rule, used: Sequence[Evidence], cells: Sequence[Sequence[Range]]
) -> np.ndarray:
    shape = tuple(map(len, cells))
    fit = np.zeros(shape, bool)
    for one in rule.alternatives:
        here = np.ones(shape, bool)
        for axis, (item, spans) in enumerate(zip(used, cells, strict=True)):
            if item.name in one:
                inside = np.array([_inside(span, one[item.name]) for span in spans])
                here &= inside.reshape([-1 if k == axis else 1 for k in range(len(shape))])
        fit |= here
    return fit


def _inside(cell: Range, wanted: Range) -> bool:
    return wanted.unknown if cell.unknown else wanted.low <= cell.low and cell.high <= wanted.high


def _possible(used: Sequence[Evidence], cells: Sequence[Sequence[Range]]) -> np.ndarray:
    """Which cells can occur at all."""
    shape = tuple(map(len, cells))
    possible = np.ones(shape, bool)
    if not any("contact" in item.events for item in used):
        possible &= _has_bought(used, cells)
    for a, b in itertools.permutations(range(len(used)), 2):
        table = np.array(
            [[_compatible(used[a], x, used[b], y) for y in cells[b]] for x in cells[a]]
        )
        if a > b:
            table = table.T
        first, second = min(a, b), max(a, b)
        wide = [1] * len(shape)
        wide[first], wide[second] = shape[first], shape[second]
        possible &= table.reshape(wide)
    return possible


def _has_bought(used: Sequence[Evidence], cells: Sequence[Sequence[Range]]) -> np.ndarray:
    """Without prospects, every known customer has bought."""
    bought = np.ones(tuple(map(len, cells)), bool)
    for axis, item in enumerate(used):
        if item.events == ("purchase",) and item.kind != "last" and item.within_months is None:
            some = [not span.unknown and (item.kind != "count" or span.low >= 1)
                    for span in cells[axis]]  # fmt: skip
            bought &= np.reshape(some, [-1 if k == axis else 1 for k in range(len(cells))])
    return bought


def _compatible(first: Evidence, x: Range, second: Evidence, y: Range) -> bool:
    """Whether one customer can be in cell x of a count and in cell y of other evidence."""
    if first.kind != "count":
        return True
    bought, contacted = first.events == ("purchase",), second.events == ("contact",)
    if bought and contacted and first.within_months is None:
        return not (x.high <= 1 and y.unknown)  # known people have bought or been contacted
    if set(first.events) != set(second.events):
        return True
    window = first.within_months or math.inf
    if second.kind == "months_since":
        recent = not y.unknown and y.low < window  # the latest event may lie in the window
        surely = not y.unknown and y.high <= window
        return not (x.low >= 1 and not recent) and not (x.high <= 1 and surely)
    if second.kind == "last":
        return not (x.low >= 1 and y.unknown) and not (
            x.high <= 1 and window == math.inf and not y.unknown
        )
    if window < (second.within_months or math.inf):
        return x.low <= y.high - 1
    return True
