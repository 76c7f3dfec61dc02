"""MBG/CNBD-2: regular purchases, with dropout possible from the first purchase on.

    r, alpha    rate lambda ~ Gamma(shape r, rate alpha) of phases; a purchase takes 2 phases
    a, b        dropout probability p ~ Beta(a, b) after each purchase, including the first
    x, t_x, T   repeat purchases, time of the last, time observed (all from the first purchase)

Times between purchases are Erlang(2, lambda). With G(n, t) = Gamma(r + n) alpha^r / (Gamma(r)
(alpha + t)^(r + n)), the likelihood of (x, t_x) is t_x^x Gamma(x) / Gamma(2 x), 1 for x = 0, times

    B(a+1, b+x)/B(a, b) G(2x, t_x) + B(a, b+x+1)/B(a, b) [G(2x, T) + (T - t_x) G(2x + 1, T)].

A living customer is in the second phase with odds (T - t_x) (r + 2x) / (alpha + T). From phase k
(0 or 1), the probability of n or more purchases within t is E[(1 - p)^(n - 1)] times that of 2n - k
or more phases, which are negative binomial; the expected purchases are its sum over n.

Source: Reutterer, Platzer & Schroeder (2021), Leveraging purchase regularity for predicting
customer behavior the easy way, International Journal of Research in Marketing 38(1), 194-215.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from relmark_research.clv import MBGNBD
from relmark_research.clv.estimation.model import PurchaseModel


@dataclass(frozen=True)
class MBGCNBD2(PurchaseModel):
    """The MBG/CNBD-2 model of repeat purchases."""

    r: float
    alpha: float
    a: float
    b: float

    time_power = MBGNBD.time_power  # of parameters with the same names and meaning
    mixtures = MBGNBD.mixtures

    def log_likelihood(self, x, t_x, T):
        n = np.maximum(x, 1.0)
        order = special.xlogy(n, t_x) + special.gammaln(n) - special.gammaln(2 * n)
        stays = special.betaln(self.a, self.b + x + 1) - special.betaln(self.a, self.b)
        bought = special.gammaln(self.r + 2 * x) - special.gammaln(self.r)
        bought = bought - self.r * np.log1p(T / self.alpha) - 2 * x * np.log(self.alpha + T)
        alive = np.where(np.equal(x, 0), 0.0, order) + stays + bought
        return alive + np.logaddexp(*self._log_factors(x, t_x, T))

    def p_alive(self, x, t_x, T):
        return special.expit(np.subtract(*self._log_factors(x, t_x, T)))

    def living(self, x, t_x, T):
        second = np.maximum((T - t_x) * (self.r + 2 * x) / (self.alpha + T), 1e-300)
        return Living(self.r + 2 * x, self.alpha + T, self.a, self.b + x + 1, second)

    def _log_factors(self, x, t_x, T):
        """Of being alive and of having dropped out, from the first phase alive."""
        inactivity = (self.r + 2 * x) * np.log1p((T - t_x) / (self.alpha + t_x))
        alive = np.log1p((T - t_x) * (self.r + 2 * x) / (self.alpha + T))
        return alive, np.log(self.a / (self.b + x)) + inactivity


@dataclass(frozen=True)
class Living(PurchaseModel, registered=False):
    """A customer who is alive, and in the second phase with odds ``second``."""

    r: float
    alpha: float
    a: float
    b: float
    second: float

    def expected_purchases(self, t):
        ndim = np.broadcast(self.r, self.alpha, self.a, self.b, self.second, t).ndim
        n, total, terms = np.arange(1, 21).reshape(-1, *[1] * ndim), 0.0, np.ones(1)
        while np.any(terms[-1] > 1e-15 * total):
            terms = self._at_least(n, t)
            total, n = total + terms.sum(axis=0), n + len(n)
        return total

    def purchase_pmf(self, n, t):
        least = np.where(np.equal(n, 0), 1.0, self._at_least(np.maximum(n, 1), t))
        return np.maximum(least - self._at_least(np.add(n, 1), t), 0.0)

    def survival(self, t):
        return 1 - self.a / (self.a + self.b) * replace(self, a=self.a + 1).expected_purchases(t)

    def draw_purchase_times(self, T, rng):
        second = rng.random(T.shape) < self.second / (1 + self.second)
        rate, now = rng.gamma(self.r + second) / self.alpha, rng.gamma(2.0 - second)
        last, times = rng.geometric(np.maximum(rng.beta(self.a, self.b, T.shape), 1e-12)), []
        while np.any(made := (now <= rate * T) & (len(times) < last)):
            times.append(np.where(made, now / rate, np.inf))
            now = now + rng.gamma(2.0, 1.0, T.shape)
        return times

    def _at_least(self, n, t):
        share = t / (self.alpha + t)
        stays = np.exp(special.betaln(self.a, self.b + n - 1) - special.betaln(self.a, self.b))
        first, second = (special.betainc(2 * n - k, self.r + k, share) for k in (0, 1))
        return stays * (first + self.second * second) / (1 + self.second)
