"""Likelihood, gradients and maximisation for effects of covariates on log-parameters.

The logarithm of parameter k of customer i is log p_k + sum_c w_kc z_ic g_c: linear in log p and g.
By the chain rule, gradient and Hessian of the likelihood by log p and g follow from those by each
customer's own log-parameters, for any number of covariates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from relmark_research.clv.covariates._effects_maximum import Maximum, ScaledLikelihood
from relmark_research.clv.covariates.formula import Design
from relmark_research.clv.estimation.fit import Fit
from relmark_research.clv.estimation.model import CovariateLink, PurchaseModel
from relmark_research.customers.log.customer_summary import CustomerSummary
from relmark_research.stats.newton import Point, maximise

Array = np.ndarray

_STEP = 1e-4  # of the logarithms, for gradient and Hessian by differences
_LIMIT = 300.0  # larger logarithms would overflow


@dataclass(frozen=True)
class EffectBlock:
    """The effects of one formula on some of the parameters.

    Attributes
    ----------
    component
        ``"rate"`` or ``"dropout"``.
    link
        How the model's parameters depend on covariates of this component.
    weights
        One of the link's: parameter to the factor of an effect that is added to its logarithm.
    design
        The formula's columns.
    first
        Position of the first effect among all of them.
    """

    component: str
    link: CovariateLink
    weights: Mapping[str, float]
    design: Design
    first: int

    @property
    def sign(self) -> float:
        """Change of the logarithm of the affected quantity by one unit of an effect."""
        return self.link.sign(self.weights)

    @property
    def labels(self) -> list[tuple[str, str, str]]:
        """Component, parameters and term of each effect."""
        return [(self.component, " and ".join(self.weights), term) for term in self.design.terms]


def blocks(
    formulas: Sequence[tuple[str, CovariateLink, Design]],
) -> tuple[EffectBlock, ...]:
    """Return the blocks of formulas, with consecutive positions of their effects."""
    made: list[EffectBlock] = []
    first = 0
    for component, link, design in formulas:
        for weights in link.weights:
            made.append(EffectBlock(component, link, weights, design, first))
            first += len(design.terms)
    return tuple(made)


def _jacobian(
    names: Sequence[str], parts: Sequence[EffectBlock], columns: Sequence[Array]
) -> Array:
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


def log_parameters(
    names: Sequence[str], parts: Sequence[EffectBlock], columns: Sequence[Array], estimates: Array
) -> Array:
    """Return each row's log-parameters, (parameters, rows), from those of the base and effects."""
    k, rows = len(names), len(columns[0])
    logs = np.repeat(estimates[:k, None], rows, axis=1)
    for part, column in zip(parts, columns, strict=True):
        effect = column @ estimates[k + part.first :][: column.shape[1]]
        for name, weight in part.weights.items():
            logs[list(names).index(name)] += weight * effect
    result: Array = np.clip(logs, -_LIMIT, _LIMIT)
    return result


def estimates_gradient(
    names: Sequence[str], parts: Sequence[EffectBlock], columns: Sequence[Array], by_logs: Array
) -> Array:
    """Return the gradient by base and effects, (all, rows), from that by each row's parameters."""
    made = [by_logs]
    for part, column in zip(parts, columns, strict=True):
        weighted = [w * by_logs[list(names).index(name)] for name, w in part.weights.items()]
        made.append(column.T * sum(weighted))
    return np.concatenate(made)


def _numerical_gradient(quantity: Callable[[Array], Array], logs: Array) -> Array:
    """Return the derivatives of a quantity by each row's log-parameters, (parameters, rows)."""
    steps = np.eye(len(logs))[:, :, None] * _STEP
    return np.array([quantity(logs + step) - quantity(logs - step) for step in steps]) / (2 * _STEP)


def maximum(
    model: type[PurchaseModel],
    customers: CustomerSummary,
    parts: Sequence[EffectBlock],
    columns: Sequence[Array],
    plain: Fit[Any],
) -> Maximum:
    """Return the maximum, searched from the plain fit with centred and scaled columns."""
    joined = np.concatenate(columns, axis=1)
    centre, scale = joined.mean(axis=0), joined.std(axis=0)
    history, _, _ = model.data(customers)
    data, weights, by = model.counted(history, customers.weights, *joined.T)
    z = np.column_stack([np.empty((len(weights), 0)), *by])

    def surface(effects: Array) -> Callable[[Array], Point]:
        by_block = np.split(effects, [part.first for part in parts][1:], axis=1)
        jacobian = _jacobian(model.names(), parts, by_block)
        return _surface(plain.model, data, weights, jacobian)

    names = model.names()
    start = np.concatenate([np.log(plain.model.values), np.zeros(len(centre))])
    own = surface((z - centre) / scale)
    scaled = ScaledLikelihood(
        model=model,
        labels=labels(parts),
        evaluate=own,
        followed=own,
        reference=np.concatenate([reference(plain), np.zeros(len(centre))]),
        n_customers=float(weights.sum()),
        back=unscaled(names, parts, centre, scale),
    )
    return scaled.maximum(maximise(own, start), own(start))


def _surface(
    model: PurchaseModel, data: Sequence[Array], weights: Array, jacobian: Array
) -> Callable[[Array], Point]:
    """Return the log-likelihood by base and effects, with gradient and Hessian."""

    def model_at(logs: Array) -> PurchaseModel:
        return model.with_values(np.exp(np.clip(logs, -_LIMIT, _LIMIT)))

    def score_by_logs(logs: Array) -> Array:
        current = model_at(logs)
        values = np.stack([getattr(current, name) for name in model.names()])
        result: Array = values * current.score(*data)
        return result

    def surface(place: Array) -> Point:
        logs = np.einsum("kci,c->ki", jacobian, place)
        with np.errstate(all="ignore"):
            value = float(model_at(logs).log_likelihood(*data) @ weights)
            first = score_by_logs(logs)
            second = _numerical_gradient(score_by_logs, logs)
        gradient = np.einsum("ki,kci->ci", first, jacobian) @ weights
        second = (second + second.transpose(1, 0, 2)) / 2 * weights
        hessian = np.einsum("kci,kli,ldi->cd", jacobian, second, jacobian, optimize=True)
        return Point(place, value, gradient, hessian)

    return surface


def unscaled(
    names: Sequence[str], parts: Sequence[EffectBlock], centre: Array, scale: Array
) -> Array:
    """Return the linear map from effects of centred, scaled columns to those of the columns."""
    k = len(names)
    back = np.diag(np.concatenate([np.ones(k), 1 / scale]))
    for part in parts:
        span = np.arange(part.first, part.first + len(part.design.terms))
        for name, weight in part.weights.items():
            back[list(names).index(name), k + span] -= weight * centre[span] / scale[span]
    return back


def reference(plain: Fit[Any]) -> Array:
    """Return the logarithms of the starting values of a fit."""
    assert plain.likelihood is not None  # it was just made
    return plain.likelihood.reference


def labels(parts: Sequence[EffectBlock]) -> tuple[str, ...]:
    """Return the name of each effect, such as ``"rate: campaign"``."""
    return tuple(f"{part.component}: {term}" for part in parts for term in part.design.terms)


def evidence(columns: Sequence[Array], customers: CustomerSummary, effect: int) -> str:
    """Return what the data have of an effect: the customers with it, and their purchases."""
    with_it = np.concatenate(columns, axis=1)[:, effect] != 0
    bought = with_it & (customers.frequency > 0)
    return (
        f"of {int(customers.weights[with_it].sum()):,} customers with it "
        f"{int(customers.weights[bought].sum()):,} made a repeat purchase"
    )


def not_nested(smaller: Sequence[EffectBlock], larger: Sequence[EffectBlock]) -> list[str]:
    """Return the effects of one fit that are no linear combination of another's effects."""
    places: dict[tuple[str, str], int] = {}

    def directions(parts: Sequence[EffectBlock]) -> list[tuple[str, dict[int, float]]]:
        made = []
        for part in parts:
            for component, _, term in part.labels:
                direction = {
                    places.setdefault((name, term), len(places)): weight
                    for name, weight in part.weights.items()
                }
                made.append((f"{component}: {term}", direction))
        return made

    few, many = directions(smaller), directions(larger)
    basis = _vectors([direction for _, direction in many], len(places))
    extra = []
    for name, direction in few:
        vector = _vectors([direction], len(places))[:, 0]
        projection = basis @ np.linalg.lstsq(basis, vector, rcond=None)[0]
        if np.abs(projection - vector).max() > 1e-9:
            extra.append(name)
    return list(dict.fromkeys(extra))


def _vectors(rows: list[dict[int, float]], size: int) -> Array:
    made = np.zeros((size, len(rows)))
    for column, row in enumerate(rows):
        for place, weight in row.items():
            made[place, column] = weight
    return made
