"""The next best action for each customer: keep, grow, serve more cheaply, reprice or end.

The action with the highest expected gain is advised. Ending is advised only if the residual value
is negative with the required certainty, even after the best of the other actions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research._repr import short_repr
from relmark_research.clv.estimation.model import PurchaseModel
from relmark_research.clv.estimation.spend_model import SpendModel
from relmark_research.clv.families.gamma_gamma import GammaGamma
from relmark_research.clv.families.pareto_nbd import ParetoNBD
from relmark_research.clv.prediction._inputs import PurchaseInput, SpendInput
from relmark_research.customers.log.customer_summary import CustomerSummary
from relmark_research.economics.next_action import _empirical_bayes
from relmark_research.economics.next_action.actions import (
    ACTIONS,
    Actions,
    action_gains,
    break_even_effects,
    draw_effects,
)
from relmark_research.economics.next_action.residual_value import (
    CustomerBlock,
    FutureTerms,
    ResidualDraws,
    draw_residuals,
    p_alive,
)
from relmark_research.economics.next_action.segment_models import SegmentFits, fit_segments, unit_of
from relmark_research.economics.profitability.cost_rules import checked_contacts
from relmark_research.errors import DataError, check_level, first_rows
from relmark_research.stats.intervals import percentile_interval
from relmark_research.tables.read_table import groups_by_customer

if TYPE_CHECKING:
    from relmark_research.customers.log.transactions import TransactionLog

Array = np.ndarray

_BLOCK = 2_000_000  # draws in memory
_QUIET_DAYS = 365  # without purchase or contact; there is nothing to decide
_QUIET_REASON = "neither bought nor cost anything for a year; nothing to decide"


@short_repr
@dataclass(frozen=True, repr=False)
class Recommendations:
    """Recommended actions for all customers.

    Attributes
    ----------
    table
        Index customer_id, sorted by expected gain: action, reason, expected_gain, gain_low,
        gain_high (money, relative to no action), residual_value, residual_low, residual_high
        (money), p_negative (probability of a negative residual value), certainty (probability of a
        positive gain; for ending, of a negative residual value under every other action), p_alive,
        segment.
    summary
        One row per action: customers, total expected_gain with gain_low and gain_high,
        probability_gain (that the total gain is above 0; missing without customers), and
        break_even, the effect at which the gain is 0.
    total
        Total expected_gain, gain_low and gain_high over all actions.
    level
        Probability of the intervals.
    notes
        Modelling decisions, in sentences.
    """

    table: pd.DataFrame
    summary: pd.DataFrame
    total: pd.Series
    level: float
    notes: tuple[str, ...] = ()

    def _summary(self) -> dict[str, object]:
        counts = self.summary.set_index("action")["customers"]
        rows = {str(name): value for name, value in [*counts.items(), *self.total.items()]}
        return {"customers": len(self.table), **rows}


def recommend(
    log: TransactionLog,
    *,
    contacts: pd.DataFrame | None = None,
    segments: pd.Series | None = None,
    purchases: type[PurchaseModel] | PurchaseInput | None = None,
    spend: type[SpendModel] | SpendInput | None = None,
    actions: Actions = Actions(),  # noqa: B008  (frozen)
    terms: FutureTerms = FutureTerms(),  # noqa: B008
    level: float = 0.95,
) -> Recommendations:
    """Recommend the action with the highest expected gain for each customer.

    Parameters
    ----------
    log
        Transactions with the cost of goods.
    contacts
        customer_id, date, cost: avoidable costs only, those that end with the relationship, not
        rent or salaries. None for no known cost to serve.
    segments
        Segment by customer_id; None treats all customers as one segment.
    purchases, spend
        Class of the model of purchases (ParetoNBD by default) and of spend per purchase
        (GammaGamma), fitted by segment. Or a fit without covariates, or a model (of purchases, in
        weeks), used for every segment.
    actions
        Costs and effects of the actions.
    terms
        Discount rate, horizon, detection lag, draws.
    level
        Probability of the intervals. They include uncertainty about customers' rates, model
        parameters and action effects, but not the randomness of single purchases.

    Returns
    -------
    Recommendations
        One action per customer, with expected gains and intervals.

    Raises
    ------
    DataError
        If a customer has no segment, or a cost is negative, missing or without a customer.
    ParameterError
        If ``purchases`` is a fit with covariates, which the log does not have, or the model does
        not implement `PurchaseModel.draw_traits`.

    References
    ----------
    Kumar, Venkatesan & Reinartz (2008), Performance implications of adopting a customer-focused
    sales campaign, Journal of Marketing 72(5); Mittal, Sarkees & Murshed (2008), The right way to
    manage unprofitable customers, Harvard Business Review 86(4) (on ending relationships).

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
    log.require_value("advice on actions")
    purchases, spend = purchases or ParetoNBD, spend or GammaGamma
    contacts = _known_contacts(contacts, log)
    customers = log.customer_summary(unit=unit_of(purchases))
    groups = _segments(customers, segments)
    fits = fit_segments(customers, groups, purchases=purchases, spend=spend)
    traits, notes = _customer_traits(log, contacts, customers, groups, fits)
    rng = np.random.default_rng(terms.seed)
    effects = draw_effects(actions, terms.draws, rng)
    parts, totals = [], np.zeros((len(ACTIONS), terms.draws))
    sums = np.zeros((len(ACTIONS), 4))
    for name in groups.unique():
        for block in _blocks(customers, traits, groups == name, terms):
            future = draw_residuals(fits.fits[name], block, terms, rng)
            gains = action_gains(future, actions, effects, segment=name)
            part, chosen, gain = _chosen_actions(block, future, gains, actions, level)
            parts.append(part.assign(segment=name))
            for i in range(len(ACTIONS)):
                totals[i] += gain[chosen == i].sum(axis=0)
                sums[i] += _sums(future, chosen == i, actions.grow_cost_in(name))
    table = pd.concat(parts)
    table = table.sort_values(["expected_gain", "p_negative"], ascending=False, kind="stable")
    summary = _action_summary(table, totals, sums, actions, level)
    estimate = _mean_with_interval(totals.sum(axis=0), level)
    total = pd.Series(estimate, index=["expected_gain", "gain_low", "gain_high"])
    return Recommendations(table, summary, total, level, (*fits.notes, *notes))


def _known_contacts(contacts: pd.DataFrame | None, log: TransactionLog) -> pd.DataFrame:
    """Return the contacts up to the last day of the log."""
    if contacts is None:
        return pd.DataFrame(
            {"customer_id": pd.Series(dtype=str), "date": pd.to_datetime([]), "cost": []}
        )
    table = checked_contacts(contacts)
    return table[table["date"] <= pd.Timestamp(log.observed_until)]


def _segments(customers: CustomerSummary, segments: pd.Series | None) -> pd.Series:
    """Return the segment of each customer, ``"all"`` if there are none."""
    ids = customers.table.index
    if segments is None:
        return pd.Series("all", index=ids)
    named = groups_by_customer(segments).reindex(ids)
    if named.isna().any():
        missing = named.isna()
        raise DataError(
            f"every customer needs a segment; {missing.sum():,} of {len(ids):,} have none, "
            f"first: {first_rows(missing, ids)} of the customers. Add one, e.g. 'unknown'."
        )
    return named.astype(str)


def _customer_traits(
    log: TransactionLog,
    contacts: pd.DataFrame,
    customers: CustomerSummary,
    groups: pd.Series,
    fits: SegmentFits,
) -> tuple[pd.DataFrame, list[str]]:
    """Return margin and cost of each customer, whether the customer is quiet, and notes."""
    ids = customers.table.index
    known = contacts[contacts["customer_id"].astype(str).isin(ids)]
    service = _service(known, customers, groups, fits)
    costs = _empirical_bayes.customer_costs(known, groups, service[["first", "years"]])
    traits = _empirical_bayes.customer_margins(log, groups).join(costs)
    limit = pd.Timestamp(log.observed_until) - pd.Timedelta(days=_QUIET_DAYS)
    quiet = (service["last"] < limit).to_numpy()
    others = contacts[~contacts["customer_id"].astype(str).isin(ids)]
    notes = [
        f"{int(quiet.sum()):,} customers neither bought nor cost anything in the last "
        f"{_QUIET_DAYS} days, so there is nothing to decide"
    ]
    if len(others):
        notes.append(
            f"{len(others):,} contacts costing {others['cost'].sum():,.2f} are of "
            f"{others['customer_id'].nunique():,} people without a purchase that they kept, and "
            "are left out"
        )
    return traits.assign(quiet=quiet), notes


def _service(
    contacts: pd.DataFrame, customers: CustomerSummary, groups: pd.Series, fits: SegmentFits
) -> pd.DataFrame:
    """Return first purchase, last activity and expected years of service of each customer."""
    table, unit = customers.table, customers.unit
    days = unit.days if unit is not None else 7.0
    end = pd.Timestamp(str(customers.observed_until))
    first = end - pd.to_timedelta((table["T"] * days).round(), unit="D")
    bought = first + pd.to_timedelta((table["recency"] * days).round(), unit="D")
    contacted = pd.to_datetime(contacts["date"]).groupby(contacts["customer_id"].astype(str)).max()
    last = pd.concat([bought, contacted.reindex(table.index)], axis=1).max(axis=1)
    alive = pd.Series(0.0, table.index)
    for name in groups.unique():
        part = CustomerSummary(table[groups == name], unit=unit)
        alive[groups == name] = p_alive(fits.fits[name][0], part)
    active = (last - first).dt.days
    length = alive * (table["T"] * days) + (1 - alive) * active
    return pd.DataFrame({"first": first, "last": last, "years": np.maximum(length, 30.0) / 365.25})


def _blocks(
    customers: CustomerSummary, traits: pd.DataFrame, chosen: pd.Series, terms: FutureTerms
) -> list[CustomerBlock]:
    """Return the chosen customers in blocks whose draws fit into memory."""
    table = customers.table[chosen.to_numpy()]
    step = max(1, _BLOCK // terms.draws)
    return [
        CustomerBlock(
            customers.with_rows(part),
            traits.loc[part.index],
        )
        for part in (table.iloc[start : start + step] for start in range(0, len(table), step))
    ]


def _chosen_actions(
    block: CustomerBlock,
    future: ResidualDraws,
    gains: dict[str, Array],
    actions: Actions,
    level: float,
) -> tuple[pd.DataFrame, Array, Array]:
    """Return the table of advice, the index of each action, and draws of its gain."""
    quiet = block.traits["quiet"].to_numpy(bool)
    stacked = np.stack([gains[name] for name in ACTIONS])
    mean = stacked.mean(axis=2)
    mean[1:][mean[1:] <= actions.min_gain] = -np.inf
    best = mean[:-1].argmax(axis=0)  # of all actions but end
    rows = np.arange(len(best))
    residual = future.residual_value
    p_loss = (residual + stacked[best, rows] < 0).mean(axis=1)
    end = (mean[-1] > mean[best, rows]) & (p_loss >= actions.end_certainty)
    chosen = np.where(quiet, 0, np.where(end, len(ACTIONS) - 1, best))
    gain = stacked[chosen, rows]
    gain_low, gain_high = percentile_interval(gain, level, axis=1)
    residual_low, residual_high = percentile_interval(residual, level, axis=1)
    certainty = np.where(chosen == len(ACTIONS) - 1, p_loss, (gain > 0).mean(axis=1))
    table = pd.DataFrame(
        {
            "action": np.array(ACTIONS, dtype=object)[chosen],
            "reason": _reasons(future, chosen, quiet, p_loss),
            "expected_gain": gain.mean(axis=1),
            "gain_low": gain_low,
            "gain_high": gain_high,
            "residual_value": residual.mean(axis=1),
            "residual_low": residual_low,
            "residual_high": residual_high,
            "p_negative": (residual < 0).mean(axis=1),
            "certainty": np.where(chosen == 0, np.nan, certainty),
            "p_alive": future.p_alive,
        },
        index=block.customers.table.index,
    )
    return table, chosen, gain


def _reasons(future: ResidualDraws, chosen: Array, quiet: Array, p_loss: Array) -> list[str]:
    """Return the reason for each customer's action.

    Parameters
    ----------
    future
        Draws of future contribution and cost.
    chosen
        Index of the action in ACTIONS, shape (customers,).
    quiet
        Whether there is nothing to decide.
    p_loss
        Probability of a negative residual value under every other action.
    """
    contribution, cost = future.contribution.mean(axis=1), future.cost.mean(axis=1)
    margin = future.contribution.sum(axis=1) / np.maximum(future.revenue.sum(axis=1), 1e-12)
    rows = zip(chosen, quiet, contribution, cost, margin, p_loss, future.p_alive, strict=True)
    return [
        _QUIET_REASON if inactive else _reason(int(action), *values)
        for action, inactive, *values in rows
    ]


def _reason(
    action: int, contribution: float, cost: float, margin: float, p_loss: float, alive: float
) -> str:
    value = f"will bring {contribution:,.0f} and cost {cost:,.0f} to serve".replace(
        "-", "\N{MINUS SIGN}"
    )
    cause = "has most likely left" if alive < 0.5 else "costs more than it brings, whatever is done"
    return (
        f"{value}: "
        + (
            "no action gains more than it costs",
            "so much is at stake that more care pays for itself",
            f"serving takes {_share(cost, contribution)} of what comes in",
            f"only {max(margin, 0):.0%} of the price is left, so a rise gains more than lost sales",
            f"{cause} (certain to {p_loss:.0%})",
        )[action]
    )


def _share(part: float, total: float) -> str:
    return f"{part / total:.0%}" if total > part else "all and more"


def _sums(future: ResidualDraws, mask: Array, grow_cost: float) -> Array:
    """Return expected A, R, C and cost of growing, summed over some customers."""
    parts = (future.contribution, future.revenue, future.cost, grow_cost * future.years)
    return np.array([part[mask].mean(axis=1).sum() for part in parts])


def _mean_with_interval(drawn: Array, level: float) -> tuple[float, float, float]:
    low, high = percentile_interval(drawn, level)
    return float(drawn.mean()), float(low), float(high)


def _action_summary(
    table: pd.DataFrame, totals: Array, sums: Array, actions: Actions, level: float
) -> pd.DataFrame:
    counts = table["action"].value_counts()
    rows = []
    for i, name in enumerate(ACTIONS):
        contribution, revenue, cost, grow_cost = map(float, sums[i])
        even = break_even_effects(contribution, revenue, cost, grow_cost, actions)
        mean, low, high = _mean_with_interval(totals[i], level)
        rows.append(
            {
                "action": name,
                "customers": int(counts.get(name, 0)),
                "expected_gain": mean,
                "gain_low": low,
                "gain_high": high,
                "probability_gain": float((totals[i] > 0).mean())
                if counts.get(name, 0)
                else np.nan,
                "break_even": even.get(name, np.nan),
            }
        )
    return pd.DataFrame(rows)
