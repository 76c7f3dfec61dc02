"""A firm's current spending on acquisition and retention, and the optimal budget of next year.

A customer acquired next year and one retained next year both have the value V(R) of `PaymentTerms`:
the first payment now, and future margins under current spending. Additional spend has the highest
return where the marginal cost is lowest relative to V. Within a segment the comparison of
acquisition with retention does not depend on V.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from relmark_research._repr import short_repr
from relmark_research.economics.budget.allocation import BudgetLines
from relmark_research.economics.budget.book_flow import stated_renewal
from relmark_research.economics.budget.budget_advice import (
    BudgetRecommendation,
    BudgetShift,
    recommend_allocation,
    shift_budget,
)
from relmark_research.economics.budget.customer_equity import CustomerEquity
from relmark_research.economics.budget.ledger_curves import (
    CurveFits,
    CurveMemories,
    draw_pairs,
    fit_curves,
    fit_memories,
    logit_aic_difference,
    today_curve,
)
from relmark_research.economics.budget.spend_ledger import (
    ALL,
    COLUMNS,
    PURPOSES,
    SPLIT,
    Purpose,
    SpendLedger,
)
from relmark_research.economics.budget.unit_costs import net_payback
from relmark_research.economics.response.curve_shapes import Array, exponential_rate
from relmark_research.economics.response.response_curves import ResponseCurve
from relmark_research.economics.value_of_retention.payment_terms import PaymentTerms
from relmark_research.economics.value_of_retention.retention_value import (
    Payment,
    check_annual_margin,
    implausible,
    question_share,
)
from relmark_research.errors import DataError, ParameterError, check_level, unknown_name
from relmark_research.stats.intervals import percentile_interval
from relmark_research.units import AnnualRate, Period

_MOVED = 0.01  # change of a line's spend, as a share, that counts as one
_BETTER = 2.0  # AIC from which another curve fits better
AnnualMargins = float | Mapping[str, float] | pd.Series | pd.DataFrame


@short_repr
@dataclass(frozen=True, repr=False)
class SpendingPosition:
    """Current spending by segment and purpose, with fitted response curves.

    Attributes
    ----------
    today
        Annual totals at the current rate, by segment, the total last: the columns of the ledger.
    fits
        The fitted response curve of each segment and purpose.
    memories
        Evidence of trend, season and carry-over beside each curve, which all results contain.
    annual_margins
        By segment: annual_margin (money per customer and year) and standard_error.
    annual_discount_rate
        In [0, 1).
    observed_range
        Lowest and highest spend per head in the ledger, by segment and purpose.
    payment
        When customers pay and when they may leave.
    period
        Period of the retention curves: of their rate and of their spend per customer.
    """

    today: pd.DataFrame
    fits: CurveFits
    memories: CurveMemories
    annual_margins: pd.DataFrame
    annual_discount_rate: float
    observed_range: dict[tuple[str, Purpose], tuple[float, float]]
    payment: PaymentTerms
    period: Period

    @property
    def segments(self) -> list[str]:
        """The segments with both response curves."""
        return list(dict.fromkeys(segment for segment, _ in self.fits))

    @property
    def index(self) -> pd.MultiIndex:
        """Segment and purpose of each budget line."""
        pairs = [(segment, purpose) for purpose in PURPOSES for segment in self.segments]
        return pd.MultiIndex.from_tuples(pairs, names=["segment", "purpose"])

    @property
    def spend(self) -> Array:
        """Current spend per head, shape (lines,)."""
        return np.array([self.fits[line].curve.spend for line in self.index])

    @property
    def budget(self) -> float:
        """Current annual budget, money."""
        return float(self.spend @ self.lines().people)

    def equity(self, segment: str) -> CustomerEquity:
        """Return the customer equity model of one segment."""
        if segment not in self.segments:
            raise ParameterError(unknown_name("segment", segment, self.segments))
        acquisition, retention = (self.curve(segment, purpose) for purpose in PURPOSES)
        margin = float(self.annual_margins["annual_margin"][segment])
        return CustomerEquity(
            acquisition, retention, margin, self.annual_discount_rate, self.payment, self.period
        )

    def curve(self, segment: str, purpose: Purpose) -> ResponseCurve:
        """Return the response curve of a line, with the slope that its memory leaves it."""
        line = segment, purpose
        return today_curve(self.fits[line], self.memories[line])

    def lines(self, *, observed_range_only: bool = True) -> BudgetLines:
        """Return the budget lines at the maximum likelihood curves."""
        pairs = np.array([self.curve(*line).parameters for line in self.index]).T
        margins = self.annual_margins.loc[self.segments, "annual_margin"].to_numpy(float)
        return self._lines(pairs[0], pairs[1], margins, observed_range_only)

    def draws(self, n: int = 2000, *, seed: int, observed_range_only: bool = True) -> BudgetLines:
        """Return n draws of the budget lines: of all curves and of the margins."""
        if n < 2:
            raise ParameterError(f"draws must be at least 2 for an interval; found {n}.")
        pairs = [
            draw_pairs(self.fits[line], self.memories[line], n, seed=seed + i)
            for i, line in enumerate(self.index)
        ]
        ceiling, steepness = np.stack([np.stack(pair) for pair in pairs], axis=-1)
        columns = self.annual_margins.loc[self.segments]
        rng = np.random.default_rng(seed + len(pairs))
        margins = columns["annual_margin"].to_numpy(float)
        error = columns["standard_error"].to_numpy(float) / margins
        relative = np.exp(rng.standard_normal((n, len(margins))) * error - error**2 / 2)
        return self._lines(ceiling, steepness, margins * relative, observed_range_only)

    def marginal_returns(
        self, *, level: float = 0.95, draws: int = 2000, seed: int = 0
    ) -> pd.DataFrame:
        """Return the marginal return on spend, by segment and purpose.

        Returns
        -------
        DataFrame
            One row per line: spend (annual, money), people, spend_per_head, rate, marginal_cost,
            customer_value, marginal_return (customer value per additional unit of spend; profitable
            above 1) with _low and _high.
        """
        check_level(level)
        lines, drawn = self.lines(), self.draws(draws, seed=seed)
        low, high = percentile_interval(drawn.marginal_returns(self.spend), level)
        curves = [self.curve(*line) for line in self.index]
        columns = {
            "spend": self.spend * lines.people,
            "people": lines.people,
            "spend_per_head": self.spend,
            "rate": [curve.rate for curve in curves],
            "marginal_cost": [curve.marginal_cost(curve.spend) for curve in curves],
            "customer_value": lines.customer_value,
            "marginal_return": lines.marginal_returns(self.spend),
            "marginal_return_low": low,
            "marginal_return_high": high,
        }
        return pd.DataFrame(columns, index=self.index)

    def marginal_returns_by_purpose(
        self, *, level: float = 0.95, draws: int = 2000, seed: int = 0
    ) -> pd.DataFrame:
        """Return the marginal return on spend by purpose, with today's mix of segments.

        Returns
        -------
        DataFrame
            One row per purpose: spend (annual, money), marginal_return, marginal_return_low,
            marginal_return_high.
        """
        check_level(level)
        lines, drawn = self.lines(), self.draws(draws, seed=seed)
        spend = self.spend * lines.people
        rows = {}
        for purpose in PURPOSES:
            chosen = np.asarray(self.index.get_level_values("purpose") == purpose)
            shares = np.where(chosen, spend, 0) / spend[chosen].sum()
            interval = percentile_interval(drawn.marginal_returns(self.spend) @ shares, level)
            estimate = lines.marginal_returns(self.spend) @ shares
            rows[purpose] = [spend[chosen].sum(), estimate, *interval]
        columns = ["spend", "marginal_return", "marginal_return_low", "marginal_return_high"]
        return pd.DataFrame(rows, index=columns).T.rename_axis("purpose")

    def values(self, *, level: float = 0.95, draws: int = 2000, seed: int = 0) -> pd.DataFrame:
        """Return customer value and acquisition cost, with their ratio and the payback period.

        Returns
        -------
        DataFrame
            One row per segment: annual_margin, retention_rate (annual), customer_value (with _low
            and _high), acquisition_cost (average), value_to_cost (LTV : CAC),
            value_to_marginal_cost, and payback_months from margins net of retention spend, with
            churn and discounting (``inf`` for never).
        """
        check_level(level)
        drawn = self.draws(draws, seed=seed).customer_value[:, : len(self.segments)]
        low, high = percentile_interval(drawn, level)
        rows = []
        for segment, *interval in zip(self.segments, low, high, strict=True):
            equity = self.equity(segment)
            now, cost = equity.at(), self._average_cost(segment)
            rows.append(
                {
                    "segment": segment,
                    "annual_margin": equity.annual_margin,
                    "retention_rate": now.retention_rate,
                    "customer_value": now.customer_value,
                    "customer_value_low": interval[0],
                    "customer_value_high": interval[1],
                    "acquisition_cost": cost,
                    "value_to_cost": now.customer_value / cost,
                    "value_to_marginal_cost": now.customer_value / now.marginal_acquisition_cost,
                    "payback_months": self._payback_months(segment),
                }
            )
        return pd.DataFrame(rows).set_index("segment")

    def recommend(
        self,
        budget: float | None = None,
        *,
        observed_range_only: bool = True,
        level: float = 0.95,
        draws: int = 2000,
        seed: int = 0,
    ) -> BudgetRecommendation:
        """Return the optimal allocation of an annual budget, with intervals.

        Parameters
        ----------
        budget
            Annual budget, money; the current budget if None, ``inf`` for no constraint.
        observed_range_only
            Whether each spend per head must stay within the range observed in the ledger.
        level
            Probability of the intervals.
        draws, seed
            Number and seed of the draws of curves and margins.
        """
        check_level(level)
        limit = self.budget if budget is None else budget
        found = recommend_allocation(
            self.lines(observed_range_only=observed_range_only),
            self.draws(draws, seed=seed, observed_range_only=observed_range_only),
            self.spend,
            None if np.isinf(limit) else limit,
            index=self.index,
            level=level,
        )
        moved = self.index[(found.table["change"].abs() > _MOVED * found.table["today"]).to_numpy()]
        s_shaped = [line for line in moved if logit_aic_difference(self.fits[line]) < -_BETTER]
        return replace(found, s_shaped=tuple(s_shaped))

    def shift(
        self, share: float = 0.01, *, level: float = 0.95, draws: int = 2000, seed: int = 0
    ) -> BudgetShift:
        """Return the gain from moving a share of the budget from acquisition to retention.

        Acquisition spend is reduced and retention spend increased in proportion to current spend
        in each segment. A negative share moves money to acquisition.
        """
        check_level(level)
        acquisition = np.asarray(self.index.get_level_values("purpose") == "acquisition")
        drawn = self.draws(draws, seed=seed)
        return shift_budget(self.lines(), drawn, self.spend, acquisition, share, level=level)

    def questions(self) -> list[str]:
        """Return what is implausible about the position, as sentences; none if nothing is."""
        said = []
        for segment, row in self.values(draws=2).iterrows():
            where = "" if segment == ALL else f" in {segment}"
            spend = self.equity(str(segment)).at().retention_spend
            said += implausible(row["annual_margin"], row["retention_rate"], spend, where=where)
        return said

    def _summary(self) -> dict[str, object]:
        spend = self.today.iloc[-1]
        return {
            "segments": len(self.segments),
            "annual budget": self.budget,
            "acquisition spend": spend["acquisition_spend"],
            "retention spend": spend["retention_spend"],
            "annual discount rate": self.annual_discount_rate,
            "payments": self.payment,
            "retention rate per": self.period,
        }

    def _payback_months(self, segment: str) -> float:
        equity = self.equity(segment)
        now = equity.at()
        return net_payback(
            self._average_cost(segment),
            equity.annual_margin - now.retention_spend,
            now.retention_rate,
            self.annual_discount_rate,
            self.payment,
        ).months

    def _average_cost(self, segment: str) -> float:
        spend, _, acquired = self.today.loc[segment, list(COLUMNS["acquisition"])].to_numpy(float)
        return float(spend / acquired)

    def _lines(
        self, ceiling: Array, steepness: Array, margins: Array, observed_range_only: bool
    ) -> BudgetLines:
        half = len(self.segments)  # retention lines follow acquisition lines
        spend = self.spend[half:]
        rate = exponential_rate(ceiling[..., half:], steepness[..., half:], spend)
        value = self.payment.value(
            margins,
            rate**self.period.per_year,
            self.annual_discount_rate,
            retention_spend=spend * self.period.per_year,
        )
        people = [self.today.loc[segment, COLUMNS[purpose][1]] for segment, purpose in self.index]
        bounds = np.array([self.observed_range[line] for line in self.index]).T
        return BudgetLines(
            ceiling,
            steepness,
            np.array(people, float),
            np.concatenate([value, value], axis=-1),
            min_spend=bounds[0] if observed_range_only else 0.0,
            max_spend=bounds[1] if observed_range_only else np.inf,
        )


def spending_position(
    table: pd.DataFrame | str | SpendLedger,
    *,
    annual_margin: AnnualMargins,
    annual_discount_rate: float,
    by: str | None = None,
    period: str = "quarter",
    names: Mapping[str, str] | None = None,
    recent: int | None = None,
    payment: Payment = "month",
) -> SpendingPosition:
    """Fit the response curves of a spend ledger and return the current spending position.

    Parameters
    ----------
    table, by, period, names
        The spend ledger; see `SpendLedger.from_table`. How often a customer may leave, and so the
        period of the retention rate and of the spend per customer, follows from its flow (see
        `renewal_period`) or from ``payment``.
    annual_margin
        Money per customer and year, > 0: one number, a mapping or Series by segment, or the table
        returned by `first_year_margin`, whose standard errors enter the intervals.
    annual_discount_rate
        In [0, 1).
    recent
        Number of most recent periods that define current spend; None for all.
    payment
        Time between two payments, or `PaymentTerms` with the time between two renewals, which must
        be given if the flow of the books does not show it.

    Raises
    ------
    DataError
        If one of the six columns is missing, the curves of a segment cannot be fitted, or the books
        do not show how often a customer may leave, or contradict the terms.
    ParameterError
        If a margin is not money: below 1 and 1% of the acquisition cost.

    Examples
    --------
    >>> import relmark_research as rm
    >>> margins = {"web": 110, "mail": 160, "referral": 280, "fair": 390, "field": 1110}
    >>> position = spending_position(rm.load_sample("books"), by="channel", recent=4,
    ...                              annual_margin=margins, annual_discount_rate=0.10)
    >>> position.marginal_returns_by_purpose()["marginal_return"].round(2).to_dict()
    {'acquisition': 6.24, 'retention': 5.82}
    """
    ledger = SpendLedger.from_table(table, by=by, period=period, names=names)
    ledger.require(*SPLIT, purpose="spending_position")
    rate, terms = AnnualRate(annual_discount_rate).value, PaymentTerms.of(payment)
    renewal = stated_renewal(ledger, terms)
    if renewal.per_year < ledger.period.per_year:  # contracts longer than a period of the books
        terms = terms.renewing(renewal)
    latest = ledger.recent(recent)
    years = latest.table["period"].nunique() / ledger.periods_per_year
    today = latest.totals() / years
    fits, notes = fit_curves(ledger, today)
    if notes:
        raise DataError(
            f"every segment needs both response curves; {len(notes)} of {len(ledger.segments)} "
            f"lack one, first {next(iter(notes))!r}: {next(iter(notes.values()))} Remove these "
            "segments, or merge them with others."
        )
    observed = {line: (fit.data.spend.min(), fit.data.spend.max()) for line, fit in fits.items()}
    margins = _annual_margins(annual_margin, ledger.segments)
    costs = today["acquisition_spend"] / today["customers_won"]
    for segment in ledger.segments:
        margin = float(margins["annual_margin"][segment])
        question_share(margin, float(costs[segment]), "an acquisition cost")
    memories = fit_memories(ledger, fits)
    return SpendingPosition(today, fits, memories, margins, rate, observed, terms, renewal)


def _annual_margins(margin: AnnualMargins, segments: list[str]) -> pd.DataFrame:
    if isinstance(margin, pd.DataFrame):
        if "annual_margin" not in margin:
            raise ParameterError(unknown_name("column", "annual_margin", margin.columns))
        table = margin.reindex(columns=["annual_margin", "standard_error"])
    else:
        several = isinstance(margin, Mapping | pd.Series)
        given = margin if several else dict.fromkeys(segments, margin)
        values = pd.Series(dict(given), dtype=float)  # type: ignore[arg-type]
        table = pd.DataFrame({"annual_margin": values, "standard_error": 0.0})
    if segments == [ALL] and len(table) == 1:
        table = table.set_axis([ALL])
    elif list(table.index) == [ALL]:
        table = table.loc[[ALL] * len(segments)].set_axis(segments)
    missing = [segment for segment in segments if segment not in table.index]
    if missing:
        raise ParameterError(
            f"annual_margin must have every segment of the ledger; missing: "
            f"{', '.join(map(repr, missing))}; found: {', '.join(map(str, table.index))}."
        )
    for value in table.loc[segments, "annual_margin"]:
        check_annual_margin(float(value))
    smallest = float(table.loc[segments, "standard_error"].min())
    if smallest < 0:
        raise ParameterError(f"standard_error must be 0 or more; found {smallest:g}.")
    return table.loc[segments].fillna({"standard_error": 0.0})
