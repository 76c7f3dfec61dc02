"""Small cells lean on the others: response rates with a Beta between cells.

x responses of m mailed are Binomial(m, theta), theta ~ Beta(alpha, beta) between cells, so that

    P(x) = C(m, x) B(alpha + x, beta + m - x) / B(alpha, beta)
    E[theta | x, m] = (alpha + x) / (alpha + beta + m)

What the cells do not tell of alpha and beta is carried along: over a grid of the mean
alpha / (alpha + beta) and of the intra-cell correlation 1 / (alpha + beta + 1), both with a flat
prior, each point weighs as much as its likelihood.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import betainc, betaln, expit, gammaln, logit

from relmark_research.errors import ConvergenceError, DataError, ParameterError

Array = np.ndarray

_LARGEST = 1e7  # of alpha + beta: from there on the cells do not differ
_SAME = 1e5


@dataclass(frozen=True)
class BetaBinomial:
    """Response rates of cells, Beta(alpha, beta) between them.

    Parameters
    ----------
    alpha, beta
        Both > 0, in numbers of mailings; alpha / (alpha + beta) is the mean response.

    Examples
    --------
    >>> published = BetaBinomial(0.439, 95.411)  # Fader and Hardie's exercise
    >>> round(float(published.shrunk(3, 40)), 4)
    0.0253
    """

    alpha: float
    beta: float

    def __post_init__(self) -> None:
        if not (self.alpha > 0 and self.beta > 0):
            raise ParameterError(
                f"alpha and beta must be above 0; found {self.alpha!r} and {self.beta!r}."
            )

    @property
    def mean(self) -> float:
        """Mean response between cells."""
        return self.alpha / (self.alpha + self.beta)

    @property
    def cells_differ(self) -> bool:
        """Whether the cells differ by more than chance, so far as the fit can tell."""
        return self.alpha + self.beta < _SAME

    def log_likelihood(self, responses: Array, mailed: Array) -> float:
        """Return the sum of ln P(x) over cells."""
        x, m = np.asarray(responses, dtype=float), np.asarray(mailed, dtype=float)
        choose = gammaln(m + 1) - gammaln(x + 1) - gammaln(m - x + 1)
        return float(np.sum(choose + _kernel(self.alpha, self.beta, x, m)))

    def shrunk(self, responses: Array | float, mailed: Array | float) -> Array:
        """Return (alpha + x) / (alpha + beta + m)."""
        return np.asarray((self.alpha + np.asarray(responses)) / (
            self.alpha + self.beta + np.asarray(mailed)
        ))  # fmt: skip

    @classmethod
    def fit(cls, responses: Array, mailed: Array) -> BetaBinomial:
        """Return the most likely alpha and beta.

        Where cells differ no more than chance makes them, alpha + beta grows without end; it is
        held at ten million, and `cells_differ` is False.

        Raises
        ------
        DataError
            If there are fewer than two cells with mailings, counts that are none, or no response.
        """
        x, m = check_counts(responses, mailed)

        def loss(place: Array) -> float:
            total = np.exp(place[1])
            share = float(np.clip(expit(place[0]), 1e-12, 1 - 1e-12))
            return -float(np.sum(_kernel(share * total, (1 - share) * total, x, m)))

        start = logit(x.sum() / m.sum())
        bounds = [(-25.0, 25.0), (np.log(1e-3), np.log(_LARGEST))]
        found = min(
            (
                minimize(loss, [start, np.log(size)], method="L-BFGS-B", bounds=bounds)
                for size in (3.0, 100.0, 3000.0, _LARGEST)
            ),
            key=lambda one: one.fun,
        )
        if not np.isfinite(found.fun):
            raise ConvergenceError(f"the cells' Beta was not found: {found.message}.")
        share, total = expit(found.x[0]), np.exp(found.x[1])
        return cls(float(share * total), float((1 - share) * total))


def check_counts(responses: Array, mailed: Array) -> tuple[Array, Array]:
    """Return the counts as floats, of cells with mailings."""
    x, m = np.asarray(responses, dtype=float), np.asarray(mailed, dtype=float)
    bad = ~((m >= 0) & (x >= 0) & (x <= m))
    if bad.any():
        place = int(np.flatnonzero(bad)[0])
        raise DataError(
            f"expected 0 <= responses <= mailed in each cell; found {x[place]:g} of {m[place]:g} "
            f"in cell {place}, and {bad.sum() - 1} more."
        )
    x, m = x[m > 0], m[m > 0]
    if len(m) < 2 or not 0 < x.sum() < m.sum():
        raise DataError(
            "how much cells differ takes two cells or more, with responses in some and not all; "
            f"found {x.sum():g} responses to {m.sum():g} mailings in {len(m)} cells."
        )
    return x, m


def _kernel(alpha: Array | float, beta: Array | float, x: Array, m: Array) -> Array:
    return np.asarray(betaln(alpha + x, beta + m - x) - betaln(alpha, beta))


@dataclass(frozen=True)
class CellPosterior:
    """What is known of each cell's response: a mixture of Betas over the grid.

    Parameters
    ----------
    alpha, beta, weight
        Grid points and their weights, shape (points,).
    responses, mailed
        Counts, shape (cells,).
    """

    alpha: Array
    beta: Array
    weight: Array
    responses: Array
    mailed: Array

    @classmethod
    def of(cls, responses: Array, mailed: Array, *, points: int = 48) -> CellPosterior:
        """Weigh a grid of points by the likelihood of the cells."""
        check_counts(responses, mailed)
        x, m = np.asarray(responses, dtype=float), np.asarray(mailed, dtype=float)
        fit = BetaBinomial.fit(x, m)
        spread = np.sqrt(1 / (x.sum() + 1) + 4 / (len(m) * max(fit.alpha, 0.2)))
        centre = logit(x.sum() / m.sum())
        mean = expit(centre + np.linspace(-5, 5, points) * min(spread, 1.5))
        alike = expit(np.linspace(-13, 4, 2 * points))  # correlation within a cell
        total = 1 / alike - 1
        prior = alike * (1 - alike)  # of equal steps on the logit, flat on the correlation
        alpha = np.outer(mean, total).ravel()
        beta = np.outer(1 - mean, total).ravel()
        weight = np.outer(mean * (1 - mean), prior).ravel()
        log = np.log(weight) + sum(_kernel(alpha, beta, *pair) for pair in zip(x, m, strict=True))
        weight = np.exp(log - log.max())
        keep = weight > 1e-6 * weight.max()
        return cls(alpha[keep], beta[keep], weight[keep] / weight[keep].sum(), x, m)

    @property
    def mean(self) -> Array:
        """E[theta] of each cell."""
        own = (self.alpha[:, None] + self.responses) / (
            self.alpha[:, None] + self.beta[:, None] + self.mailed
        )
        return np.asarray(self.weight @ own)

    def above(self, rate: float | Array) -> Array:
        """Return the probability that each cell's response is above ``rate``."""
        below = betainc(
            self.alpha[:, None] + self.responses,
            self.beta[:, None] + self.mailed - self.responses,
            rate,
        )
        return np.asarray(1 - self.weight @ below)

    def quantile(self, share: float) -> Array:
        """Return the rate below which each cell's response lies with that probability."""
        low, high = np.zeros(len(self.mailed)), np.ones(len(self.mailed))
        for _ in range(22):  # to 2e-7
            middle = (low + high) / 2
            too_low = 1 - self.above(middle) < share
            low, high = np.where(too_low, middle, low), np.where(too_low, high, middle)
        return (low + high) / 2


def shrinkage_table(posterior: CellPosterior, level: float = 0.95) -> pd.DataFrame:
    """Return mailed, responses, rate, and the shrunk rate with its interval, row per cell."""
    with np.errstate(invalid="ignore"):
        rate = posterior.responses / np.where(posterior.mailed > 0, posterior.mailed, np.nan)
    return pd.DataFrame(
        {
            "mailed": posterior.mailed.astype(int),
            "responses": posterior.responses.astype(int),
            "rate": rate,
            "shrunk": posterior.mean,
            "low": posterior.quantile((1 - level) / 2),
            "high": posterior.quantile((1 + level) / 2),
        }
    )
