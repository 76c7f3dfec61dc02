"""What spending buys: the share of prospects won, or of customers kept, at each spend per head.

A curve is calibrated at today's point and a ceiling given by judgement, or fitted to counts.
Blattberg and Deighton's rises from nothing towards its ceiling; the logit is S-shaped, gives a
rate above 0 where nothing is spent, and levels off at 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from relmark_research.economics.response import response_fit
from relmark_research.economics.response.binomial_data import Counts
from relmark_research.economics.response.curve_shapes import EXPONENTIAL, LOGIT, Array, Shape
from relmark_research.economics.response.response_fit import ResponseFit
from relmark_research.errors import DataError, ParameterError, check_number

if TYPE_CHECKING:
    from collections.abc import Callable


# What a spend per head may be.


def checked_spend(spend: ArrayLike) -> Array:
    """Return spends as an array, refusing negative ones."""
    if isinstance(spend, str) or np.asarray(spend).dtype.kind in "US":
        raise ParameterError(
            f"spend must be numbers, money per head; found the text {spend!r}. Write it without "
            "quotes."
        )
    spends = np.asarray(spend, float)
    wrong = ~(spends >= 0)
    if wrong.any():
        raise ParameterError(
            f"spend must be 0 or more, money per head; found {spends[wrong].flat[0]:g} "
            f"({wrong.sum():,} of {spends.size:,})."
        )
    return spends


def check_spend(spend: float, name: str, *, above_zero: bool = False) -> None:
    """Raise ParameterError unless ``spend`` is finite money per head, 0 or more."""
    rule = f"must be {'above 0' if above_zero else '0 or more'}, money per head"
    number = check_number(name, spend, low=0, rule=rule)
    if not np.isfinite(number) or (above_zero and number == 0):
        raise ParameterError(f"{name} {rule}; found {spend!r}.")


@dataclass(frozen=True)
class ResponseCurve:
    """Blattberg and Deighton's curve: rate = ceiling x (1 - exp(-steepness x spend)).

    Parameters
    ----------
    ceiling
        The rate that no spend exceeds, in (0, 1].
    rate
        The rate reached at ``spend``, in (0, ceiling).
    spend
        Today's spend, > 0: money per prospect reached (acquisition), or per customer and year
        (retention).

    Raises
    ------
    ParameterError
        Where one of them is outside its domain.

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
                f"a ceiling is a share in (0, 1], 0.4 for forty percent; found {self.ceiling!r}."
            )
        check_spend(self.spend, "today's spend", above_zero=True)
        if not 0 < self.rate < self.ceiling:
            raise ParameterError(
                f"today's rate must lie between 0 and the ceiling ({self.ceiling:g}); found "
                f"{self.rate!r}. Raise the ceiling: it is what could be had with any budget."
            )

    @property
    def steepness(self) -> float:
        """k = -ln(1 - rate / ceiling) / spend, per unit of money."""
        return float(-np.log1p(-self.rate / self.ceiling) / self.spend)

    @property
    def parameters(self) -> tuple[float, float]:
        """Ceiling and steepness."""
        return self.ceiling, self.steepness

    def rate_at(self, spend: ArrayLike) -> Array:
        """Return the rate that a spend buys, ceiling x (1 - exp(-k spend))."""
        return EXPONENTIAL.rate(*_floats(self.parameters), checked_spend(spend))

    def slope_at(self, spend: ArrayLike) -> Array:
        """Return d rate / d spend: successes per head that one more unit of money buys."""
        return EXPONENTIAL.slope(*_floats(self.parameters), checked_spend(spend))

    def marginal_cost(self, spend: float) -> float:
        """Return the money that one more success costs at this spend, exp(k spend) / (c k)."""
        return _inverse(self.slope_at(spend))

    def average_cost(self, spend: float) -> float:
        """Return the money spent per success, spend / rate; at 0 its limit, 1 / (c k)."""
        return _average(self.rate_at, self.slope_at, spend)

    def spend_for_slope(self, slope: float) -> float:
        """Return the spend at which d rate / d spend has fallen to ``slope``, at least 0."""
        ceiling, steepness = self.parameters
        return max(0.0, float(np.log(ceiling * steepness / slope)) / steepness)

    def at_spend(self, spend: float) -> Self:
        """Return the same curve with another spend taken as today's."""
        return type(self)(self.ceiling, float(self.rate_at(spend)), spend)

    @classmethod
    def from_steepness(cls, ceiling: float, steepness: float, *, spend: float) -> Self:
        """Return the curve with this ceiling and steepness, today at ``spend``."""
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
        """Fit ceiling and steepness to counts by binomial maximum likelihood.

        Parameters
        ----------
        spend
            Money per head in each period (or place), >= 0, shape (periods,).
        successes, trials
            Customers won of prospects reached, or kept of those at risk, shape (periods,).
        today
            The spend taken as today's; the mean over trials if None.

        Returns
        -------
        ResponseFit
            The curve of highest likelihood, sum of s ln(p) + (n - s) ln(1 - p), with its region.

        Raises
        ------
        DataError
            Where counts or spends are impossible, there are fewer than two spends, or successes
            without spend (this curve has none).

        Examples
        --------
        >>> import numpy as np
        >>> spend = np.array([0.5, 1, 2, 4])
        >>> fit = ResponseCurve.fit(spend, [230, 400, 640, 870], [10_000] * 4)
        >>> fit.summary().loc["ceiling"].round(3).to_dict()
        {'estimate': 0.099, 'low': 0.09, 'high': 0.112}
        """
        counts = Counts(spend, successes, trials)  # type: ignore[arg-type]
        won, of = (part[counts.spend == 0].sum() for part in (counts.successes, counts.trials))
        if won > 0:
            raise DataError(
                f"this curve has no success without spend; found {won:,.0f} of {of:,.0f} at a "
                "spend of 0. Fit a LogitCurve instead."
            )
        if len(np.unique(counts.spend[counts.spend > 0])) < 2:
            raise DataError(
                "this curve needs at least 2 different spends above 0; found 1. Vary the spend, or "
                "give a ceiling by judgement: ResponseCurve(ceiling=..., rate=..., spend=...)."
            )
        return _fitted(EXPONENTIAL, counts, cls.from_steepness, today)


@dataclass(frozen=True)
class LogitCurve:
    """The S-shaped alternative: rate = 1 / (1 + exp(-intercept - slope x spend)).

    Parameters
    ----------
    intercept
        Logit of the rate without any spend.
    slope
        Rise of the logit per unit of money.
    spend
        Today's spend, > 0, money per head.

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
        check_spend(self.spend, "today's spend", above_zero=True)
        if not (np.isfinite(self.intercept) and np.isfinite(self.slope)):
            raise ParameterError(
                f"intercept and slope must be numbers; found {self.intercept!r}, {self.slope!r}."
            )

    @property
    def ceiling(self) -> float:
        """1: this curve levels off at everyone."""
        return 1.0

    @property
    def rate(self) -> float:
        """The rate at today's spend."""
        return float(self.rate_at(self.spend))

    @property
    def parameters(self) -> tuple[float, float]:
        """Intercept and slope."""
        return self.intercept, self.slope

    def rate_at(self, spend: ArrayLike) -> Array:
        """Return the rate that a spend buys."""
        return LOGIT.rate(*_floats(self.parameters), checked_spend(spend))

    def slope_at(self, spend: ArrayLike) -> Array:
        """Return d rate / d spend, slope x rate x (1 - rate)."""
        return LOGIT.slope(*_floats(self.parameters), checked_spend(spend))

    def marginal_cost(self, spend: float) -> float:
        """Return the money that one more success costs at this spend."""
        return _inverse(self.slope_at(spend))

    def average_cost(self, spend: float) -> float:
        """Return the money spent per success, those included that would come without."""
        return float(spend / self.rate_at(spend))

    @property
    def rate_without_spend(self) -> float:
        """The rate where nothing is spent."""
        return float(special.expit(self.intercept))

    def at_spend(self, spend: float) -> Self:
        """Return the same curve with another spend taken as today's."""
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
        """Fit intercept and slope to counts; arguments as in `ResponseCurve.fit`.

        Examples
        --------
        >>> fit = LogitCurve.fit([0, 10, 20], [270, 500, 730], [1000, 1000, 1000])
        >>> round(fit.curve.slope, 3), round(fit.curve.rate_without_spend, 2)
        (0.099, 0.27)
        """
        counts = Counts(spend, successes, trials)  # type: ignore[arg-type]
        make = lambda intercept, slope, *, spend: cls(intercept, slope, spend)  # noqa: E731
        return _fitted(LOGIT, counts, make, today)


Curve = ResponseCurve | LogitCurve


def _fitted(
    shape: Shape, counts: Counts, make: Callable[..., Curve], today: float | None
) -> ResponseFit:
    mean = float((counts.spend * counts.trials).sum() / counts.trials.sum())
    theta, information, likelihood = response_fit.search(shape, counts)
    least = float(counts.spend[counts.spend > 0].min())
    pair = [float(part) for part in shape.natural(theta, least)]
    curve = make(*pair, spend=mean if today is None else today)
    chi_square, freedom, p_value = response_fit.pearson(curve.rate_at(counts.spend), counts)
    return ResponseFit(
        curve=curve,
        counts=counts,
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
