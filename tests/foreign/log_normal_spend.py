"""Log-normal spend: a customer's purchases and the customers' own levels are log-normal.

    median      median spend over customers, in units of money
    within      standard deviation of ln(spend), of one customer
    between     standard deviation of customers' own levels, in ln(spend)
    x, m        number of repeat purchases and their mean value

A customer's own mean spend is exp(theta + within^2 / 2), theta ~ Normal(ln median, between^2). The
mean of x purchases is not log-normal; by Fenton and Wilkinson it nearly is, with the variance
s2 = ln(1 + (exp(within^2) - 1) / x) and the mean theta + within^2 / 2 - s2 / 2 in logarithms.

Source: Fenton (1960), The sum of log-normal probability distributions in scatter transmission
systems, IRE Transactions on Communications Systems 8(1), 57-67.
"""

from dataclasses import dataclass

import numpy as np

from relmark_research.clv.estimation.spend_model import SpendModel


@dataclass(frozen=True)
class LogNormalSpend(SpendModel):
    """A model of spend with log-normal purchases and levels."""

    median: float
    within: float
    between: float

    money_power = {"median": 1}  # noqa: RUF012 (a constant of the class)

    def log_likelihood(self, x, m):
        noise, level = self._noise(x), np.log(self.median) + self.within**2 / 2
        variance = self.between**2 + noise
        distance = np.log(m) - level + noise / 2
        return -np.log(m) - (np.log(2 * np.pi * variance) + distance**2 / variance) / 2

    def conditional_expected_spend(self, x, m):
        center, variance = self._posterior(x, m)
        return np.exp(center + variance / 2)

    def conditional_median_spend(self, x, m):
        return np.exp(self._posterior(x, m)[0])

    def draw_mean_spend(self, x, m, rng):
        center, variance = self._posterior(x, m)
        return np.exp(center + np.sqrt(variance) * rng.standard_normal(center.shape))

    def draw_total_spend(self, n, x, m, rng):
        level = np.log(self.draw_mean_spend(x, m, rng))
        noise = self._noise(np.maximum(n, 1))
        mean = level - noise / 2 + np.sqrt(noise) * rng.standard_normal(level.shape)
        return np.where(n > 0, n * np.exp(mean), 0.0)

    def _noise(self, x):
        return np.log1p(np.expm1(self.within**2) / x)

    def _posterior(self, x, m):
        """Mean and variance of the logarithm of a customer's own mean spend."""
        known, noise = np.greater(x, 0), self._noise(np.maximum(x, 1.0))
        prior = np.log(self.median) + self.within**2 / 2
        weight = np.where(known, self.between**2 / (self.between**2 + noise), 0.0)
        found = np.log(np.where(known, m, 1.0)) + noise / 2
        return prior + weight * (found - prior), self.between**2 * (1 - weight)
