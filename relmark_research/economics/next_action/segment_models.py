"""Models of purchases and of spend, fitted apart for each segment as far as its data go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from relmark_research.clv.estimation.fit import Fit
from relmark_research.clv.estimation.model import PurchaseModel
from relmark_research.clv.families.gamma_gamma import GammaGamma
from relmark_research.customers.log.customer_summary import CustomerSummary
from relmark_research.errors import ConvergenceError, DataError

_FEWEST = 50  # repeat customers that a segment needs for fits of its own
_WIDEST = 2.0  # standard error of a log-parameter beyond which the point estimate is taken


@dataclass(frozen=True)
class SegmentFits:
    """Fits of purchases and of spend, by segment.

    Attributes
    ----------
    fits
        (purchases, spend) by segment.
    notes
        A sentence for each thing that a segment's data could not tell.
    """

    fits: Mapping[str, tuple[Fit, Fit]]
    notes: tuple[str, ...] = ()


def fit_segments(
    customers: CustomerSummary, segments: pd.Series, *, purchases: type[PurchaseModel]
) -> SegmentFits:
    """Fit purchases and spend apart for each segment; where data are few, lean on all customers.

    Parameters
    ----------
    customers
        Histories with monetary_value.
    segments
        Segment by customer_id, for each of them.
    purchases
        The class of the model of purchases, such as ParetoNBD.
    """
    together = (purchases.fit(customers), GammaGamma.fit(customers))
    groups = segments.reindex(customers.table.index)
    fits: dict[str, tuple[Fit, Fit]] = {}
    notes: list[str] = []
    for name in groups.unique():
        part = CustomerSummary(
            customers.table[groups == name],
            unit=customers.unit,
            observed_until=customers.observed_until,
        )
        bought = _purchases(name, part, together[0], purchases, notes)
        paid = _spend(name, part, customers, together[1], notes)
        fits[name] = (bought, paid)
    return SegmentFits(fits, tuple(notes))


def determined(fit: Fit) -> bool:
    """Whether parameters can be drawn: where two run off together, draws run off with them."""
    known = np.isfinite(fit.covariance).all()
    return bool(known and np.diag(fit.log_covariance).max() < _WIDEST**2)


def _purchases(
    name: str, part: CustomerSummary, together: Fit, model: type[PurchaseModel], notes: list[str]
) -> Fit:
    """Return the segment's fit of purchases, or that of all customers."""
    own = _own(model, part)
    if own is None or own.diagnosis.grade == "not converged":
        notes.append(f"{name} is too small for a model of purchases of its own and shares all's")
        return together
    if not determined(own):
        notes.append(
            f"how long customers of {name} stay can hardly be told: the best guess is taken as "
            "certain"
        )
    return own


def _spend(
    name: str, part: CustomerSummary, everyone: CustomerSummary, together: Fit, notes: list[str]
) -> Fit:
    """Return the segment's fit of spend, or that of all customers at the segment's scale."""
    own = _own(GammaGamma, part)
    if own is not None and own.diagnosis.grade == "converged" and own.model.values[1] > 1:
        return own
    scale = _mean_spend(part) / _mean_spend(everyone)
    notes.append(
        f"{name} is too small for a model of spend of its own: all's is taken, times {scale:.2g}"
    )
    if not np.isfinite(scale) or scale <= 0:
        return together
    model = together.model
    factor = np.array([1.0, 1.0, scale])  # of p, q and v: mean spend is in proportion to v
    spread = together.covariance * np.outer(factor, factor)
    return replace(together, model=model.from_values(model.values * factor), covariance=spread)


def _own(model: type, part: CustomerSummary) -> Fit | None:
    if int((part.frequency > 0).sum()) < _FEWEST:
        return None
    try:
        found: Fit = model.fit(part)  # type: ignore[attr-defined]
    except (DataError, ConvergenceError):
        return None
    return found


def _mean_spend(customers: CustomerSummary) -> float:
    """Return mean spend per repeat purchase; NaN where there is none."""
    paid = (customers.frequency > 0) & (customers.monetary_value > 0)
    if not paid.any():
        return float("nan")
    return float(np.average(customers.monetary_value[paid], weights=customers.frequency[paid]))
