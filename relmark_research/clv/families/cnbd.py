"""BG/CNBD-k and MBG/CNBD-k: regular purchases while alive, dropout possible after a purchase.

    r, alpha    rate lambda ~ Gamma(shape r, rate alpha) of phases; a purchase takes k phases
    a, b        dropout probability p ~ Beta(a, b) after a purchase
    k           phases per purchase: times between purchases are Erlang(k, lambda), mean k / lambda
    x, t_x, T   repeat purchases, time of the last, time observed (all from the first purchase)
    l           sum of ln(gap) over the x gaps between purchases
    s           occasions of dropout survived: x (BG), or x + 1 (MBG, dropout at the first purchase)

With n = r + k x, u = (T - t_x) / (alpha + T) and (z)_j the rising factorial, the log-likelihood is

    (k - 1) l - x lnG(k) + lnB(a, b + s) - lnB(a, b) + ln (r)_kx + r ln alpha - n ln(alpha + T)
    + ln{ a / (b + s - 1) ((alpha + T) / (alpha + t_x))^n [s > 0]  +  sum_{j<k} (n)_j / j! u^j }.

The two terms of the last line belong to customers who dropped out and to those who are alive, in
phase j. Given the phase, lambda ~ Gamma(n + j, alpha + T), and p ~ Beta(a, b + s). With N phases in
the future t, negative binomial of share t / (alpha + T + t), floor((j + N) / k) purchases are due:

    E[X(t) | alive, j] = E g(floor((j + N) / k)),  g(i) = sum_{m<i} B(a, b + s + m) / B(a, b + s),

which `stats/renewals` computes.

Without l, the gaps are integrated out: (k - 1) l - x lnG(k) becomes (k - 1) x ln t_x + lnG(x) -
lnG(k x). That is a constant for given k as well, but tells less about k.

Sources: Reutterer, Platzer & Schroeder (2021), Leveraging purchase regularity for predicting
customer behavior the easy way, International Journal of Research in Marketing 38(1), 194-215 (the
models; their conditional expectation is an approximation); Platzer & Reutterer (2016), Marketing
Science 35(5), 779-799 (regularity of purchases).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

import numpy as np
from scipy import special

from relmark_research.clv.estimation.fit import Fit, fit_model
from relmark_research.clv.estimation.likelihood import (
    Likelihood,
    SummedLikelihood,
)
from relmark_research.clv.estimation.model import (
    Array,
    CovariateLink,
    MixingDistribution,
    PurchaseModel,
)
from relmark_research.clv.families._beta_geometric import (
    RegularLikelihood,
    log_density_of_gaps,
)
from relmark_research.clv.families._validate_history import (
    validate_counts,
    validate_duration,
    validate_history,
)
from relmark_research.clv.families.bg_nbd import BGNBD
from relmark_research.customers.log.customer_summary import CustomerSummary
from relmark_research.errors import ParameterError
from relmark_research.stats.newton import maximise
from relmark_research.stats.quadrature import decay_nodes
from relmark_research.stats.renewals import (
    PhaseDerivatives,
    log_phases,
    mean_renewals,
    negative_binomial_pmf,
    phase_derivatives,
    phase_shares,
)
from relmark_research.stats.special import (
    digamma_difference,
    log_rising_factorial,
    trigamma_difference,
)

if TYPE_CHECKING:
    import pandas as pd

MAX_K = 12  # the largest k that is searched
_LARGE = 12_000  # rows from which k is searched on a sample first
_SAMPLE = 6_000  # customers in that sample
_FALLS = 3  # falls in a row of the likelihood with k, after which no larger k is tried
_SMALLEST = 1e-290
_NEGLIGIBLE = 42.0  # exp(-42) is below the rounding error of a sum of doubles


@dataclass(frozen=True)
class _Regular(PurchaseModel, registered=False):
    """What BG/CNBD-k and MBG/CNBD-k share; they differ in dropout at the first purchase."""

    r: float
    alpha: float
    a: float
    b: float
    k: int

    time_power: ClassVar[dict[str, int]] = {"alpha": 1}
    mixtures: ClassVar[tuple[MixingDistribution, ...]] = BGNBD.mixtures
    covariate_links: ClassVar[Mapping[str, CovariateLink]] = BGNBD.covariate_links
    additive: ClassVar[tuple[str, ...]] = ("sum_log_gaps",)
    given: ClassVar[tuple[str, ...]] = ("k",)
    clocks: ClassVar[int] = 1
    dropout_at_first: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "k", _checked_k(self.k, type(self).__name__))

    @classmethod
    def from_values(cls, values: Array) -> Self:
        """Refuse to make a model without k; `with_values` of a model keeps its own."""
        raise ParameterError(
            f"a {cls.__name__} needs k besides r, alpha, a and b; found {np.size(values)} values. "
            f"Fit it ({cls.__name__}.fit(customers, k=2)), or state all five."
        )

    @property
    def same_as(self) -> str:
        """The model of random purchases if k = 1."""
        return type(self).__name__.replace("CNBD", "NBD") if self.k == 1 else ""

    def log_likelihood(
        self, x: Array, t_x: Array, T: Array, sum_log_gaps: Array | None = None
    ) -> Array:
        """Return each customer's log-likelihood, shape (rows,).

        Without ``sum_log_gaps`` it is that of (x, t_x), the gaps between being unknown.
        """
        x, t_x, T = validate_history(x, t_x, T)
        alive = self._log_alive(x, T) + log_density_of_gaps(self.k, x, t_x, sum_log_gaps)
        in_phases = log_phases(self.r + self.k * x, self._idle(t_x, T), self.k)
        result: Array = alive + np.logaddexp(in_phases, self._log_dropout(x, t_x, T))
        return result

    def score(self, x: Array, t_x: Array, T: Array, sum_log_gaps: Array | None = None) -> Array:
        """Return the gradient by r, alpha, a, b of each log-likelihood, shape (4, rows)."""
        x, t_x, T = validate_history(x, t_x, T)
        r, alpha, a, b, k = self.r, self.alpha, self.a, self.b, self.k
        n, s, idle = r + k * x, x + self.dropout_at_first, self._idle(t_x, T)
        lost = special.expit(self._log_dropout(x, t_x, T) - log_phases(n, idle, k))
        shares = phase_shares(n, idle, k)
        by_n = sum(shares[j] * digamma_difference(n, float(j)) for j in range(k))
        phase = sum(shares[j] * j for j in range(k))
        growth = np.log1p((T - t_x) / (alpha + t_x))
        slowed = n * (T - t_x) / ((alpha + T) * (alpha + t_x))
        by_ab = -digamma_difference(a + b, s)
        by_alpha = (r * T / alpha - k * x) / (alpha + T) - (1 - lost) * phase / (alpha + T)
        return np.stack(
            [
                digamma_difference(r, k * x) - np.log1p(T / alpha) + lost * growth
                + (1 - lost) * by_n,
                by_alpha - lost * slowed,
                by_ab + lost / a,
                by_ab + digamma_difference(b, s) - lost / (b + np.maximum(s, 1) - 1),
            ]
        )  # fmt: skip

    def history_derivatives(self, x: Array, t_x: Array, T: Array) -> tuple[Array, Array, Array]:
        """Return each log-likelihood of (x, t_x) with its derivatives, by t_x and T too."""
        x, t_x, T = validate_history(x, t_x, T)
        value, gradient, hessian = self.clock_derivatives(x, t_x, T)
        power, some = self.gap_power * x, np.where(x > 0, t_x, 1.0)
        gradient[4] += power / some
        hessian[4, 4] -= power / some**2
        gaps = log_density_of_gaps(self.k, x, t_x, None) + x * special.gammaln(self.k)
        return value + gaps, gradient, hessian

    def clock_derivatives(self, x: Array, t_x: Array, T: Array) -> tuple[Array, Array, Array]:
        """Return the same given the gaps, without their own term (k - 1) l."""
        return _clock_derivatives(self, *validate_history(x, t_x, T))

    def neighbours(self) -> list[Self]:
        """Return the models of one phase less and one more per purchase, with the same mean."""
        near = [k for k in (self.k - 1, self.k + 1) if 1 <= k <= MAX_K]
        return [replace(self, alpha=self.alpha * self.k / k, k=k) for k in near]

    @property
    def gap_power(self) -> int:
        """Power k - 1 of each gap in the likelihood."""
        return self.k - 1

    @classmethod
    def start(cls, x: Array, t_x: Array, T: Array, *rest: Array, weights: Array) -> Self:
        """Return the starting values for k = 1, those of BG/NBD."""
        r, alpha, a, b = BGNBD.start(x, t_x, T, weights=weights).values
        return cls(r, alpha, a, b, k=1)

    @classmethod
    def fit(
        cls,
        customers: CustomerSummary | pd.DataFrame,
        *,
        k: int | None = None,
        penalty: float = 0.0,
    ) -> Fit[Self]:
        """Fit the model to customers by maximum likelihood.

        Parameters
        ----------
        customers
            CustomerSummary, or DataFrame with frequency, recency, T[, sum_log_gaps] and optionally
            n_customers, the number of customers per row. Without sum_log_gaps, which summaries of a
            log have, k is estimated from the times of the last purchases alone.
        k
            Phases per purchase, a whole number >= 1; by default that of the highest likelihood from
            1 to 12. More than 12,000 distinct histories are searched on a sample first, and then
            upwards or downwards from the best k of the sample.
        penalty
            As in every model's `fit`.

        Returns
        -------
        Fit
            The model at its maximum likelihood; ``fit.alternatives`` has the log-likelihoods of the
            k that were tried; none is after three falls in a row.

        Raises
        ------
        DataError
            If the customers cannot identify the parameters.
        ParameterError
            If k is not a whole number >= 1.
        """
        given = cls._prepared(customers, penalty)
        tried: dict[int, float] = {}
        if k is None:
            k, tried = _search(cls, Likelihood(cls, given["data"], given["weights"], penalty))
        found = fit_model(with_given_k(cls, _checked_k(k, cls.__name__)), **given)
        known = {f"k = {each}": value for each, value in sorted(tried.items())}
        calendar = CustomerSummary.of(customers).calendar
        return replace(found, alternatives=known, calendar=calendar)

    def p_alive(self, x: Array, t_x: Array, T: Array) -> Array:
        """Return P(alive at T | x, t_x, T); for BG/CNBD-k it is 1 if x = 0."""
        x, t_x, T = validate_history(x, t_x, T)
        in_phases = log_phases(self.r + self.k * x, self._idle(t_x, T), self.k)
        result: Array = special.expit(in_phases - self._log_dropout(x, t_x, T))
        return result

    def living(self, x: Array, t_x: Array, T: Array) -> LivingRegular:
        """Return the model from T on of a customer who is alive at T, in one of k phases."""
        x, t_x, T = (np.asarray(column, float) for column in (x, t_x, T))
        return LivingRegular(
            self.r + self.k * x,  # type: ignore[arg-type]
            self.alpha + T,  # type: ignore[arg-type]
            self.a,
            self.b + x + self.dropout_at_first,  # type: ignore[arg-type]
            np.maximum(self._idle(t_x, T), 1e-300),
            self.k,
        )

    def _idle(self, t_x: Array, T: Array) -> Array:
        """Return u, the time since the last purchase, divided by alpha + T."""
        result: Array = (T - t_x) / (self.alpha + T)
        return result

    def _log_alive(self, x: Array, T: Array) -> Array:
        """Return the log-likelihood of x purchases by T without dropout, and of none since."""
        r, alpha, a, b = self.r, self.alpha, self.a, self.b
        phases, s = self.k * x, x + self.dropout_at_first
        rates = log_rising_factorial(r, phases) - r * np.log1p(T / alpha)
        stays = log_rising_factorial(b, s) - log_rising_factorial(a + b, s)
        result: Array = rates - phases * np.log(alpha + T) + stays
        return result

    def _log_dropout(self, x: Array, t_x: Array, T: Array) -> Array:
        """Return the logarithm of the first of the two terms; -inf where dropout is impossible."""
        s = x + self.dropout_at_first
        growth = np.log1p((T - t_x) / (self.alpha + t_x))
        prior = np.log(self.a) - np.log(self.b + np.maximum(s, 1) - 1)
        return np.where(s == 0, -np.inf, prior + (self.r + self.k * x) * growth)


@dataclass(frozen=True)
class BGCNBD(_Regular):
    """The BG/CNBD-k model: regular purchases, dropout possible after any repeat purchase.

    Parameters
    ----------
    r
        Shape of the rates of phases, > 0.
    alpha
        Rate parameter of these rates, > 0, in units of time; the mean time between purchases of a
        customer with rate lambda is k / lambda.
    a, b
        Shapes of the dropout probability after a purchase, > 0; its mean is a / (a + b).
    k
        Regularity of purchases, a whole number >= 1; 1 is random purchasing, BG/NBD.

    References
    ----------
    Reutterer, Platzer & Schroeder (2021), Leveraging purchase regularity for predicting customer
    behavior the easy way, International Journal of Research in Marketing 38(1).

    Examples
    --------
    >>> model = BGCNBD(r=0.5, alpha=2.0, a=0.3, b=0.6, k=3)
    >>> print(f"{model.log_likelihood(4, 12, 14, 3):.5f} {model.purchase_pmf(2, 10):.5f}")
    -12.22396 0.05669
    """


@dataclass(frozen=True)
class MBGCNBD(_Regular):
    """The MBG/CNBD-k model: regular purchases, dropout possible after every purchase.

    Parameters
    ----------
    r
        Shape of the rates of phases, > 0.
    alpha
        Rate parameter of these rates, > 0, in units of time; the mean time between purchases of a
        customer with rate lambda is k / lambda.
    a, b
        Shapes of the dropout probability after a purchase, including the first, > 0; its mean is
        a / (a + b).
    k
        Regularity of purchases, a whole number >= 1; 1 is random purchasing, MBG/NBD.

    References
    ----------
    Reutterer, Platzer & Schroeder (2021), Leveraging purchase regularity for predicting customer
    behavior the easy way, International Journal of Research in Marketing 38(1).

    Examples
    --------
    The expected purchases of a customer in the grocery data, exactly and by the published
    approximation, BG/NBD with r + x and k alpha + T:

    >>> model = MBGCNBD(r=1.32918, alpha=2.81255, a=0.424709, b=0.790029, k=2)
    >>> history = {"x": 4, "t_x": 40.0, "T": 52.0}
    >>> exact = model.conditional_expected_purchases(52.0, **history)
    >>> plain = BGNBD(model.r, 2 * model.alpha, model.a, model.b + 1).living(**history)
    >>> approximate = model.p_alive(**history) * plain.expected_purchases(52.0)
    >>> print(f"{exact:.4f} {approximate:.4f}")
    3.2657 3.2023
    """

    dropout_at_first: ClassVar[bool] = True


@dataclass(frozen=True)
class LivingRegular(PurchaseModel, registered=False):
    """A customer who is alive, in phase j with weight (r)_j / j! idle^j, and then r is r + j."""

    r: float
    alpha: float
    a: float
    b: float
    idle: float
    k: int

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "k", _checked_k(self.k, "the regular customer"))

    def expected_purchases(self, t: Array) -> Array:
        """Return E[X(t)]; t and the parameters broadcast together."""
        return self._averaged(t, survival=False)

    def survival(self, t: Array) -> Array:
        """Return P(alive at t)."""
        return self._averaged(t, survival=True)

    def purchase_pmf(self, n: Array, t: Array) -> Array:
        """Return P(X(t) = n): bought n times and stayed, or left at the n-th purchase."""
        n, t, k = validate_counts(n), validate_duration(t), self.k
        shares = phase_shares(np.asarray(self.r), np.asarray(self.idle), k)
        r, share = np.asarray(self.r), t / (self.alpha + t)
        stayed, left = np.zeros(()), np.zeros(())
        for j in range(k):
            window: Any = 0.0
            for m in range(k):
                window = window + negative_binomial_pmf(n * k - j + m, r + j, t / self.alpha)
            stayed = stayed + shares[j] * window
            left = left + shares[j] * special.betainc(np.maximum(n, 1) * k - j, r + j, share)
        survived = log_rising_factorial(self.b, n) - log_rising_factorial(self.a + self.b, n)
        before = np.maximum(n, 1) - 1
        ends = log_rising_factorial(self.b, before) - log_rising_factorial(
            self.a + self.b, before + 1
        )
        left = np.where(n > 0, np.exp(ends) * self.a * left, 0.0)
        result: Array = np.exp(survived) * stayed + left
        return result

    def discounted_purchases(self, delta: float, horizon: float = np.inf) -> Array:
        """Return the integral of exp(-delta s) dE[X(s)] up to the horizon, by parts."""
        if delta == 0:
            return self.expected_purchases(np.asarray(horizon))
        parameters = (np.asarray(v, float) for v in (self.r, self.alpha, self.a, self.b, self.idle))
        r, alpha, a, b, idle = np.broadcast_arrays(*parameters)
        end = np.full(r.shape, min(horizon, _NEGLIGIBLE / delta))
        fastest = np.minimum(self.k * alpha / np.maximum(r, 1), 1 / delta)
        count = int(14 + 3 * np.log1p(end / fastest).max(initial=0.0))
        s, weights = decay_nodes(fastest, end, count)
        times = np.concatenate([s, end[..., None]], axis=-1)
        weights = np.concatenate([delta * weights, np.ones((*r.shape, 1))], axis=-1)
        columns = (column[..., None] for column in (r, alpha, a, b, idle))
        by_time = LivingRegular(*columns, k=self.k)  # type: ignore[arg-type, misc]
        expected = by_time.expected_purchases(times)
        result: Array = np.sum(weights * np.exp(-delta * times) * expected, axis=-1)
        return result

    def draw_traits(self, shape: tuple[int, ...], rng: np.random.Generator) -> tuple[Array, Array]:
        """Draw purchase rates and dropout rates, 1 / (mean lifetime given lambda, p and phase)."""
        phase = self._draw_phase(shape, rng)
        rate = rng.gamma(np.asarray(self.r) + phase, 1.0, shape) / self.alpha
        p = np.maximum(rng.beta(self.a, self.b, shape), _SMALLEST)
        purchases = rate / (self.k - phase * p)
        return purchases, purchases * p

    def draw_purchase_times(self, T: Array, rng: np.random.Generator) -> list[Array]:
        """Draw the times of the purchases of customers within T; infinity for none."""
        phase = self._draw_phase(T.shape, rng)
        rate = rng.gamma(np.asarray(self.r) + phase, 1.0, T.shape) / self.alpha
        now, times = rng.gamma(self.k - phase), list[Array]()
        p = np.maximum(rng.beta(self.a, self.b, T.shape), 1e-12)
        last = rng.geometric(p)
        while np.any(made := (now <= rate * T) & (len(times) < last)):
            with np.errstate(divide="ignore"):
                times.append(np.where(made, now / rate, np.inf))
            now = now + rng.gamma(float(self.k), 1.0, T.shape)
        return times

    def _draw_phase(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        shares = phase_shares(np.asarray(self.r), np.asarray(self.idle), self.k)
        draw, phase = rng.random(shape), np.zeros(shape)
        for j in range(1, self.k):
            phase = phase + (draw > np.sum(shares[:j], axis=0))
        return phase

    def _averaged(self, t: Array, *, survival: bool) -> Array:
        """Return the mean of g, or of (1 - p)^purchases, in blocks of similar length."""
        z = validate_duration(t) / self.alpha
        return mean_renewals(self.r, z, self.a, self.b, self.idle, k=self.k, survival=survival)


def _checked_k(k: Any, name: str) -> int:
    """Return k, the same for all customers, as an integer, or raise ParameterError."""
    values = np.unique(np.asarray(k, float))
    if len(values) != 1 or values[0] < 1 or values[0] != np.rint(values[0]):
        raise ParameterError(
            f"{name} needs one whole number k >= 1 for all customers; found {values[:3].tolist()}."
        )
    return int(values[0])


def _clock_derivatives(
    model: _Regular, x: Array, t_x: Array, T: Array
) -> tuple[Array, Array, Array]:
    """Return log-likelihoods, gradients (6, rows) and Hessians (6, 6, rows), without the gaps.

    The last term is ln(S + e^d), with S(n, u) the sum over phases.
    """
    (r, alpha, a, b), k = model.values, model.k
    n, s, end, last = r + k * x, x + model.dropout_at_first, 1 / (alpha + T), 1 / (alpha + t_x)
    phases = phase_derivatives(n, (T - t_x) * end, k)
    d = model._log_dropout(x, t_x, T)
    lost, odds = special.expit(d - phases.log), np.where(s > 0, b + s - 1, 1.0)
    gradient, hessian = np.zeros((6, len(x))), np.zeros((6, 6, len(x)))
    gradient[0] = digamma_difference(r, k * x) - np.log1p(T / alpha)
    gradient[1], gradient[5] = (r * T / alpha - k * x) * end, -n * end
    gradient[2] = -digamma_difference(a + b, s)
    gradient[3] = gradient[2] + digamma_difference(b, s)
    hessian[0, 0] = trigamma_difference(r, k * x)
    hessian[0, 1], hessian[0, 5] = T / alpha * end, -end
    hessian[1, 1] = n * end**2 - r / alpha**2
    hessian[1, 5] = hessian[5, 5] = n * end**2
    hessian[2, 2] = hessian[2, 3] = -trigamma_difference(a + b, s)
    hessian[3, 3] = hessian[2, 2] + trigamma_difference(b, s)
    dropout = [np.log1p((T - t_x) * last), n * (end - last), np.full_like(x, 1 / a), -1 / odds]
    dropout += [-n * last, n * end]
    curved = {
        (0, 1): end - last, (0, 4): -last, (0, 5): end, (1, 1): n * (last**2 - end**2),
        (1, 4): n * last**2, (1, 5): -n * end**2, (2, 2): -1 / a**2, (3, 3): odds**-2.0,
        (4, 4): n * last**2, (5, 5): -n * end**2,
    }  # fmt: skip
    living, bent = _living_derivatives(phases, end)
    gradient += lost * np.stack(dropout) + (1 - lost) * living
    apart = np.stack(dropout) - living
    for i in range(6):
        hessian[i, i:] += lost * (1 - lost) * apart[i] * apart[i:]
        hessian[i, i:] += (1 - lost) * bent[i, i:]
    for (row, column), change in curved.items():
        hessian[row, column] += lost * change
    below, above = np.tril_indices(6, -1), np.tril_indices(6, -1)[::-1]
    hessian[below] = hessian[above]
    value = model._log_alive(x, T) - x * special.gammaln(k) + np.logaddexp(phases.log, d)
    return value, gradient, hessian


def _living_derivatives(phases: PhaseDerivatives, end: Array) -> tuple[Array, Array]:
    """Return the derivatives of ln S by r, alpha, a, b, t_x and T, through n and u."""
    u, zero = phases.u, np.zeros_like(phases.u)
    by = {1: -u * end, 4: -end, 5: (1 - u) * end}  # of u
    bent = {
        (1, 1): 2 * u, (1, 4): 1.0, (1, 5): 2 * u - 1, (4, 4): zero, (4, 5): 1.0,
        (5, 5): 2 * u - 2,
    }  # fmt: skip
    first, second = np.zeros((6, len(u))), np.zeros((6, 6, len(u)))
    first[0], second[0, 0] = phases.by_n, phases.nn
    for i, slope in by.items():
        first[i] = phases.by_u * slope
        second[0, i] = phases.nu * slope
        for j in (j for j in by if j >= i):
            second[i, j] = phases.uu * slope * by[j] + phases.by_u * bent[i, j] * end**2
    return first, second


def with_given_k(model: type[Any], k: int) -> type[Any]:
    """Return what estimation needs of a model whose k is given; it stands for the class."""
    return cast("type[Any]", _GivenK(model, k))


@dataclass(frozen=True)
class _GivenK:
    """A model's class with k given: what a likelihood uses of the class, the rest delegated."""

    family: type[_Regular]
    k: int

    def __getattr__(self, name: str) -> Any:
        return getattr(self.family, name)

    def from_values(self, values: Array) -> _Regular:
        r, alpha, a, b = (float(value) for value in values)
        return self.family(r, alpha, a, b, k=self.k)

    def start(self, *data: Array, weights: Array) -> _Regular:
        r, alpha, a, b = self.family.start(*data, weights=weights).values
        return self.family(r, alpha / self.k, a, b, k=self.k)

    def summed(self, data: tuple[Array, ...], weights: Array) -> SummedLikelihood:
        likelihood = RegularLikelihood.from_rows(
            data, weights, k=self.k, dropout_at_first=self.family.dropout_at_first
        )
        return lambda values: likelihood(*values)


def _search(model: type[_Regular], every: Likelihood) -> tuple[int, dict[int, float]]:
    """Return the k of the highest likelihood, and the log-likelihood of each k that was tried."""
    if len(every.weights) <= _LARGE:
        found, _ = _upwards(model, every)
        return max(found, key=lambda k: found[k]), found
    on_sample, places = _upwards(model, every.sample(_SAMPLE))
    best, tried = max(on_sample, key=lambda k: on_sample[k]), dict[int, float]()
    while True:
        for k in {best, best - 1, best + 1} & places.keys() - tried.keys():
            tried[k], _ = _maximum(every, model, k, places[k])
        if tried[best] == max(tried.values()):
            return best, tried
        best = max(tried, key=lambda k: tried[k])


def _upwards(model: type[_Regular], rows: Likelihood) -> tuple[dict[int, float], dict[int, Array]]:
    """Return the highest log-likelihood of each k and where it is, until it has fallen enough."""
    found, places, start = dict[int, float](), dict[int, Array](), None
    for k in range(1, MAX_K + 1):
        found[k], places[k] = _maximum(rows, model, k, start)
        start = places[k] + np.array([0, np.log(k / (k + 1)), 0, 0])
        last = [found[j] for j in range(max(k - _FALLS, 1), k + 1)]
        if len(last) > _FALLS and last == sorted(last, reverse=True):
            break
    return found, places


def _maximum(
    rows: Likelihood, model: type[_Regular], k: int, start: Array | None
) -> tuple[float, Array]:
    """Return the highest log-likelihood for a k, and where."""
    likelihood = replace(rows, model=with_given_k(model, k))
    point = maximise(likelihood.evaluate, likelihood.reference if start is None else start).point
    return likelihood.unpenalised(point.at), point.at
