"""The forecast of a total over customers: purchases or value, with an interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from relmark_research._repr import html_table, one_line


@dataclass(frozen=True, repr=False)
class TotalForecast:
    """The forecast of a sum over customers.

    Attributes
    ----------
    expected
        Sum of the customers' expectations: purchases, or money.
    low, high
        Interval of the sum, in the same unit; None without a level.
    level
        Probability of the interval, in (0, 1).
    n_customers
        Customers in the sum.
    kind
        ``"estimate"``: the interval holds the uncertainty of the parameters only.
        ``"prediction"``: it also holds the randomness of the customers' purchases and spend.

    Examples
    --------
    >>> TotalForecast(1653.4, 1580.2, 1730.1, level=0.95, n_customers=2357)
    <TotalForecast: expected 1,653, low 1,580, high 1,730, level 0.95, customers 2,357>
    """

    expected: float
    low: float | None
    high: float | None
    level: float | None
    n_customers: int
    kind: Literal["estimate", "prediction"] = "estimate"

    @property
    def per_customer(self) -> tuple[float, float | None, float | None]:
        """The expected value, low and high divided by the number of customers."""
        n = self.n_customers
        low, high = (None if end is None else end / n for end in (self.low, self.high))
        return self.expected / n, low, high

    def _rows(self) -> dict[str, object]:
        rows: dict[str, object] = {"expected": self.expected}
        if self.level is not None:
            rows |= {"low": self.low, "high": self.high, "level": self.level}
        return rows | {"customers": self.n_customers}

    def __repr__(self) -> str:
        return one_line(type(self).__name__, self._rows())

    def _repr_html_(self) -> str:
        return html_table("Total forecast", self._rows() | {"interval": self.kind})
