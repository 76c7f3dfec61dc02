"""Where a firm stands with its spending, and how next year's budget should be split.

A customer won next year and one kept next year are both worth V(R) = (m (1 + d) - R) / (1 + d - r):
the year's margin now, and what is still to come if afterwards all goes on as today. So the next
unit of money belongs where the marginal cost is lowest against V, and within one segment the
comparison of winning with keeping does not even depend on V.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from relmark_research.economics.budget.allocation import Lines
from relmark_research.economics.budget.budget_advice import (
    Recommendation,
    Shift,
    recommended,
    shifted,
)
from relmark_research.economics.budget.customer_equity import CustomerEquity
from relmark_research.economics.budget.ledger_curves import Fits, fit_curves
from relmark_research.economics.budget.spend_ledger import ALL, COLUMNS, PURPOSES, Books, Purpose
from relmark_research.economics.budget.unit_costs import payback
from relmark_research.economics.response.curve_shapes import Array, exponential_rate
from relmark_research.economics.value_of_retention.retention_value import check_margin
from relmark_research.errors import DataError, ParameterError, unknown_name
from relmark_research.stats.intervals import percentile_interval
from relmark_research.units import AnnualRate


@dataclass(frozen=True)
class SpendingPosition:
    """Today's spending by segment and purpose, with its curves.

    Attributes
    ----------
    today
        Sums of a year at today's pace, by segment, all last: the columns of the books.
    fits
        The fitted curve of each segment and purpose.
    margins
        By segment: margin (money per customer and year) and standard_error.
    annual_discount_rate
        In [0, 1).
    tried
        Lowest and highest spend per head in the books, by segment and purpose.
    """

    today: pd.DataFrame
    fits: Fits
    margins: pd.DataFrame
    annual_discount_rate: float
    tried: dict[tuple[str, Purpose], tuple[float, float]]

    @property
    def segments(self) -> list[str]:
        """The segments with both curves."""
        return list(dict.fromkeys(segment for segment, _ in self.fits))

    @property
    def index(self) -> pd.MultiIndex:
        """Segment and purpose of each line of the budget."""
        pairs = [(segment, purpose) for purpose in PURPOSES for segment in self.segments]
        return pd.MultiIndex.from_tuples(pairs, names=["segment", "purpose"])

    @property
    def spend(self) -> Array:
        """Today's spend per head, shape (lines,)."""
        return np.array([self.fits[line].curve.spend for line in self.index])

    @property
    def budget(self) -> float:
        """Today's budget of a year, money."""
        return float(self.spend @ self.lines().heads)

    def equity(self, segment: str) -> CustomerEquity:
        """Return the customer equity model of one segment."""
        if segment not in self.segments:
            raise ParameterError(unknown_name("segment", segment, self.segments))
        won, kept = (self.fits[segment, purpose].curve for purpose in PURPOSES)
        margin = float(self.margins["margin"][segment])
        return CustomerEquity(won, kept, margin, self.annual_discount_rate)

    def lines(self, *, tried_only: bool = True) -> Lines:
        """Return the budget's lines at the curves of highest likelihood."""
        pairs = np.array([self.fits[line].curve.parameters for line in self.index]).T
        margins = self.margins.loc[self.segments, "margin"].to_numpy(float)
        return self._lines(pairs[0], pairs[1], margins, tried_only)

    def draws(self, n: int = 2000, *, seed: int, tried_only: bool = True) -> Lines:
        """Return n draws of the lines: of every curve, and of the margins."""
        if n < 2:
            raise ParameterError(f"an interval needs at least 2 draws; found {n}.")
        pairs = [
            self.fits[line].draws(n, seed=seed + place).to_numpy()
            for place, line in enumerate(self.index)
        ]
        ceiling, steepness = np.stack(pairs, axis=-1).transpose(1, 0, 2)
        margins = self.margins.loc[self.segments]
        rng = np.random.default_rng(seed + len(pairs))
        error = margins["standard_error"].to_numpy(float) / margins["margin"].to_numpy(float)
        relative = np.exp(rng.standard_normal((n, len(margins))) * error - error**2 / 2)
        drawn = margins["margin"].to_numpy(float) * relative
        return self._lines(ceiling, steepness, drawn, tried_only)

    def returns(self, *, level: float = 0.95, draws: int = 2000, seed: int = 0) -> pd.DataFrame:
        """Return what the next unit of money brings in each segment, by purpose.

        Returns
        -------
        DataFrame
            Row per line: spend (money in the year), heads, spend_per_head, rate, marginal_cost,
            worth (of a customer), next_unit (money of customer value per unit of money spent; above
            1 it pays) with _low and _high.
        """
        lines, drawn = self.lines(), self.draws(draws, seed=seed)
        ends = percentile_interval(drawn.returns(self.spend), level)
        curves = [self.fits[line].curve for line in self.index]
        columns = {
            "spend": self.spend * lines.heads,
            "heads": lines.heads,
            "spend_per_head": self.spend,
            "rate": [curve.rate for curve in curves],
            "marginal_cost": [curve.marginal_cost(curve.spend) for curve in curves],
            "worth": lines.worth,
            "next_unit": lines.returns(self.spend),
            "next_unit_low": ends[0],
            "next_unit_high": ends[1],
        }
        return pd.DataFrame(columns, index=self.index)

    def next_unit(self, *, level: float = 0.95, draws: int = 2000, seed: int = 0) -> pd.DataFrame:
        """Return what the next unit of money brings by purpose, spread over segments as today's.

        Returns
        -------
        DataFrame
            Row per purpose: spend (money in the year), next_unit, next_unit_low, next_unit_high.
        """
        lines, drawn = self.lines(), self.draws(draws, seed=seed)
        spend = self.spend * lines.heads
        rows = {}
        for purpose in PURPOSES:
            mine = np.asarray(self.index.get_level_values("purpose") == purpose)
            shares = np.where(mine, spend, 0) / spend[mine].sum()
            ends = percentile_interval(drawn.returns(self.spend) @ shares, level)
            rows[purpose] = [spend[mine].sum(), lines.returns(self.spend) @ shares, *ends]
        columns = ["spend", "next_unit", "next_unit_low", "next_unit_high"]
        return pd.DataFrame(rows, index=columns).T.rename_axis("purpose")

    def values(self, *, level: float = 0.95, draws: int = 2000, seed: int = 0) -> pd.DataFrame:
        """Return what a customer is worth, against what winning one costs.

        Returns
        -------
        DataFrame
            Row per segment: margin, retention_rate, customer_value (with _low and _high),
            acquisition_cost (average), value_to_cost (LTV : CAC), value_to_marginal_cost, and
            payback months with churn and discount (``inf`` is never).
        """
        drawn = self.draws(draws, seed=seed).worth[:, : len(self.segments)]
        low, high = percentile_interval(drawn, level)
        rows = []
        for segment, *ends in zip(self.segments, low, high, strict=True):
            equity = self.equity(segment)
            now, cost = equity.at(), self._average_cost(segment)
            paid = payback(
                cost,
                equity.margin,
                retention_rate=now.retention_rate,
                annual_discount_rate=self.annual_discount_rate,
            )
            rows.append(
                {
                    "segment": segment,
                    "margin": equity.margin,
                    "retention_rate": now.retention_rate,
                    "customer_value": now.customer_value,
                    "customer_value_low": ends[0],
                    "customer_value_high": ends[1],
                    "acquisition_cost": cost,
                    "value_to_cost": now.customer_value / cost,
                    "value_to_marginal_cost": now.customer_value / now.acquisition_marginal_cost,
                    "payback_months": paid.months,
                }
            )
        return pd.DataFrame(rows).set_index("segment")

    def recommend(
        self,
        budget: float | None = None,
        *,
        tried_only: bool = True,
        level: float = 0.95,
        draws: int = 2000,
        seed: int = 0,
    ) -> Recommendation:
        """Return the best split of a year's budget, with its doubt.

        Parameters
        ----------
        budget
            Money for the year; today's if None, ``inf`` for no limit.
        tried_only
            Keep every spend per head within the range that the books have seen.
        level
            Probability of the intervals.
        draws, seed
            Of the curves and margins.
        """
        given = self.budget if budget is None else budget
        return recommended(
            self.lines(tried_only=tried_only),
            self.draws(draws, seed=seed, tried_only=tried_only),
            self.spend,
            None if np.isinf(given) else given,
            index=self.index,
            level=level,
        )

    def shift(
        self, share: float = 0.01, *, level: float = 0.95, draws: int = 2000, seed: int = 0
    ) -> Shift:
        """Return what moving a share of the budget from acquisition to retention would bring.

        What is taken is taken from the segments in proportion to their spend on acquisition, and
        given in proportion to their spend on retention. A negative share moves the other way.
        """
        winning = np.asarray(self.index.get_level_values("purpose") == "acquisition")
        return shifted(
            self.lines(), self.draws(draws, seed=seed), self.spend, winning, share, level=level
        )

    def _average_cost(self, segment: str) -> float:
        spend, _, won = self.today.loc[segment, list(COLUMNS["acquisition"])].to_numpy(float)
        return float(spend / won)

    def _lines(self, ceiling: Array, steepness: Array, margins: Array, tried_only: bool) -> Lines:
        half = len(self.segments)
        kept = self.spend[half:]
        rate = exponential_rate(ceiling[..., half:], steepness[..., half:], kept)
        grown = 1 + self.annual_discount_rate
        worth = (margins * grown - kept) / (grown - rate)
        heads = [self.today.loc[segment, COLUMNS[purpose][1]] for segment, purpose in self.index]
        bounds = np.array([self.tried[line] for line in self.index]).T
        return Lines(
            ceiling,
            steepness,
            np.array(heads, float),
            np.concatenate([worth, worth], axis=-1),
            least=bounds[0] if tried_only else 0.0,
            most=bounds[1] if tried_only else np.inf,
        )


# From a firm's books to where it stands with its spending.

Margins = float | Mapping[str, float] | pd.Series | pd.DataFrame


def spending_position(
    table: pd.DataFrame | str | Books,
    *,
    margin: Margins,
    annual_discount_rate: float,
    by: str | None = None,
    period: str = "quarter",
    names: Mapping[str, str] | None = None,
    recent: int | None = None,
) -> SpendingPosition:
    """Fit the curves of the books and return where the firm stands.

    Parameters
    ----------
    table, by, period, names
        The books; see `Books.of`. What is spent on keeping is spent on accounts up for renewal,
        each once a year, so that spend per customer at risk is money per customer and year.
    margin
        Money per customer and year: one number, a mapping or Series by segment, or the table that
        `first_year_margin` gives, whose standard errors then count as doubt.
    annual_discount_rate
        In [0, 1).
    recent
        Number of last periods that make today; None takes all.

    Raises
    ------
    DataError
        Where a segment's curves cannot be fitted, and why.

    Examples
    --------
    >>> import relmark_research as rm
    >>> margin = {"web": 110, "mail": 160, "referral": 280, "fair": 390, "field": 1110}
    >>> position = spending_position(rm.load_sample("books"), by="channel", recent=4,
    ...                              margin=margin, annual_discount_rate=0.10)
    >>> position.next_unit()["next_unit"].round(2).to_dict()
    {'acquisition': 6.55, 'retention': 6.1}
    """
    books = Books.of(table, by=by, period=period, names=names)
    rate = AnnualRate(annual_discount_rate).value
    recently = books.recent(recent)
    years = recently.table["period"].nunique() / books.periods_per_year
    today = recently.totals() / years
    fits, notes = fit_curves(books, today)
    if notes:
        raise DataError(
            f"the budget can be split where both curves are known; {len(notes)} of "
            f"{len(books.segments)} segments lack one, first {next(iter(notes))!r}: "
            f"{next(iter(notes.values()))} Leave these segments out, or join them with others."
        )
    tried = {line: (fit.counts.spend.min(), fit.counts.spend.max()) for line, fit in fits.items()}
    return SpendingPosition(today, fits, _margins(margin, books.segments), rate, tried)


def _margins(margin: Margins, segments: list[str]) -> pd.DataFrame:
    if isinstance(margin, pd.DataFrame):
        if "margin" not in margin:
            raise ParameterError(unknown_name("column", "margin", margin.columns))
        table = margin.reindex(columns=["margin", "standard_error"])
    else:
        given = (
            margin if isinstance(margin, Mapping | pd.Series) else dict.fromkeys(segments, margin)
        )
        table = pd.DataFrame({"margin": pd.Series(dict(given), dtype=float), "standard_error": 0.0})
    if segments == [ALL] and len(table) == 1:
        table = table.set_axis([ALL])
    missing = [segment for segment in segments if segment not in table.index]
    if missing:
        raise ParameterError(
            f"margin must have every segment of the books; {', '.join(map(repr, missing))} missing "
            f"(there are: {', '.join(map(str, table.index))}). Add them."
        )
    for value in table.loc[segments, "margin"]:
        check_margin(float(value))
    least = float(table.loc[segments, "standard_error"].min())
    if least < 0:
        raise ParameterError(f"a margin's standard error is 0 or more; found {least:g}.")
    return table.loc[segments].fillna({"standard_error": 0.0})
