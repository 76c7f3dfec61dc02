"""When a customer pays and when they may leave, and the conversions of rates that follow.

Symbols: r annual retention rate, d annual discount rate, m annual margin, R annual retention spend,
n payments a year, k occasions a year on which a customer may leave (k = n unless a contract says
otherwise). With D = (1 + d)^(1/k) and a = (k/n) sum_{j < n/k} (1 + d)^(-j/n), the present value of
the payments between two such occasions as a share of their sum, a customer has the value

    V = (a D m/k - R/k) / (D - r^(1/k)).

With one payment a year (n = k = 1) this is (m (1 + d) - R) / (1 + d - r).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from relmark_research._repr import short_repr
from relmark_research.errors import ParameterError
from relmark_research.units import AnnualRate, Period


@short_repr
@dataclass(frozen=True, repr=False)
class PaymentTerms:
    """How often a customer pays, and how often they may leave.

    Parameters
    ----------
    period
        Time between two payments: ``"month"``, ``"quarter"``, ``"year"`` or a `Period`.
    renewal
        Time between two occasions on which a customer may leave, such as ``"year"`` for annual
        contracts; a whole number of payment periods. None: they may leave at every payment.

    Examples
    --------
    >>> terms = PaymentTerms("month")
    >>> round(terms.value(100, 0.958**12, 0.10, retention_spend=12 * 2.5), 1)
    118.1
    >>> round(PaymentTerms("year").value(50, 0.60, 0.10, retention_spend=8), 1)  # Blattberg
    94.0
    """

    period: str | Period = "month"
    renewal: str | Period | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "period", Period.of(self.period))
        if self.renewal is None:
            return
        object.__setattr__(self, "renewal", Period.of(self.renewal))
        payments = self.payments_per_year / self.renewals_per_year
        if abs(payments - round(payments)) > 1e-9 or round(payments) < 1:
            raise ParameterError(
                "a customer may leave after a whole number of payments; found a payment every "
                f"{self.period} and a renewal every {self.renewal}. Use a renewal that is as long "
                "as the payment period or longer."
            )

    @classmethod
    def of(cls, payment: str | Period | PaymentTerms) -> PaymentTerms:
        """Return payment terms given as such, or as the period of a payment."""
        return payment if isinstance(payment, PaymentTerms) else cls(payment)

    @property
    def payments_per_year(self) -> float:
        """n."""
        return Period.of(self.period).per_year

    @property
    def renewals_per_year(self) -> float:
        """k, at most n."""
        return Period.of(self.period if self.renewal is None else self.renewal).per_year

    def renewing(self, renewal: Period) -> PaymentTerms:
        """Return the terms with this renewal, unless they state one or pay less often."""
        if self.renewal is not None or renewal.per_year >= self.payments_per_year:
            return self
        return PaymentTerms(self.period, renewal)

    def annuity(self, annual_discount_rate: float) -> float:
        """Return a, the present value of the payments until the next renewal over their sum."""
        n, k = self.payments_per_year, self.renewals_per_year
        growth = 1 + AnnualRate(annual_discount_rate).value
        return float((growth ** (-np.arange(round(n / k)) / n)).mean())

    def value(
        self,
        annual_margin: Any,
        retention_rate: Any,
        annual_discount_rate: float,
        *,
        retention_spend: Any = 0.0,
    ) -> Any:
        """Return V on the day of acquisition: the first payment is received now.

        Parameters
        ----------
        annual_margin, retention_spend
            Money per customer and year; numbers or arrays.
        retention_rate, annual_discount_rate
            Per year, in [0, 1).
        """
        k = self.renewals_per_year
        growth = (1 + annual_discount_rate) ** (1 / k)
        margin = annual_margin * self.annuity(annual_discount_rate)
        retained = retention_rate ** (1 / k)
        return (margin * growth - retention_spend) / k / (growth - retained)

    def _summary(self) -> dict[str, object]:
        return {"period": self.period, "renewal": self.renewal}

    def __str__(self) -> str:
        if self.renewal is None:
            return f"a payment every {self.period}"
        return f"a payment every {self.period}, a renewal every {self.renewal}"


def annual_retention(
    rates: float | Sequence[float] | np.ndarray, period: str | Period = "year"
) -> float:
    """Return the annual retention rate of period rates: their product over a year.

    Parameters
    ----------
    rates
        Retention rates of successive periods, in [0, 1]: those of one year, of several years, or
        of a part of one. A single rate holds in every period of the year.
    period
        Length of each period.

    Returns
    -------
    float
        (r_1 r_2 ... r_n)^(periods a year / n); for the n periods of one year their product.

    Raises
    ------
    ParameterError
        If a rate is outside [0, 1], or there is none.

    Examples
    --------
    >>> round(annual_retention(0.958, "month"), 4)
    0.5976
    >>> round(annual_retention([0.97, 0.96, 0.95, 0.94], "quarter"), 4)
    0.8316
    """
    found = np.atleast_1d(np.asarray(rates, float))
    wrong = ~((found >= 0) & (found <= 1))
    if len(found) == 0 or wrong.any():
        first = f"; found {found[wrong][0]:g}" if wrong.any() else "; found none"
        raise ParameterError(
            f"retention rates must be shares in [0, 1], e.g. 0.97 for 97%{first}. "
            "A rate is the share of a period's customers that is still there at its end."
        )
    exponent = Period.of(period).per_year / len(found)
    if (found == 0).any():
        return 0.0
    return float(np.exp(np.log(found).sum() * exponent))
