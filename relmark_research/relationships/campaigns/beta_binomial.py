"""Small cells lean on the others: response rates with a Beta between cells.

x responses of m mailed are Binomial(m, theta), theta ~ Beta(alpha, beta) between cells, so that

    P(x) = C(m, x) B(alpha + x, beta + m - x) / B(alpha, beta)
    E[theta | x, m] = (alpha + x) / (alpha + beta + m)

`customers.mailing` fits alpha and beta. What the cells do not tell of them is carried along: over a
grid of the mean alpha / (alpha + beta) and of the correlation within a cell
1 / (alpha + beta + 1), both with a flat prior, each point weighs as much as its likelihood.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import betainc, betaln, expit, logit

from relmark_research.customers.describe.mailing_cells import fit_response_rates
from relmark_research.errors import DataError
from relmark_research.stats.intervals import tail_probabilities

Array = np.ndarray


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
    def of(cls, responses: Array, mailed: Array, *, points: int = 24) -> CellPosterior:
        """Weigh a grid of points by the likelihood of the cells."""
        check_counts(responses, mailed)
        x, m = np.asarray(responses, dtype=float), np.asarray(mailed, dtype=float)
        fit = fit_response_rates(x[m > 0], m[m > 0])
        spread = np.sqrt(1 / (x.sum() + 1) + 4 / (len(m) * max(fit.alpha, 0.2)))
        centre = logit(x.sum() / m.sum())
        mean = expit(centre + np.linspace(-4, 4, points) * min(spread, 1.5))
        alike = expit(np.linspace(-13, 4, 3 * points))  # correlation within a cell
        total = 1 / alike - 1
        prior = alike * (1 - alike)  # of equal steps on the logit, flat on the correlation
        alpha = np.outer(mean, total).ravel()
        beta = np.outer(1 - mean, total).ravel()
        weight = np.outer(mean * (1 - mean), prior).ravel()
        log = np.log(weight) + sum(_kernel(alpha, beta, *pair) for pair in zip(x, m, strict=True))
        weight = np.exp(log - log.max())
        keep = weight > 1e-4 * weight.max()
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
    low, high = map(posterior.quantile, tail_probabilities(level))
    return pd.DataFrame(
        {
            "mailed": posterior.mailed.astype(int),
            "responses": posterior.responses.astype(int),
            "rate": rate,
            "shrunk": posterior.mean,
            "low": low,
            "high": high,
        }
    )
