"""For each customer: keep, grow, serve more cheaply, reprice or end; ranked, with a reason.

The action with the highest expected gain is advised. Ending is advised only where, with the stated
certainty, a customer costs more than he brings even after the best of the other actions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research.clv.base import PurchaseModel
from relmark_research.clv.fitting import normal_quantile
from relmark_research.economics.actions import ACTIONS, Actions, break_even, drawn_effects, gains
from relmark_research.economics.reasons import reasons
from relmark_research.economics.residual import (
    Customer,
    FutureTerms,
    Prospect,
    prospect,
)
from relmark_research.economics.segment_fits import fit_segments
from relmark_research.economics.served import blocks_of, contacts_until, groups_of, known_traits

if TYPE_CHECKING:
    from relmark_research.customers.transactions import TransactionLog

Array = np.ndarray


@dataclass(frozen=True)
class Recommendations:
    """What to do about each customer.

    Attributes
    ----------
    table
        Index customer_id, the highest expected gain first: action, reason, expected_gain,
        gain_low, gain_high (money, against going on as now), residual_value, residual_low,
        residual_high (money), p_negative (probability that the residual value is below 0),
        certainty (probability that the action gains; of ending: that the customer costs more than
        he brings whatever else is done), p_alive, segment.
    summary
        Row per action: customers, expected_gain with gain_low and gain_high of all of them
        together, and break_even, the effect at which the action gains nothing.
    total
        expected_gain, gain_low and gain_high of everybody's action together.
    level
        Probability of the intervals.
    notes
        What was decided on the way, in sentences.
    """

    table: pd.DataFrame
    summary: pd.DataFrame
    total: pd.Series
    level: float
    notes: tuple[str, ...] = ()


def recommend(
    log: TransactionLog,
    *,
    contacts: pd.DataFrame | None = None,
    segments: pd.Series | None = None,
    purchases: type[PurchaseModel] | None = None,
    actions: Actions = Actions(),  # noqa: B008  (frozen)
    terms: FutureTerms = FutureTerms(),  # noqa: B008
    level: float = 0.95,
) -> Recommendations:
    """Advise what to do about each customer, by what he will bring and what can be avoided.

    Parameters
    ----------
    log
        Purchases with the cost of goods.
    contacts
        customer_id, date, cost: avoidable costs only, those that end with the relationship. Rent
        and salaries that stay are not among them. None: serving costs nothing that is known.
    segments
        Segment by customer_id; None takes all customers as one.
    purchases
        Class of the model of purchases; ParetoNBD by default.
    actions
        What the actions cost and do.
    terms
        Discount rate, horizon, notice, draws.
    level
        Probability of the intervals. They carry what is not known of a customer's ways, of the
        models' parameters and of the actions' effects, not the chance of single purchases.

    Returns
    -------
    Recommendations

    Raises
    ------
    DataError
        Where a customer has no segment, or costs are nobody's, negative or missing.

    References
    ----------
    Kumar, Venkatesan & Reinartz (2008), Performance implications of adopting a customer-focused
    sales campaign, Journal of Marketing 72(5); for ending: Mittal, Sarkees & Murshed (2008), The
    right way to manage unprofitable customers, Harvard Business Review 86(4).

    Examples
    --------
    >>> import relmark_research as rm
    >>> log = rm.read_transactions("dataset:sample", cost="cost")
    >>> advice = recommend(log, contacts=rm.load_sample("contacts"), terms=FutureTerms(draws=100))
    >>> sorted(set(advice.table["action"]) - set(ACTIONS))
    []
    >>> ended = advice.table[advice.table["action"] == "end"]
    >>> bool((ended["certainty"] >= 0.9).all())
    True
    """
    normal_quantile(level)
    customers = log.customer_summary()
    groups = groups_of(customers, segments)
    fits = fit_segments(customers, groups, purchases=purchases or _pareto())
    contacts = contacts_until(contacts, log)
    traits, notes = known_traits(log, contacts, customers, groups, fits)
    rng = np.random.default_rng(terms.seed)
    effects = drawn_effects(actions, terms.draws, rng)
    parts, totals = [], np.zeros((len(ACTIONS), terms.draws))
    sums = np.zeros((len(ACTIONS), 4))
    for name in groups.unique():
        for who in blocks_of(customers, traits, groups == name, terms):
            future = prospect(fits.fits[name], who, terms, rng)
            gained = gains(future, actions, effects, segment=name)
            part, chosen, drawn = _advised(who, future, gained, actions, level)
            parts.append(part.assign(segment=name))
            for place in range(len(ACTIONS)):
                totals[place] += drawn[chosen == place].sum(axis=0)
                sums[place] += _means(future, chosen == place, actions.grow_cost_in(name))
    table = pd.concat(parts)
    table = table.sort_values(["expected_gain", "p_negative"], ascending=False, kind="stable")
    summary = _summary(table, totals, sums, actions, level)
    ends = _ends(totals.sum(axis=0), level)
    total = pd.Series(ends, index=["expected_gain", "gain_low", "gain_high"])
    return Recommendations(table, summary, total, level, (*fits.notes, *notes))


def _pareto() -> type[PurchaseModel]:
    from relmark_research.clv.pareto_nbd import ParetoNBD

    return ParetoNBD


def _advised(
    who: Customer, future: Prospect, gained: dict[str, Array], actions: Actions, level: float
) -> tuple[pd.DataFrame, Array, Array]:
    """Return the advice, the place of each one's action, and draws of its gain."""
    quiet = who.traits["quiet"].to_numpy(bool)
    stacked = np.stack([gained[name] for name in ACTIONS])
    mean = stacked.mean(axis=2)
    mean[1:][mean[1:] <= actions.least_gain] = -np.inf
    others = mean[:-1].argmax(axis=0)
    rows = np.arange(len(others))
    after = future.residual + stacked[others, rows]
    hopeless = (after < 0).mean(axis=1)
    end = (mean[-1] > mean[others, rows]) & (hopeless >= actions.certainty)
    chosen = np.where(quiet, 0, np.where(end, len(ACTIONS) - 1, others))
    gain = stacked[chosen, rows]
    ends = [(1 - level) / 2, (1 + level) / 2]
    low, high = np.quantile(gain, ends, axis=1)
    least, most = np.quantile(future.residual, ends, axis=1)
    certainty = np.where(chosen == len(ACTIONS) - 1, hopeless, (gain > 0).mean(axis=1))
    table = pd.DataFrame(
        {
            "action": np.array(ACTIONS, dtype=object)[chosen],
            "reason": reasons(future, chosen, quiet, hopeless),
            "expected_gain": gain.mean(axis=1),
            "gain_low": low,
            "gain_high": high,
            "residual_value": future.residual.mean(axis=1),
            "residual_low": least,
            "residual_high": most,
            "p_negative": (future.residual < 0).mean(axis=1),
            "certainty": np.where(chosen == 0, np.nan, certainty),
            "p_alive": future.alive,
        },
        index=who.customers.table.index,
    )
    return table, chosen, gain


def _means(future: Prospect, mask: Array, grow_cost: float) -> Array:
    """Return A, R, C and the cost of growing, summed over some customers."""
    parts = (future.brings, future.revenue, future.costs, grow_cost * future.years)
    return np.array([part[mask].mean(axis=1).sum() for part in parts])


def _ends(drawn: Array, level: float) -> tuple[float, float, float]:
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return float(drawn.mean()), float(low), float(high)


def _summary(
    table: pd.DataFrame, totals: Array, sums: Array, actions: Actions, level: float
) -> pd.DataFrame:
    counts = table["action"].value_counts()
    rows = []
    for place, name in enumerate(ACTIONS):
        brings, revenue, costs, growing = map(float, sums[place])
        even = break_even(brings, revenue, costs, growing, actions)
        mean, low, high = _ends(totals[place], level)
        rows.append(
            {
                "action": name,
                "customers": int(counts.get(name, 0)),
                "expected_gain": mean,
                "gain_low": low,
                "gain_high": high,
                "break_even": even.get(name, np.nan),
            }
        )
    return pd.DataFrame(rows)
