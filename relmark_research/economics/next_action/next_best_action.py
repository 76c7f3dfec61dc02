"""For each customer: keep, grow, serve more cheaply, reprice or end; ranked, with a reason.

The action with the highest expected gain is advised. Ending is advised only where, with the stated
certainty, a customer costs more than he brings even after the best of the other actions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research.clv.estimation.model import PurchaseModel
from relmark_research.customers.log.customer_summary import CustomerSummary
from relmark_research.economics.next_action import empirical_bayes
from relmark_research.economics.next_action.actions import (
    ACTIONS,
    Actions,
    break_even,
    drawn_effects,
    gains,
)
from relmark_research.economics.next_action.residual_value import (
    Customer,
    FutureTerms,
    Prospect,
    prospect,
    purchases_alive,
)
from relmark_research.economics.next_action.segment_models import SegmentFits, fit_segments
from relmark_research.economics.profitability.cost_rules import checked_contacts
from relmark_research.errors import DataError, check_level
from relmark_research.stats.intervals import percentile_interval

if TYPE_CHECKING:
    from relmark_research.customers.log.transactions import TransactionLog

# Who is served, since when, and what is known of each: margin, cost to serve, signs of life.

_BLOCK = 2_000_000  # draws held at once
_QUIET = 365  # days without purchase or contact after which there is nothing to decide


def contacts_until(contacts: pd.DataFrame | None, log: TransactionLog) -> pd.DataFrame:
    """Return the contacts that were known on the log's last day."""
    if contacts is None:
        return pd.DataFrame(
            {"customer_id": pd.Series(dtype=str), "date": pd.to_datetime([]), "cost": []}
        )
    table = checked_contacts(contacts)
    return table[table["date"] <= pd.Timestamp(log.observed_until)]


def groups_of(customers: CustomerSummary, segments: pd.Series | None) -> pd.Series:
    """Return each customer's segment, ``"all"`` where there are none."""
    ids = customers.table.index
    if segments is None:
        return pd.Series("all", index=ids)
    found = segments.reindex(ids)
    if found.isna().any():
        missing = ids[found.isna()]
        raise DataError(
            f"every customer must have a segment; {len(missing):,} of {len(ids):,} have none, "
            f"first: {', '.join(map(repr, missing[:3]))}. Give them one, if only 'unknown'."
        )
    return found.astype(str)


def known_traits(
    log: TransactionLog,
    contacts: pd.DataFrame,
    customers: CustomerSummary,
    groups: pd.Series,
    fits: SegmentFits,
) -> tuple[pd.DataFrame, list[str]]:
    """Return margin and cost of each customer, and whether anything is left to decide."""
    ids = customers.table.index
    known = contacts[contacts["customer_id"].astype(str).isin(ids)]
    served = _served(known, customers, groups, fits)
    costs = empirical_bayes.customer_costs(known, groups, served[["first", "years"]])
    traits = empirical_bayes.customer_margins(log, groups).join(costs)
    quiet = (
        served["last"] < pd.Timestamp(log.observed_until) - pd.Timedelta(days=_QUIET)
    ).to_numpy()
    others = contacts[~contacts["customer_id"].astype(str).isin(ids)]
    notes = [
        f"{int(quiet.sum()):,} customers neither bought nor cost anything in the last {_QUIET} "
        "days, so there is nothing to decide"
    ]
    if len(others):
        notes.append(
            f"{len(others):,} contacts costing {others['cost'].sum():,.2f} are of "
            f"{others['customer_id'].nunique():,} people without a purchase that they kept, and "
            "are left out"
        )
    return traits.assign(quiet=quiet), notes


def _served(
    contacts: pd.DataFrame, customers: CustomerSummary, groups: pd.Series, fits: SegmentFits
) -> pd.DataFrame:
    """Return first and last sign of each customer, and the years served in between."""
    table, unit = customers.table, customers.unit
    days = unit.days if unit is not None else 7.0
    end = pd.Timestamp(str(customers.observed_until))
    first = end - pd.to_timedelta((table["T"] * days).round(), unit="D")
    bought = first + pd.to_timedelta((table["recency"] * days).round(), unit="D")
    met = pd.to_datetime(contacts["date"]).groupby(contacts["customer_id"].astype(str)).max()
    last = pd.concat([bought, met.reindex(table.index)], axis=1).max(axis=1)
    alive = pd.Series(0.0, table.index)
    for name in groups.unique():
        part = CustomerSummary(table[groups == name], unit=unit)
        alive[groups == name] = purchases_alive(fits.fits[name][0], part)
    seen = (last - first).dt.days
    length = alive * (table["T"] * days) + (1 - alive) * seen
    return pd.DataFrame({"first": first, "last": last, "years": np.maximum(length, 30.0) / 365.25})


def blocks_of(
    customers: CustomerSummary, traits: pd.DataFrame, chosen: pd.Series, terms: FutureTerms
) -> list[Customer]:
    """Return the chosen customers, so many at a time as draws fit into memory."""
    table = customers.table[chosen.to_numpy()]
    step = max(1, _BLOCK // terms.draws)
    return [
        Customer(
            CustomerSummary(part, unit=customers.unit, observed_until=customers.observed_until),
            traits.loc[part.index],
        )
        for part in (table.iloc[start : start + step] for start in range(0, len(table), step))
    ]


# Why an action is advised, in a sentence per customer.

Array = np.ndarray

_QUIET_reasons = "neither bought nor cost anything for a year; nothing to decide"


def reasons(future: Prospect, chosen: Array, quiet: Array, hopeless: Array) -> list[str]:
    """Say why each customer's action is advised.

    Parameters
    ----------
    future
        Draws of what the customers will bring and cost.
    chosen
        Place of each one's action in ACTIONS, shape (customers,).
    quiet
        Whether there is nothing to decide.
    hopeless
        Probability that a customer costs more than he brings, whatever else is done.
    """
    brings, costs = future.brings.mean(axis=1), future.costs.mean(axis=1)
    left = future.brings.sum(axis=1) / np.maximum(future.revenue.sum(axis=1), 1e-12)
    rows = zip(chosen, quiet, brings, costs, left, hopeless, future.alive, strict=True)
    return [
        _QUIET_reasons if silent else _reason(int(place), *known) for place, silent, *known in rows
    ]


def _reason(
    place: int, brings: float, costs: float, left: float, hopeless: float, alive: float
) -> str:
    worth = f"will bring {brings:,.0f} and cost {costs:,.0f} to serve".replace(
        "-", "\N{MINUS SIGN}"
    )
    gone = "has most likely left" if alive < 0.5 else "costs more than it brings, whatever is done"
    return (
        f"{worth}: "
        + (
            "no action gains more than it costs",
            "so much is at stake that more care pays for itself",
            f"serving takes {_share(costs, brings)} of what comes in",
            f"only {max(left, 0):.0%} of the price is left, so a rise gains more than lost sales",
            f"{gone} (certain to {hopeless:.0%})",
        )[place]
    )


def _share(part: float, whole: float) -> str:
    return f"{part / whole:.0%}" if whole > part else "all and more"


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
    check_level(level)
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
    from relmark_research.clv.families.pareto_nbd import ParetoNBD

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
    low, high = percentile_interval(gain, level, axis=1)
    least, most = percentile_interval(future.residual, level, axis=1)
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
    low, high = percentile_interval(drawn, level)
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
