"""What a firm's spend does to its customers, from its books over time.

For a firm that knows neither its prospects nor what each customer was offered: customers won
against acquisition spend (or all marketing spend), and the hazard of losing a customer against
retention spend per customer, each with trend, season, carry-over and price
(`response_with_memory`). Spend in books was not assigned at random: what is measured is how
customers and spend move together once these are taken out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from relmark_research._repr import short_repr
from relmark_research.economics.budget.book_flow import all_rates
from relmark_research.economics.budget.books_value import BooksValue, mean_customers
from relmark_research.economics.budget.budget_advice import BudgetShift
from relmark_research.economics.budget.spend_ledger import Purpose, SpendLedger
from relmark_research.economics.response.curve_shapes import Array
from relmark_research.economics.response.response_with_memory import (
    Memory,
    ResponseWithMemory,
    response_with_memory,
)
from relmark_research.errors import DataError, ParameterError, check_choice, check_level
from relmark_research.stats.intervals import percentile_interval

_DRAWS = 4000


@short_repr
@dataclass(frozen=True, repr=False)
class BooksResponse:
    """The response of customers to spend in a firm's books.

    Attributes
    ----------
    purpose
        ``"acquisition"`` or ``"retention"``.
    spend_column
        The column of spend: acquisition_spend, retention_spend, or marketing_spend, where not all
        of it may be meant to acquire customers.
    fit
        The fitted response: of customers won to spend, or of the hazard to spend per customer.
    average_cost
        Money per customer won; or retention spend per customer kept for a period.
    slope
        Marginal cost x elasticity, money: what one customer more costs at an elasticity of 1.
    annual_spend
        Spend of the last year, money.
    """

    purpose: Purpose
    spend_column: str
    fit: ResponseWithMemory
    average_cost: float
    slope: float
    annual_spend: float

    def marginal_cost(self, level: float = 0.95) -> tuple[float, float, float]:
        """Return the cost of one customer more, won or kept for a period, with its interval.

        The upper end is ``inf`` where the books do not exclude that spend has no effect.
        """
        low, high = self.fit.elasticity_interval(level)
        ends = [self.slope / end if end > 0 else np.inf for end in (high, low)]
        middle = self.fit.elasticity
        return self.slope / middle if middle > 0 else np.inf, ends[0], ends[1]

    def customers_per_money(self, n: int = _DRAWS, *, seed: int = 0) -> Array:
        """Return draws of the customers won or kept by one more unit of money, shape (n,)."""
        drawn: Array = self.fit.draws(n, seed=seed) / self.slope
        return drawn

    def _summary(self) -> dict[str, object]:
        cost, low, high = self.marginal_cost()
        return {
            "purpose": self.purpose,
            "spend": self.spend_column,
            "periods": len(self.fit.table),
            "average cost": self.average_cost,
            "marginal cost": f"{cost:,.4g} ({low:,.4g} to {high:,.4g})",
            "identification": self.fit.grade,
        }


def books_response(
    ledger: SpendLedger, *, purpose: Purpose = "acquisition", memory: Memory | None = None
) -> BooksResponse:
    """Fit the response of customers won, or kept, to the spend in a firm's books.

    Parameters
    ----------
    ledger
        The books. Acquisition needs customers_won and acquisition_spend or marketing_spend;
        retention needs retention_spend and a retention rate (see `book_retention`). The longest
        run of periods without a gap or a zero is used, the latest of equal ones; a column
        ``price`` enters if it is known in all of them.
    purpose
        ``"acquisition"`` or ``"retention"``.
    memory
        What else may move customers; None for trend, season and carry-over.

    Raises
    ------
    DataError
        If a column is missing, there are too few periods, or spend does not vary.

    Examples
    --------
    >>> import relmark_research as rm
    >>> ledger = SpendLedger.from_table(rm.load_sample("books"), by="channel")
    >>> response = books_response(ledger)
    >>> response.spend_column, len(response.fit.table)
    ('acquisition_spend', 12)
    """
    check_choice("purpose", purpose, ("acquisition", "retention"))
    firm = ledger.firm()
    if purpose == "retention":
        return _retention(ledger, firm, memory)
    column = next((n for n in ("acquisition_spend", "marketing_spend") if n in firm), None)
    if column is None or "customers_won" not in firm:
        raise DataError(
            "the response of acquisition needs customers_won and acquisition_spend or "
            f"marketing_spend; found {', '.join(firm.columns)}. Add them to the books."
        )
    used = _longest_run(firm, ["customers_won", column])
    price = used["price"] if "price" in used and used["price"].notna().all() else None
    fit = response_with_memory(used["customers_won"], used[column], price=price, memory=memory)
    last = used.iloc[-ledger.periods_per_year :]
    average = float(last[column].sum() / last["customers_won"].sum())
    return BooksResponse(
        purpose, column, fit, average, average, float(last[column].mean() * ledger.periods_per_year)
    )


def _retention(ledger: SpendLedger, firm: pd.DataFrame, memory: Memory | None) -> BooksResponse:
    """Fit the hazard of losing a customer to retention spend per customer."""
    customers = mean_customers(firm)
    if "retention_spend" not in firm or customers is None:
        raise DataError(
            "the response of retention needs retention_spend and the number of customers; found "
            f"{', '.join(firm.columns)}. Add them to the books."
        )
    _, rates = all_rates(ledger)
    at_risk = firm.get("customers_at_risk", customers)
    frame = firm.assign(rate=rates["rate"], at_risk=at_risk)
    used = _longest_run(frame, ["rate", "at_risk", "retention_spend"])
    hazard = -np.log(used["rate"].clip(1e-9, 1 - 1e-9))
    per_head = used["retention_spend"] / used["at_risk"]
    price = used["price"] if "price" in used and used["price"].notna().all() else None
    fit = response_with_memory(hazard, per_head, price=price, memory=memory, response="fewer")
    last = slice(-ledger.periods_per_year, None)
    spend, people = used["retention_spend"].iloc[last], used["at_risk"].iloc[last]
    kept = (used["rate"] * used["at_risk"]).iloc[last].sum()
    gained = (used["rate"] * hazard * used["at_risk"]).iloc[last].sum()  # per unit of elasticity
    return BooksResponse(
        "retention",
        "retention_spend",
        fit,
        float(spend.sum() / kept),
        float(spend.sum() / gained),
        float(spend.sum() / len(people) * ledger.periods_per_year),
    )


def shift_by_response(
    firm: BooksValue,
    acquisition: BooksResponse,
    retention: BooksResponse,
    share: float = 0.01,
    *,
    level: float = 0.95,
    seed: int = 0,
) -> BudgetShift:
    """Return the gain from moving a share of both budgets from acquisition to retention.

    Parameters
    ----------
    firm
        Value of a customer, acquired or kept.
    acquisition, retention
        The responses of the books.
    share
        Share of both budgets together; a negative share moves money to acquisition.
    level
        Probability of the interval.
    seed
        Seed of the draws of both responses and of the retention rate.

    Returns
    -------
    BudgetShift
        amount x value x (customers kept - customers won per unit of money), with carry-over, trend,
        season and price integrated out.
    """
    check_level(level)
    if share == 0 or not np.isfinite(share):
        raise ParameterError(f"share must be a share of the budget other than 0; found {share!r}.")
    amount = share * (acquisition.annual_spend + retention.annual_spend)
    value = firm.value_at(firm.draws(_DRAWS, seed=seed + 2))
    kept, won = (
        side.customers_per_money(seed=seed + place)
        for place, side in enumerate((retention, acquisition))
    )
    gains = amount * value * (kept - won)
    low, high = percentile_interval(gains, level)
    per_money = retention.fit.elasticity / retention.slope
    per_money -= acquisition.fit.elasticity / acquisition.slope
    return BudgetShift(
        share=share,
        amount=float(amount),
        gain=float(amount * firm.customer_value * per_money),
        gain_low=float(low),
        gain_high=float(high),
        probability=float(((gains > 0).sum() + 0.5) / (len(gains) + 1)),
    )


def _longest_run(frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Return the longest run of periods without a gap, all columns known and above 0."""
    known = frame[(frame[columns] > 0).all(axis=1)]
    if known.empty:
        needed = {"rate": "a retention rate", "at_risk": "customers at risk"}
        raise DataError(
            "the response needs periods with "
            f"{' and '.join(needed.get(name, name) for name in columns)} above 0; found none. Add "
            "them to the books."
        )
    ordinals = known.index.astype("int64").to_numpy()
    runs = np.split(np.arange(len(known)), np.flatnonzero(np.diff(ordinals) > 1) + 1)
    return known.iloc[max(reversed(runs), key=len)]
