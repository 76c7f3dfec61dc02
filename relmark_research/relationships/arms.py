"""Several arms against one control: intervals and p-values that hold for all of them at once.

Estimates of arms that share a control are correlated. With z_i the standardised estimate of arm i,
v_0 and v_i the variances of the means of control and arm,

    corr(z_i, z_j) = l_i l_j,   l_i = sqrt(v_0 / (v_0 + v_i))
    P(max |z_i| <= c) = integral phi(u) prod_i [Phi((c - l_i u) / s_i) - Phi((-c - l_i u) / s_i)] du

with s_i = sqrt(1 - l_i^2), which is Dunnett's distribution with unequal variances, in large
samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

Array = np.ndarray

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(80)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


@dataclass(frozen=True)
class Family:
    """Arms that are judged together against one control.

    Parameters
    ----------
    control_variance
        Variance of the control's mean, > 0.
    arm_variances
        Variances of the arms' means, shape (k,).
    """

    control_variance: float
    arm_variances: Array

    def within(self, bound: float) -> float:
        """Return the probability that no standardised estimate passes ``bound`` by chance.

        Examples
        --------
        >>> alone = Family(1.0, np.array([1.0]))
        >>> round(alone.within(1.96), 4)
        0.95
        """
        load = np.sqrt(self.control_variance / (self.control_variance + self.arm_variances))
        rest = np.sqrt(1 - load**2)
        shift = load[:, None] * _NODES[None, :]
        inside = ndtr((bound - shift) / rest[:, None]) - ndtr((-bound - shift) / rest[:, None])
        return float(_WEIGHTS @ inside.prod(axis=0))

    def bound(self, level: float) -> float:
        """Return the bound that all estimates keep with probability ``level``.

        Examples
        --------
        >>> round(Family(1.0, np.array([1.0, 1.0])).bound(0.95), 3)  # Dunnett's table: 2.21
        2.212
        """
        if len(self.arm_variances) == 1:
            return float(ndtri(0.5 + level / 2))
        return float(brentq(lambda c: self.within(c) - level, 0.01, 12.0, xtol=1e-10))

    def p_value(self, z: float) -> float:
        """Return the probability of an estimate as far out as ``z`` somewhere among the arms."""
        if not np.isfinite(z):
            return float("nan")
        if len(self.arm_variances) == 1:
            return float(2 * ndtr(-abs(z)))
        return float(np.clip(1 - self.within(abs(z)), 0.0, 1.0))


def adjusted_values(value: Array, before: Array, group: Array) -> tuple[Array, Array]:
    """Return the values less what was to be expected from before (CUPED).

    Parameters
    ----------
    value
        Outcome of each customer, shape (n,).
    before
        Measures from before the campaign, shape (n, k).
    group
        Arm of each customer, as integers from 0.

    Returns
    -------
    tuple of arrays
        value - (before - mean(before)) theta, and theta, the least-squares slope within arms.

    References
    ----------
    Deng, Xu, Kohavi and Walker (2013), Proceedings of WSDM.
    """
    counts = np.bincount(group)
    centred = np.column_stack(
        [column - (np.bincount(group, column) / counts)[group] for column in (value, *before.T)]
    )
    theta = np.linalg.lstsq(centred[:, 1:], centred[:, 0], rcond=None)[0]
    return value - (before - before.mean(axis=0)) @ theta, theta
