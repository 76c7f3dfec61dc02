"""Effects of covariates on the logarithms of a model's parameters: the numbers behind a fit.

The logarithm of parameter k of customer i is log p_k + sum_c w_kc z_ic g_c: linear in log p and g.
Slopes and curvature of the likelihood by log p and g are hence those by each customer's own
log-parameters, chained through that linear map, whatever the number of covariates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from relmark_research.clv.covariates.formula import Design
from relmark_research.clv.estimation.fit import Diagnosis, Fit
from relmark_research.clv.estimation.model import PurchaseModel
from relmark_research.customers.log.customer_summary import CustomerSummary
from relmark_research.customers.log.distinct_histories import distinct
from relmark_research.stats.newton import Point, maximise

Array = np.ndarray

_STEP = 1e-4  # of the logarithms, for slopes and curvature by differences
_LIMIT = 300.0  # logarithms beyond it would overflow
_GONE = 1e-4  # share of an effect's curvature below which it has run off


@dataclass(frozen=True)
class Block:
    """One formula's effects on some of the parameters.

    Attributes
    ----------
    on
        ``"rate"`` or ``"dropout"``.
    weights
        Parameter to what an effect is multiplied with before it is added to the logarithm.
    design
        The formula's columns.
    first
        Place of the first effect among all of them.
    """

    on: str
    weights: dict[str, float]
    design: Design
    first: int

    @property
    def sense(self) -> float:
        """How an effect counts towards the rate, or the odds of leaving: b counts against."""
        return -1.0 if self.weights == {"b": 1.0} else 1.0

    @property
    def labels(self) -> list[tuple[str, str, str]]:
        """On, parameters and term of each effect."""
        return [(self.on, " and ".join(self.weights), term) for term in self.design.terms]


@dataclass(frozen=True)
class Maximum:
    """Where the likelihood is highest.

    Attributes
    ----------
    logs
        Log-parameters of the base, then the effects.
    covariance
        Of the same.
    log_likelihood, slope, condition
        There; the largest slope of the mean log-likelihood, and the information's condition.
    curvature_left
        Of each effect's curvature without any effect, the share that is left at the maximum; no
        number where there was none.
    """

    logs: Array
    covariance: Array
    log_likelihood: float
    slope: float
    condition: float
    curvature_left: Array


def blocks(moved: Sequence[tuple[str, Design, dict[str, float]]]) -> tuple[Block, ...]:
    """Number the effects of formulas one after another."""
    made, first = [], 0
    for on, design, weights in moved:
        made.append(Block(on, weights, design, first))
        first += len(design.terms)
    return tuple(made)


def slopes(names: Sequence[str], parts: Sequence[Block], columns: Sequence[Array]) -> Array:
    """Return d log p_ki / d (log p, g), shape (parameters, parameters + effects, rows)."""
    k, rows = len(names), len(columns[0])
    total = k + sum(len(part.design.terms) for part in parts)
    made = np.zeros((k, total, rows))
    made[np.arange(k), np.arange(k)] = 1.0
    for part, column in zip(parts, columns, strict=True):
        span = slice(k + part.first, k + part.first + column.shape[1])
        for name, weight in part.weights.items():
            made[list(names).index(name), span] = weight * column.T
    return made


def chained(by_logs: Array, by_all: Array) -> Array:
    """Return slopes by base and effects, (all, rows), from those by each row's log-parameters."""
    return np.einsum("ki,kci->ci", by_logs, by_all)


def moved(
    names: Sequence[str], parts: Sequence[Block], columns: Sequence[Array], estimates: Array
) -> Array:
    """Return each row's log-parameters, (parameters, rows), by those of the base and effects."""
    k, rows = len(names), len(columns[0])
    logs = np.repeat(estimates[:k, None], rows, axis=1)
    for part, column in zip(parts, columns, strict=True):
        effect = column @ estimates[k + part.first :][: column.shape[1]]
        for name, weight in part.weights.items():
            logs[list(names).index(name)] += weight * effect
    return np.clip(logs, -_LIMIT, _LIMIT)


def by_effects(
    names: Sequence[str], parts: Sequence[Block], columns: Sequence[Array], by_logs: Array
) -> Array:
    """Return slopes by base and effects, (all, rows), from those by each row's log-parameters."""
    made = [by_logs]
    for part, column in zip(parts, columns, strict=True):
        weighed = [w * by_logs[list(names).index(name)] for name, w in part.weights.items()]
        made.append(column.T * sum(weighed))
    return np.concatenate(made)


def differenced(quantity: Callable[[Array], Array], logs: Array) -> Array:
    """Return the slopes of a quantity by each row's log-parameters, shape (parameters, rows)."""
    steps = np.eye(len(logs))[:, :, None] * _STEP
    return np.array([quantity(logs + step) - quantity(logs - step) for step in steps]) / (2 * _STEP)


def maximised(
    model: type[PurchaseModel],
    customers: CustomerSummary,
    parts: Sequence[Block],
    columns: Sequence[Array],
    plain: Fit,
) -> Maximum:
    """Climb from the plain fit, with columns centred and scaled, and say where that led."""
    joined = np.concatenate(columns, axis=1)
    centre, scale = joined.mean(axis=0), joined.std(axis=0)
    history = customers.frequency, customers.recency, customers.T
    counted = distinct(*history, *joined.T, weights=customers.weights)
    z = np.column_stack([np.empty((len(counted.weights), 0)), *counted.columns[3:]])

    def surface(effects: Array) -> Callable[[Array], Point]:
        each = np.split(effects, [part.first for part in parts][1:], axis=1)
        by_all = slopes(model.names(), parts, each)
        return _surface(model, counted.columns[:3], counted.weights, by_all)

    start = np.concatenate([np.log(plain.model.values), np.zeros(len(centre))])
    point = maximise(surface((z - centre) / scale), start).point
    back = _unscaled(model.names(), parts, centre, scale)
    sizes, axes = np.linalg.eigh(-point.hessian)
    covariance = (axes / np.maximum(sizes, sizes.max() * 1e-16)) @ axes.T
    logs, k = back @ point.at, len(plain.model.values)
    ends = [np.diag(surface(z)(place).hessian)[k:] for place in (start, logs)]
    return Maximum(
        logs=logs,
        covariance=back @ covariance @ back.T,
        log_likelihood=point.value,
        slope=float(np.abs(point.gradient).max() / counted.weights.sum()),
        condition=float(sizes[-1] / sizes[0]) if sizes[0] > 0 else np.inf,
        curvature_left=_share_left(*ends),
    )


def _share_left(begun: Array, ended: Array) -> Array:
    """Return ended / begun, missing where there was nothing to begin with."""
    some = np.abs(begun) > 1e-12 * np.abs(begun).max(initial=0.0)
    return np.divide(ended, begun, out=np.full(len(begun), np.nan), where=some)


def _surface(
    model: type[PurchaseModel], data: Sequence[Array], weights: Array, by_all: Array
) -> Callable[[Array], Point]:
    """Return the log-likelihood by base and effects, with gradient and Hessian."""

    def at(logs: Array) -> PurchaseModel:
        return model(*np.exp(np.clip(logs, -_LIMIT, _LIMIT)))

    def by_logs(logs: Array) -> Array:
        here = at(logs)
        values = np.stack([getattr(here, name) for name in model.names()])
        return values * here.score(*data)

    def surface(place: Array) -> Point:
        logs = np.einsum("kci,c->ki", by_all, place)
        with np.errstate(all="ignore"):
            value = float(at(logs).log_likelihood(*data) @ weights)
            first = by_logs(logs)
            second = differenced(by_logs, logs)
        second = (second + second.transpose(1, 0, 2)) / 2 * weights
        hessian = np.einsum("kci,kli,ldi->cd", by_all, second, by_all, optimize=True)
        return Point(place, value, chained(first, by_all) @ weights, hessian)

    return surface


def _unscaled(names: Sequence[str], parts: Sequence[Block], centre: Array, scale: Array) -> Array:
    """Return the linear map from effects of centred, scaled columns to those of the columns."""
    k = len(names)
    back = np.diag(np.concatenate([np.ones(k), 1 / scale]))
    for part in parts:
        span = np.arange(part.first, part.first + len(part.design.terms))
        for name, weight in part.weights.items():
            back[list(names).index(name), k + span] -= weight * centre[span] / scale[span]
    return back


def running_off(
    found: Maximum, parts: Sequence[Block], columns: Sequence[Array], customers: CustomerSummary
) -> dict[str, str]:
    """Return the effects that the likelihood drives to infinity, and what that comes from."""
    k, told = len(found.logs) - len(found.curvature_left), {}
    again = customers.frequency > 0
    for part, column in zip(parts, columns, strict=True):
        for place, term in enumerate(part.design.terms):
            effect = part.first + place
            left = found.curvature_left[effect]
            if left > _GONE:
                continue
            own = column[:, place] != 0
            side = "minus infinity" if found.logs[k + effect] < 0 else "infinity"
            what = "nothing in the data decides it" if np.isnan(left) else f"it runs off to {side}"
            told[f"{part.on}: {term}"] = (
                f"{what}; of "
                f"{int(customers.weights[own].sum()):,} customers with it "
                f"{int(customers.weights[own & again].sum()):,} bought again"
            )
    return told


def diagnosed(found: Maximum, not_told: dict[str, str]) -> Diagnosis:
    """Say how the search ended."""
    if found.slope > 1e-5:
        grade, words = "not converged", f"the search stopped on a slope of {found.slope:.1e}"
    elif any("infinity" in why for why in not_told.values()):
        away = [name for name, why in not_told.items() if "infinity" in why]
        grade, words = "at infinity", f"the data do not tell the effect of {', '.join(away)}"
    elif found.condition > 1e8:
        grade, words = "flat", "some effects or parameters are hardly told apart by the data"
    else:
        grade, words = "converged", f"the likelihood is at its maximum (slope {found.slope:.0e})"
    return Diagnosis(grade, words, found.slope, found.condition)  # type: ignore[arg-type]


def not_within(smaller: Sequence[Block], larger: Sequence[Block]) -> list[str]:
    """Return the effects of one fit that no combination of another's effects can make."""
    places: dict[tuple[str, str], int] = {}

    def directions(parts: Sequence[Block]) -> list[tuple[str, dict[int, float]]]:
        made = []
        for part in parts:
            for on, _, term in part.labels:
                at = {
                    places.setdefault((name, term), len(places)): weight
                    for name, weight in part.weights.items()
                }
                made.append((f"{on}: {term}", at))
        return made

    few, many = directions(smaller), directions(larger)
    spanned = _vectors([at for _, at in many], len(places))
    extra = []
    for name, at in few:
        wanted = _vectors([at], len(places))[:, 0]
        made = spanned @ np.linalg.lstsq(spanned, wanted, rcond=None)[0]
        if np.abs(made - wanted).max() > 1e-9:
            extra.append(name)
    return list(dict.fromkeys(extra))


def _vectors(rows: list[dict[int, float]], size: int) -> Array:
    made = np.zeros((size, len(rows)))
    for column, row in enumerate(rows):
        for place, weight in row.items():
            made[place, column] = weight
    return made
