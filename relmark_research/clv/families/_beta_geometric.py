"""(M)BG/NBD and (M)BG/CNBD-k: summed likelihoods; expected purchases and simulation for k = 1.

The purchase rate is lambda ~ Gamma(r, rate alpha); a customer drops out after a purchase with
probability p ~ Beta(a, b). The log-likelihood of a customer is

    l = u(x) + [r ln alpha - (r + x) ln(alpha + T)] + ln(1 + e^d)
    u = lnG(r + x) - lnG(r) + lnB(a, b + x) - lnB(a, b)
    d = ln a - ln(b + x - 1) + (r + x) [ln(alpha + T) - ln(alpha + t_x)], log-odds of dropout

The last term is left out for customers who could not drop out: those with x = 0 in BG/NBD, none in
MBG/NBD. Slow functions depend on x, on T or on t_x alone, so they are computed once per distinct
value. Each row then needs one exponential and sums of products.

Given p, a customer who may drop out after each purchase has the expected purchases

    E[X(t) | p] = E[1 - exp(-lambda p t)] / p = (1 - (1 + p t / alpha)^-r) / p.

E[X(t)] is its mean over p, the integral of a positive function, so that no digits cancel.
The likelihood of (M)BG/CNBD-k, whose purchases take k phases each, stands in `cnbd`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from relmark_research.clv.estimation.likelihood import Derivatives, sum_of_products
from relmark_research.customers.log.distinct_histories import encode
from relmark_research.stats.quadrature import beta_nodes, decay_nodes, in_blocks
from relmark_research.stats.special import (
    digamma_difference,
    log_rising_factorial,
    trigamma_difference,
)

Array = np.ndarray
Values = Array | float

_WIDTH = 128  # nodes per customer and time, about
_NEGLIGIBLE = 42.0  # exp(-42) is below the rounding error of a sum of doubles


@dataclass(frozen=True)
class BetaGeometricLikelihood:
    """The summed likelihood, with weighted rows arranged for fast evaluation.

    Attributes
    ----------
    x, T, t_x
        Distinct values of each column; t_x only for rows where dropout was possible.
    by_x, by_end
        Sums of weights over each x, and of weights and weighted x over each T, (2, distinct T).
    rows
        Codes into x, T and t_x of the rows where dropout was possible, (3, rows).
    weights, gap
        Weights of these rows, and their T - t_x.
    """

    x: Array
    T: Array
    t_x: Array
    by_x: Array
    by_end: Array
    rows: tuple[Array, Array, Array]
    weights: Array
    gap: Array

    @classmethod
    def from_rows(
        cls, data: tuple[Array, ...], weights: Array, *, dropout_at_first: bool
    ) -> BetaGeometricLikelihood:
        """Arrange rows x, t_x, T.

        ``dropout_at_first`` says whether a customer may drop out after the first purchase.
        """
        x, t_x, T = (np.asarray(column, float) for column in data)
        x_code, x_values = encode(x)
        T_code, T_values = encode(T)
        possible = np.flatnonzero((x > 0) | dropout_at_first)
        t_code, t_values = encode(t_x[possible])
        return cls(
            x=x_values,
            T=T_values,
            t_x=t_values,
            by_x=np.bincount(x_code, weights, len(x_values)),
            by_end=np.stack(
                [np.bincount(T_code, w, len(T_values)) for w in (weights, weights * x)]
            ),
            rows=(x_code[possible], T_code[possible], t_code),
            weights=weights[possible],
            gap=(T - t_x)[possible],
        )

    def __call__(self, r: float, alpha: float, a: float, b: float) -> Derivatives:
        """Return value, gradient (4,) and Hessian (4, 4) by r, alpha, a, b."""
        counts, times = self._counts(r, a, b), self._times(r, alpha)
        dropout = self._dropout(r, alpha, a, b)
        value = counts[0] + times[0] + dropout[0]
        gradient = counts[1] + times[1] + dropout[1]
        return value, gradient, counts[2] + times[2] + dropout[2]

    def _counts(self, r: float, a: float, b: float) -> Derivatives:
        """Sum u over customers."""
        x, n = self.x, self.by_x
        rise, curve = digamma_difference, trigamma_difference
        value = n @ (
            log_rising_factorial(r, x) + log_rising_factorial(b, x) - log_rising_factorial(a + b, x)
        )
        both = -(n @ rise(a + b, x))
        both1 = -(n @ curve(a + b, x))
        gradient = np.array([n @ rise(r, x), 0, both, both + n @ rise(b, x)])
        hessian = np.zeros((4, 4))
        hessian[0, 0] = n @ curve(r, x)
        hessian[2:, 2:] = both1
        hessian[3, 3] += n @ curve(b, x)
        return value, gradient, hessian

    def _times(self, r: float, alpha: float) -> Derivatives:
        """Sum r ln alpha - (r + x) ln(alpha + T) = -r ln(1 + T / alpha) - x ln(alpha + T)."""
        (n, nx), end = self.by_end, alpha + self.T
        growth, rate = np.log1p(self.T / alpha), 1 / end
        value = -r * (n @ growth) - nx @ np.log(end)
        gradient, hessian = np.zeros(4), np.zeros((4, 4))
        gradient[:2] = -n @ growth, r * (n @ (self.T * rate)) / alpha - nx @ rate
        hessian[0, 1] = hessian[1, 0] = n @ (self.T * rate) / alpha
        hessian[1, 1] = nx @ rate**2 - r * (n @ (1 / alpha**2 - rate**2))
        return value, gradient, hessian

    def _dropout(self, r: float, alpha: float, a: float, b: float) -> Derivatives:
        """Sum ln(1 + e^d) over rows where dropout was possible."""
        x_code, T_code, t_code = self.rows
        odds = b + (self.x - 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            log_odds, by_b = (np.log(a) - np.log(odds))[x_code], (-1 / odds)[x_code]
        shape = (r + self.x)[x_code]
        by_r = np.log1p(self.T / alpha)[T_code] - np.log1p(self.t_x / alpha)[t_code]
        d = log_odds + shape * by_r
        end, last = (1 / (alpha + self.T))[T_code], (1 / (alpha + self.t_x))[t_code]
        slowed = -self.gap * end * last
        by_alpha = shape * slowed
        near = np.exp(-np.abs(d))
        w = self.weights * np.where(d >= 0, 1, near) / (1 + near)
        v = w / (1 + np.exp(d))
        value = sum_of_products(self.weights, np.maximum(d, 0) + np.log1p(near))
        total, even = float(w.sum()), float(v.sum())
        slopes = (by_r, by_alpha, by_b)
        first = [sum_of_products(w, slope) for slope in slopes]
        mixed = [sum_of_products(v, slope) / a for slope in slopes]
        rr, r_alpha, rb, alpha2, alpha_b, bb = (
            sum_of_products(v, one, other) for k, one in enumerate(slopes) for other in slopes[k:]
        )
        r_alpha += sum_of_products(w, slowed)
        alpha2 -= sum_of_products(w, by_alpha, end + last)
        bb += sum_of_products(w, by_b, by_b)
        gradient = np.array([first[0], first[1], total / a, first[2]])
        hessian = np.array(
            [
                [rr, r_alpha, mixed[0], rb],
                [r_alpha, alpha2, mixed[1], alpha_b],
                [mixed[0], mixed[1], (even - total) / a**2, mixed[2]],
                [rb, alpha_b, mixed[2], bb],
            ]
        )
        return value, gradient, hessian


@dataclass(frozen=True)
class RegularLikelihood:
    """The summed likelihood, with weighted rows arranged for fast evaluation.

    Attributes
    ----------
    k, first
        Phases per purchase, and 1 if dropout is possible at the first purchase, otherwise 0.
    constant
        The part of the sum that depends on k and the data alone.
    x, T, t_x
        Distinct values of each column.
    by_x, by_end
        Sums of weights over each x, and of weights and weighted phases over each T.
    rows
        Codes into x, T and t_x, (3, rows).
    weights, gap
        Weights of the rows, and their T - t_x.
    possible
        Whether dropout was possible, per row.
    """

    k: int
    first: int
    constant: float
    x: Array
    T: Array
    t_x: Array
    by_x: Array
    by_end: Array
    rows: tuple[Array, Array, Array]
    weights: Array
    gap: Array
    possible: Array

    @classmethod
    def from_rows(
        cls, data: tuple[Array, ...], weights: Array, *, k: int, dropout_at_first: bool
    ) -> RegularLikelihood:
        """Arrange rows x, t_x, T and, if known, the sums of the logarithms of the gaps."""
        x, t_x, T = (np.asarray(column, float) for column in data[:3])
        (x_code, x_values), (T_code, T_values), (t_code, t_values) = map(encode, (x, T, t_x))
        gaps = log_density_of_gaps(k, x, t_x, data[3] if len(data) > 3 else None)
        return cls(
            k=k,
            first=int(dropout_at_first),
            constant=float(weights @ gaps),
            x=x_values,
            T=T_values,
            t_x=t_values,
            by_x=np.bincount(x_code, weights, len(x_values)),
            by_end=np.stack(
                [np.bincount(T_code, w, len(T_values)) for w in (weights, k * weights * x)]
            ),
            rows=(x_code, T_code, t_code),
            weights=weights,
            gap=T - t_x,
            possible=(x > 0) | dropout_at_first,
        )

    def __call__(self, r: float, alpha: float, a: float, b: float) -> Derivatives:
        """Return value, gradient (4,) and Hessian (4, 4) by r, alpha, a, b."""
        parts = self._counts(r, a, b), self._times(r, alpha), self._last(r, alpha, a, b)
        value = self.constant + sum(part[0] for part in parts)
        gradient, hessian = (sum(part[i] for part in parts) for i in (1, 2))
        return value, np.asarray(gradient), np.asarray(hessian)

    def _counts(self, r: float, a: float, b: float) -> Derivatives:
        """Sum ln (r)_kx + ln (b)_s - ln (a + b)_s over customers."""
        phases, s, n = self.k * self.x, self.x + self.first, self.by_x
        rise, curve = digamma_difference, trigamma_difference
        value = n @ (
            log_rising_factorial(r, phases)
            + log_rising_factorial(b, s)
            - log_rising_factorial(a + b, s)
        )
        both, both1 = -(n @ rise(a + b, s)), -(n @ curve(a + b, s))
        gradient = np.array([n @ rise(r, phases), 0, both, both + n @ rise(b, s)])
        hessian = np.zeros((4, 4))
        hessian[0, 0] = n @ curve(r, phases)
        hessian[2:, 2:] = both1
        hessian[3, 3] += n @ curve(b, s)
        return value, gradient, hessian

    def _times(self, r: float, alpha: float) -> Derivatives:
        """Sum -r ln(1 + T / alpha) - k x ln(alpha + T)."""
        (n, nx), end = self.by_end, alpha + self.T
        growth, rate = np.log1p(self.T / alpha), 1 / end
        value = -r * (n @ growth) - nx @ np.log(end)
        gradient, hessian = np.zeros(4), np.zeros((4, 4))
        gradient[:2] = -n @ growth, r * (n @ (self.T * rate)) / alpha - nx @ rate
        hessian[0, 1] = hessian[1, 0] = n @ (self.T * rate) / alpha
        hessian[1, 1] = nx @ rate**2 - r * (n @ (1 / alpha**2 - rate**2))
        return value, gradient, hessian

    def _last(self, r: float, alpha: float, a: float, b: float) -> Derivatives:
        """Sum the logarithm of the two terms: dropped out, or alive in one of k phases."""
        x_code, T_code, t_code = self.rows
        end, before = (1 / (alpha + self.T))[T_code], (1 / (alpha + self.t_x))[t_code]
        phases = self._phases(r, self.gap * end)
        odds = b + self.x + self.first - 1
        with np.errstate(divide="ignore", invalid="ignore"):
            log_odds, by_b = (np.log(a) - np.log(odds))[x_code], (-1 / odds)[x_code]
        n = (r + self.k * self.x)[x_code]
        by_r = np.log1p(self.T / alpha)[T_code] - np.log1p(self.t_x / alpha)[t_code]
        slowed = -self.gap * end * before
        d = np.where(self.possible, log_odds + n * by_r - phases.log, -np.inf)
        by_b = np.where(self.possible, by_b, 0.0)
        near = np.exp(-np.abs(d))
        lost = np.where(d >= 0, 1, near) / (1 + near)
        w, v, alive = self.weights * lost, 0.0, self.weights * (1 - lost)
        v = alive * lost
        value = sum_of_products(self.weights, np.maximum(d, 0) + np.log1p(near) + phases.log)
        dropout = (by_r, n * slowed, np.full_like(d, 1 / a), by_b)
        living = (phases.by_n, -phases.mean * end)
        gradient = np.array([sum_of_products(w, slope) for slope in dropout])
        gradient[:2] += [sum_of_products(alive, slope) for slope in living]
        apart = (dropout[0] - living[0], dropout[1] - living[1], dropout[2], dropout[3])
        hessian = np.zeros((4, 4))
        for i in range(4):
            for j in range(i, 4):
                hessian[i, j] = sum_of_products(v, apart[i], apart[j])
        hessian[0, 0] += sum_of_products(alive, phases.curve_n)
        hessian[0, 1] += sum_of_products(w, slowed) - sum_of_products(alive, phases.both, end)
        hessian[1, 1] += sum_of_products(alive, phases.curve_t, end, end)
        hessian[1, 1] -= sum_of_products(w, dropout[1], end + before)
        hessian[2, 2] -= float(w.sum()) / a**2
        hessian[3, 3] += sum_of_products(w, by_b, by_b)
        return value, gradient, hessian + np.triu(hessian, 1).T

    def _phases(self, r: float, idle: Array) -> _Phases:
        """Return the sum over phases and its derivatives, per row."""
        code, n = self.rows[0], r + self.k * self.x
        one = np.ones_like(idle)
        total, sums = one, np.zeros((5, len(idle)))
        term = one
        for j in range(1, self.k):
            term = term * ((n + j - 1) / j)[code] * idle
            rise = digamma_difference(n, float(j))
            curve = (rise**2 + trigamma_difference(n, float(j)))[code]
            rise = rise[code]
            total = total + term
            for row, factor in zip(
                sums, (rise, float(j), curve, float(j * j), j * rise), strict=True
            ):
                row += term * factor
        by_n, mean, square_n, square, both = sums / total
        return _Phases(
            log=np.log(total),
            by_n=by_n,
            mean=mean,
            curve_n=square_n - by_n**2,
            curve_t=square - mean**2 + mean,
            both=both - by_n * mean,
        )


@dataclass(frozen=True)
class _Phases:
    """ln of the sum over phases, and its derivatives by n and by ln(alpha + T), per row.

    Attributes
    ----------
    log
        ln sum_j (n)_j / j! u^j.
    by_n, mean
        Its derivative by n, and the mean phase.
    curve_n, curve_t, both
        Second derivatives: by n; by alpha, times (alpha + T)^2; mixed, times -(alpha + T).
    """

    log: Array
    by_n: Array
    mean: Array
    curve_n: Array
    curve_t: Array
    both: Array


def log_density_of_gaps(k: int, x: Array, t_x: Array, sum_log_gaps: Array | None) -> Array:
    """Return the logarithm of the density of the gaps, as far as it depends on k alone."""
    if sum_log_gaps is not None:
        return np.asarray((k - 1) * np.asarray(sum_log_gaps) - x * special.gammaln(k))
    many = np.maximum(x, 1)
    known = (k - 1) * special.xlogy(x, np.where(x > 0, t_x, 1.0))
    return np.asarray(known + np.where(x > 0, -log_rising_factorial(many, (k - 1) * many), 0.0))


def history_derivatives(
    parameters: tuple[float, float, float, float],
    history: tuple[Array, Array, Array],
    *,
    dropout_at_first: bool,
) -> tuple[Array, Array, Array]:
    """Return each row's log-likelihood with its derivatives by r, alpha, a, b, t_x and T.

    Returns
    -------
    ndarray, ndarray, ndarray
        Values (rows,), gradients (6, rows) and Hessians (6, 6, rows). Without dropout the
        derivatives by t_x are 0.
    """
    (r, alpha, a, b), (x, t_x, T) = parameters, history
    end, last, shape = 1 / (alpha + T), 1 / (alpha + t_x), r + x
    growth = np.log1p((T - t_x) * last)
    possible = (x > 0) | dropout_at_first
    odds = np.where(possible, b + (x - 1), 1.0)
    d = np.where(possible, np.log(a) - np.log(odds) + shape * growth, -np.inf)
    chance = special.expit(d)
    value, first, second = _count_terms(r, a, b, x)
    value = value - r * np.log1p(T / alpha) + x * np.log(end) + np.logaddexp(0, d)
    gradient, hessian = np.zeros((6, len(x))), np.zeros((6, 6, len(x)))
    gradient[0], gradient[1] = first[0] - np.log1p(T / alpha), (r * T / alpha - x) * end
    gradient[2], gradient[3], gradient[5] = first[1], first[1] + first[2], -shape * end
    hessian[0, 0], hessian[0, 1], hessian[0, 5] = second[0], T / alpha * end, -end
    hessian[1, 1] = shape * end**2 - r / alpha**2
    hessian[1, 5] = hessian[5, 5] = shape * end**2
    hessian[2, 2] = hessian[2, 3] = second[1]
    hessian[3, 3] = second[1] + second[2]
    slopes = np.stack(
        [
            growth,
            shape * (end - last),
            np.full_like(x, 1 / a),
            -1 / odds,
            -shape * last,
            shape * end,
        ]
    )
    gradient += chance * slopes
    for i, uncertain in enumerate(chance * (1 - chance) * slopes):
        hessian[i, i:] += uncertain * slopes[i:]
    curved = {
        (0, 1): end - last, (0, 4): -last, (0, 5): end, (1, 1): shape * (last**2 - end**2),
        (1, 4): shape * last**2, (1, 5): -shape * end**2, (2, 2): -1 / a**2, (3, 3): odds**-2.0,
        (4, 4): shape * last**2, (5, 5): -shape * end**2,
    }  # fmt: skip
    for (row, column), change in curved.items():
        hessian[row, column] += chance * change
    below, above = np.tril_indices(6, -1), np.tril_indices(6, -1)[::-1]
    hessian[below] = hessian[above]
    return value, gradient, hessian


def _count_terms(
    r: float, a: float, b: float, x: Array
) -> tuple[Array, tuple[Array, ...], tuple[Array, ...]]:
    """Return u(x), and the first and second differences at r, -(a + b) and b, by distinct x."""
    codes, values = encode(x)
    rising, first, second = log_rising_factorial, digamma_difference, trigamma_difference
    u = rising(r, values) + rising(b, values) - rising(a + b, values)
    once = first(r, values), -first(a + b, values), first(b, values)
    twice = second(r, values), -second(a + b, values), second(b, values)
    return u[codes], tuple(part[codes] for part in once), tuple(part[codes] for part in twice)


def expected_purchases(r: Values, alpha: Values, a: Values, b: Values, t: Values) -> Array:
    """Return E[X(t)]; the arguments broadcast together."""

    def mean(r: Array, z: Array, a: Array, b: Array) -> Array:
        return _expected_purchases(r, z[:, None], a, b)[:, 0]

    return in_blocks(mean, (r, np.asarray(t, float) / alpha, a, b), _WIDTH)


def discounted_purchases(
    r: Values, alpha: Values, a: Values, b: Values, delta: float, horizon: float
) -> Array:
    """Return the integral of exp(-delta s) dE[X(s)] up to the horizon h.

    Returns
    -------
    ndarray
        Integrated by parts, since E[X(s)] is smooth: exp(-delta h) E[X(h)] + delta x integral of
        exp(-delta s) E[X(s)] over (0, h).
    """
    if delta == 0:
        return expected_purchases(r, alpha, a, b, np.asarray(horizon))
    end = min(horizon, _NEGLIGIBLE / delta)

    def mean(r: Array, alpha: Array, a: Array, b: Array) -> Array:
        fastest = np.minimum(alpha / np.maximum(r, 1), 1 / delta)
        count = int(10 + 2.5 * np.log1p(end / fastest).max(initial=0.0))
        s, weights = decay_nodes(fastest, np.full_like(alpha, end), count)
        times = np.concatenate([s, np.full((len(s), 1), end)], axis=1)
        expected = _expected_purchases(r, times / alpha[:, None], a, b)
        weights = np.concatenate([delta * weights, np.ones((len(s), 1))], axis=1)
        result: Array = np.sum(weights * np.exp(-delta * times) * expected, axis=1)
        return result

    return in_blocks(mean, (r, alpha, a, b), 24 * _WIDTH)


def survival(r: Values, alpha: Values, a: Values, b: Values, t: Values) -> Array:
    """Return P(alive at t) = E[(1 + p t / alpha)^-r], p ~ Beta(a, b); the arguments broadcast.

    It is (alpha / (alpha + t))^r 2F1(r, b; a + b; t / (alpha + t)).
    """
    t = np.asarray(t, float)
    z = t / (alpha + t)
    front = (alpha / (alpha + t)) ** r
    result: Array = front * special.hyp2f1(r, b, np.add(a, b), z)
    return result


def simulate(
    r: Values, alpha: Values, a: Values, b: Values, T: Values, rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    """Draw x, t_x, T of customers observed for T, purchase by purchase until dropout or T."""
    columns = np.broadcast_arrays(r, alpha, a, b, np.atleast_1d(np.asarray(T, float)))
    shape = columns[0].shape
    r, alpha, a, b, T = (np.array(column, float).reshape(-1) for column in columns)
    rate, dropout = rng.gamma(r, 1 / alpha), rng.beta(a, b)
    x, t_x, now = np.zeros(len(T)), np.zeros(len(T)), np.zeros(len(T))
    active = np.arange(len(T))
    while len(active):
        with np.errstate(divide="ignore"):
            now[active] += rng.standard_exponential(len(active)) / rate[active]
        active = active[now[active] <= T[active]]
        x[active] += 1
        t_x[active] = now[active]
        active = active[rng.random(len(active)) >= dropout[active]]
    return x.reshape(shape), t_x.reshape(shape), T.reshape(shape)


def _expected_purchases(r: Array, z: Array, a: Array, b: Array) -> Array:
    """Return E[X] at times z (in units of alpha), shape (customers, times), with shared nodes."""
    knee = -np.log(np.maximum(z.max(axis=1) * np.maximum(r, 1), 1e-300))
    refinement = 1.4 if np.any(z.max(axis=1) > 300 * z.min(axis=1)) else 1.0
    nodes = beta_nodes(a, b, knee=np.minimum(knee, 0.0), refinement=refinement)
    p, r = nodes.p[:, None, :], r[:, None, None]
    integrand = -np.expm1(-r * np.log1p(p * z[:, :, None]))
    tiny = p < 1e-290
    mean: Array = np.einsum("ckp,cp->ck", integrand, nodes.weights / np.where(tiny, 1, p)[:, 0])
    if tiny.any():
        mean += r[:, :, 0] * z * np.sum(nodes.weights * tiny[:, 0], axis=1)[:, None]
    return mean
