"""Response curves: acquisition rate or retention rate as a function of spend per head.

A curve is calibrated to the current rate and a ceiling set by judgement, or fitted to counts.
Blattberg and Deighton's curve rises from 0 towards its ceiling; the logit curve is S-shaped, has a
positive rate at zero spend, and rises towards 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from relmark_research._repr import html_table
from relmark_research.economics.response import response_fit
from relmark_research.economics.response.binomial_data import BinomialData
from relmark_research.economics.response.curve_shapes import (
    EXPONENTIAL,
    LOGIT,
    Array,
    Curve,
    Shape,
    smallest_spend,
)
from relmark_research.economics.response.response_fit import ResponseFit
from relmark_research.errors import DataError, ParameterError, check_number

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, repr=False)
class ResponseCurve:
    """Blattberg and Deighton's curve: rate = ceiling x (1 - exp(-steepness x spend)).

    Parameters
    ----------
    ceiling
        Upper limit of the rate at any spend, in (0, 1].
    rate
        Current rate, reached at ``spend``, in (0, ceiling).
    spend
        Current spend, > 0: money per prospect reached (acquisition), or per customer and year
        (retention).

    Raises
    ------
    ParameterError
        If an argument is outside its domain.

    References
    ----------
    Blattberg & Deighton (1996), Manage marketing by the customer equity test, Harvard Business
    Review 74(4), 136-144.

    Examples
    --------
    >>> curve = ResponseCurve(ceiling=0.10, rate=0.04, spend=1)  # acquisition
    >>> round(curve.steepness, 4), round(curve.marginal_cost(1), 2)
    (0.5108, 32.63)
    """

    ceiling: float
    rate: float
    spend: float

    def __post_init__(self) -> None:
        if not 0 < self.ceiling <= 1:
            raise ParameterError(
                f"ceiling must be a share in (0, 1], e.g. 0.4 for 40%; found {self.ceiling!r}."
            )
        check_spend(self.spend, "spend", above_zero=True)
        if not 0 < self.rate < self.ceiling:
            raise ParameterError(
                f"rate must be between 0 and the ceiling ({self.ceiling:g}); found {self.rate!r}. "
                "Use a higher ceiling: it is the rate with an unlimited budget."
            )

    @property
    def steepness(self) -> float:
        """k = -ln(1 - rate / ceiling) / spend, per unit of money."""
        return float(-np.log1p(-self.rate / self.ceiling) / self.spend)

    @property
    def parameters(self) -> tuple[float, float]:
        """The ceiling and the steepness."""
        return self.ceiling, self.steepness

    def rate_at(self, spend: ArrayLike) -> Array:
        """Return the rate at a spend, ceiling x (1 - exp(-k spend))."""
        return EXPONENTIAL.rate(*_floats(self.parameters), checked_spend(spend))

    def slope_at(self, spend: ArrayLike) -> Array:
        """Return d rate / d spend: additional successes per additional unit of money."""
        return EXPONENTIAL.slope(*_floats(self.parameters), checked_spend(spend))

    def marginal_cost(self, spend: float) -> float:
        """Return the cost of one additional success, exp(k spend) / (c k); money."""
        return _inverse(self.slope_at(spend))

    def average_cost(self, spend: float) -> float:
        """Return the average cost per success, spend / rate; at 0 its limit, 1 / (c k)."""
        return _average(self.rate_at, self.slope_at, spend)

    def spend_for_slope(self, slope: float) -> float:
        """Return the spend at which d rate / d spend equals ``slope``, at least 0."""
        ceiling, steepness = self.parameters
        return max(0.0, float(np.log(ceiling * steepness / slope)) / steepness)

    def at_spend(self, spend: float) -> Self:
        """Return the same curve with another current spend."""
        return type(self)(self.ceiling, float(self.rate_at(spend)), spend)

    @classmethod
    def from_steepness(cls, ceiling: float, steepness: float, *, spend: float) -> Self:
        """Return the curve with this ceiling and steepness and the current ``spend``."""
        rate = float(EXPONENTIAL.rate(*_floats((ceiling, steepness)), np.asarray(spend)))
        return cls(ceiling, min(rate, ceiling * (1 - 1e-15)), spend)

    @classmethod
    def fit(
        cls,
        spend: ArrayLike,
        successes: ArrayLike,
        trials: ArrayLike,
        *,
        today: float | None = None,
    ) -> ResponseFit:
        """Fit ceiling and steepness by binomial maximum likelihood.

        Parameters
        ----------
        spend
            Money per head in each period (or region), >= 0, shape (periods,).
        successes, trials
            Customers acquired and prospects reached, or customers retained and customers at risk,
            shape (periods,).
        today
            Current spend; the mean spend per trial if None.

        Returns
        -------
        ResponseFit
            The maximum likelihood curve, of sum of s ln(p) + (n - s) ln(1 - p), with intervals.

        Raises
        ------
        DataError
            If counts or spends are invalid, there are fewer than two different spends, or successes
            occur at zero spend (where this curve is 0).

        Examples
        --------
        >>> import numpy as np
        >>> spend = np.array([0.5, 1, 2, 4])
        >>> fit = ResponseCurve.fit(spend, [230, 400, 640, 870], [10_000] * 4)
        >>> fit.summary().loc["ceiling"].round(3).to_dict()
        {'estimate': 0.099, 'low': 0.09, 'high': 0.112}
        """
        data = BinomialData(spend, successes, trials)  # type: ignore[arg-type]
        unpaid, reached = (part[data.spend == 0].sum() for part in (data.successes, data.trials))
        if unpaid > 0:
            raise DataError(
                f"this curve has a rate of 0 at zero spend; found {unpaid:,.0f} successes in "
                f"{reached:,.0f} trials at a spend of 0. Fit a LogitCurve instead."
            )
        if len(np.unique(data.spend[data.spend > 0])) < 2:
            raise DataError(
                "this curve needs at least 2 different spends above 0; found 1. Vary the spend, or "
                "set a ceiling by judgement: ResponseCurve(ceiling=..., rate=..., spend=...)."
            )
        return _fitted(EXPONENTIAL, data, cls.from_steepness, today)

    def __repr__(self) -> str:
        return _constructor(self)

    def _repr_html_(self) -> str:
        rows = {name: getattr(self, name) for name in ("ceiling", "rate", "spend", "steepness")}
        return html_table("Response curve", rows)


@dataclass(frozen=True, repr=False)
class LogitCurve:
    """S-shaped response curve: rate = 1 / (1 + exp(-intercept - slope x spend)).

    Parameters
    ----------
    intercept
        Logit of the rate at zero spend.
    slope
        Increase in the logit per unit of money.
    spend
        Current spend, > 0, money per head.

    Examples
    --------
    >>> curve = LogitCurve(intercept=-1, slope=0.1, spend=10)
    >>> float(curve.rate_at(10)), curve.marginal_cost(10)
    (0.5, 40.0)
    """

    intercept: float
    slope: float
    spend: float

    def __post_init__(self) -> None:
        check_spend(self.spend, "spend", above_zero=True)
        if not (np.isfinite(self.intercept) and np.isfinite(self.slope)):
            raise ParameterError(
                f"intercept and slope must be finite numbers; found {self.intercept!r} and "
                f"{self.slope!r}."
            )

    @property
    def ceiling(self) -> float:
        """1, the limit of the logit curve."""
        return 1.0

    @property
    def rate(self) -> float:
        """The rate at current spend."""
        return float(self.rate_at(self.spend))

    @property
    def parameters(self) -> tuple[float, float]:
        """The intercept and the slope."""
        return self.intercept, self.slope

    def rate_at(self, spend: ArrayLike) -> Array:
        """Return the rate at a spend."""
        return LOGIT.rate(*_floats(self.parameters), checked_spend(spend))

    def slope_at(self, spend: ArrayLike) -> Array:
        """Return d rate / d spend, slope x rate x (1 - rate)."""
        return LOGIT.slope(*_floats(self.parameters), checked_spend(spend))

    def marginal_cost(self, spend: float) -> float:
        """Return the cost of one additional success; money."""
        return _inverse(self.slope_at(spend))

    def average_cost(self, spend: float) -> float:
        """Return the average cost per success, including successes that need no spend."""
        return float(spend / self.rate_at(spend))

    @property
    def rate_without_spend(self) -> float:
        """The rate at zero spend."""
        return float(special.expit(self.intercept))

    def at_spend(self, spend: float) -> Self:
        """Return the same curve with another current spend."""
        return type(self)(self.intercept, self.slope, spend)

    @classmethod
    def fit(
        cls,
        spend: ArrayLike,
        successes: ArrayLike,
        trials: ArrayLike,
        *,
        today: float | None = None,
    ) -> ResponseFit:
        """Fit intercept and slope by maximum likelihood; arguments as in `ResponseCurve.fit`.

        Examples
        --------
        >>> fit = LogitCurve.fit([0, 10, 20], [270, 500, 730], [1000, 1000, 1000])
        >>> round(fit.curve.slope, 3), round(fit.curve.rate_without_spend, 2)
        (0.099, 0.27)
        """
        data = BinomialData(spend, successes, trials)  # type: ignore[arg-type]
        make = lambda intercept, slope, *, spend: cls(intercept, slope, spend)  # noqa: E731
        return _fitted(LOGIT, data, make, today)

    def __repr__(self) -> str:
        return _constructor(self)

    def _repr_html_(self) -> str:
        rows = {name: getattr(self, name) for name in ("intercept", "slope", "rate", "spend")}
        return html_table("Logit response curve", rows)


def _constructor(curve: ResponseCurve | LogitCurve) -> str:
    """Return the constructor call, with four digits."""
    numbers = ", ".join(f"{name}={value:.4g}" for name, value in vars(curve).items())
    return f"{type(curve).__name__}({numbers})"


def checked_spend(spend: ArrayLike) -> Array:
    """Return spends as an array, or raise ParameterError if one is negative or missing."""
    if isinstance(spend, str) or np.asarray(spend).dtype.kind in "US":
        raise ParameterError(
            f"spend must be numbers, money per head; found the text {spend!r}. Write it without "
            "quotes."
        )
    spends = np.asarray(spend, float)
    invalid = ~(spends >= 0)
    if invalid.any():
        raise ParameterError(
            f"spend must be 0 or more, money per head; found {spends[invalid].flat[0]:g} "
            f"({invalid.sum():,} of {spends.size:,})."
        )
    return spends


def check_spend(spend: float, name: str, *, above_zero: bool = False) -> None:
    """Raise ParameterError unless ``spend`` is finite money per head, 0 or more."""
    rule = f"must be {'above 0' if above_zero else '0 or more'}, money per head"
    number = check_number(name, spend, low=0, rule=rule)
    if not np.isfinite(number) or (above_zero and number == 0):
        raise ParameterError(f"{name} {rule}; found {spend!r}.")


def _fitted(
    shape: Shape, data: BinomialData, make: Callable[..., Curve], today: float | None
) -> ResponseFit:
    mean = float((data.spend * data.trials).sum() / data.trials.sum())
    theta, information, likelihood = response_fit.maximum_likelihood(shape, data)
    pair = [float(part) for part in shape.natural(theta, smallest_spend(data.spend))]
    curve = make(*pair, spend=mean if today is None else today)
    chi_square, freedom, p_value = response_fit.pearson_test(curve.rate_at(data.spend), data)
    return ResponseFit(
        curve=curve,
        data=data,
        log_likelihood=likelihood,
        chi_square=chi_square,
        degrees_of_freedom=freedom,
        p_value=p_value,
        theta=theta,
        information=information,
        shape=shape,
    )


def _floats(pair: tuple[float, float]) -> tuple[Array, Array]:
    return np.asarray(pair[0], float), np.asarray(pair[1], float)


def _inverse(slope: Array) -> float:
    return float(1 / slope) if slope > 0 else float("inf")


def _average(
    rate_at: Callable[[float], Array], slope_at: Callable[[float], Array], spend: float
) -> float:
    return float(spend / rate_at(spend)) if spend else _inverse(slope_at(0.0))
