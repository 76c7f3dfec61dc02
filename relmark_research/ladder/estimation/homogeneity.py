"""Likelihood-ratio tests of a Markov chain: known matrix, homogeneity, and order.

n_gij   moves from i to j in group g (a period, a segment, or the previous state)
G2      2 sum n_gij ln(n_gij / (n_gi. p_ij)), p_ij = n_.ij / n_.i. : expected counts use row totals
df      sum over i of (groups with departures from i - 1)(possible destinations of i - 1)
effect  mean over departures of half of sum_j |p_gij - p_ij|, the total variation distance between
        the group's row and the pooled row

References
----------
Anderson and Goodman 1957, "Statistical inference about Markov chains", Annals of Mathematical
Statistics 28. Kullback, Kupperman and Ku 1962, "Tests for contingency tables and Markov chains",
Technometrics 4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from relmark_research._repr import short_repr
from relmark_research.errors import LadderError

Array = np.ndarray

WARNING = (
    "Permanent differences between customers make this test significant even if no customer "
    "changes, so read the effect size, not the p-value alone."
)


@short_repr
@dataclass(frozen=True, repr=False)
class ChainTest:
    """A likelihood-ratio test of a Markov chain.

    Attributes
    ----------
    hypothesis
        The null hypothesis in words.
    statistic, df, p_value
        G2, its degrees of freedom, and the probability of a larger G2 under the hypothesis.
    effect
        Mean total variation distance between the groups, in [0, 1].
    moves
        Number of moves.
    sparse
        Share of cells with an expected count below 5, where the p-value is approximate.
    """

    hypothesis: str
    statistic: float
    df: int
    p_value: float
    effect: float
    moves: int
    sparse: float

    def _summary(self) -> dict[str, object]:
        return {
            "hypothesis": self.hypothesis,
            "G2": self.statistic,
            "df": self.df,
            "p": self.p_value,
            "effect": self.effect,
        }

    @property
    def result(self) -> str:
        """The result in a sentence."""
        sparse = f"; {self.sparse:.0%} of cells have an expected count below 5"
        rough = sparse if self.sparse else ""
        p = f"p = {self.p_value:.3f}" if self.p_value >= 0.001 else "p < 0.001"
        return (
            f"Test that {self.hypothesis}: G2 = {self.statistic:,.1f} on {self.df:,} df, {p}; "
            f"the mean difference is {100 * self.effect:.1f} percentage points{rough}."
        )

    @property
    def interpretation(self) -> str:
        """The result and how to read it."""
        return f"{self.result} {WARNING}"


def goodness_of_fit(counts: Array, known: Array) -> ChainTest:
    """Test counts against known probabilities.

    Parameters
    ----------
    counts
        Moves by origin and destination, shape (states, states).
    known
        Probabilities, rows summing to one; a cell of 0 is impossible.

    Examples
    --------
    >>> counts = np.array([[51, 11, 8], [12, 31, 9], [6, 11, 10]])
    >>> known = np.array([[5, 2, 1], [2, 4, 2], [2, 3, 3]]) / 8
    >>> result = goodness_of_fit(counts, known)  # Kullback, Kupperman and Ku 1962, by row totals
    >>> round(result.statistic, 9), result.df
    (6.518384096, 6)
    """
    hypothesis = "the transition probabilities equal those of the known matrix"
    rows = counts.sum(axis=1)
    if ((known <= 0) & (counts > 0)).any():
        i, j = np.argwhere((known <= 0) & (counts > 0))[0]
        raise LadderError(
            f"a move was observed that is impossible under the known matrix: from state {i + 1} to "
            f"state {j + 1}, {counts[i, j]:g} times. Correct the matrix."
        )
    expected = rows[:, None] * known
    df = int(((known > 0).sum(axis=1) - 1)[rows > 0].sum())
    return _result(hypothesis, counts[None], expected[None], df)


def equal_matrices(groups: Array, possible: Array, hypothesis: str) -> ChainTest:
    """Test whether groups of moves share one matrix.

    Parameters
    ----------
    groups
        Moves by group, origin and destination, shape (groups, states, states).
    possible
        Which moves can happen, shape (states, states).
    hypothesis
        The null hypothesis in words.
    """
    pooled = groups.sum(axis=0)
    rows = groups.sum(axis=2)
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = np.where(pooled.sum(axis=1, keepdims=True) > 0,
                          pooled / pooled.sum(axis=1, keepdims=True), 0)  # fmt: skip
    groups_with_departures = (rows > 0).sum(axis=0)
    choices = np.maximum(possible.sum(axis=1) - 1, 0)
    df = int((np.maximum(groups_with_departures - 1, 0) * choices).sum())
    if df == 0:
        raise LadderError(
            f"a test that {hypothesis} needs at least two groups with departures from the same "
            f"rung; found {int((rows.sum(axis=1) > 0).sum())} groups with moves. Use longer data."
        )
    return _result(hypothesis, groups, rows[:, :, None] * shares, df)


def zero_order(counts: Array, possible: Array) -> ChainTest:
    """Test independence of the next rung and the present one (order 0 against 1).

    With impossible moves the expected counts come from quasi-independence, n_ij = a_i b_j over
    the possible cells.
    """
    expected = _quasi_independent(counts, possible)
    rows, columns = counts.sum(axis=1) > 0, counts.sum(axis=0) > 0
    cells = (possible | (counts > 0))[np.ix_(rows, columns)]
    df = max(1, int(cells.sum() - cells.shape[0] - cells.shape[1] + 1))
    hypothesis = "the next rung does not depend on the present one (order 0 against 1)"
    return _result(hypothesis, counts[None], expected[None], df)


def _quasi_independent(counts: Array, possible: Array) -> Array:
    expected = (possible | (counts > 0)).astype(float)
    for _ in range(2000):
        before = expected.copy()
        for axis in (1, 0):
            total = expected.sum(axis=axis, keepdims=True)
            target = counts.sum(axis=axis, keepdims=True)
            expected = expected * np.divide(
                target, total, where=total > 0, out=np.zeros_like(total)
            )
        if np.abs(expected - before).max() < 1e-10 * max(1.0, counts.sum()):
            break
    return expected


def second_order(triples: pd.DataFrame, possible: Array) -> ChainTest:
    """Test whether the next rung depends on the previous one given the present (order 2)."""
    k = len(possible)
    groups = np.zeros((k, k, k))
    first, second, third = (triples[name].to_numpy(int) for name in ("first", "second", "third"))
    groups[first, second, third] = triples["n"].to_numpy(float)
    hypothesis = "the next rung depends on the present one only (order 1 against 2)"
    return equal_matrices(groups, possible, hypothesis)


def counts_by_period(moves: pd.DataFrame, k: int) -> Array:
    """Return moves by period, origin and destination as an array."""
    number = pd.factorize(moves["period"], sort=True)[0]
    groups = np.zeros((number.max() + 1 if len(number) else 0, k, k))
    cells = (number, moves["origin"].to_numpy(int), moves["destination"].to_numpy(int))
    np.add.at(groups, cells, moves["n"].to_numpy(float))
    return groups


def _result(hypothesis: str, groups: Array, expected: Array, df: int) -> ChainTest:
    from scipy import special, stats

    statistic = float(2 * (special.xlogy(groups, groups) - special.xlogy(groups, expected)).sum())
    total = groups.sum()
    used = expected[expected > 0]
    return ChainTest(
        hypothesis=hypothesis,
        statistic=max(statistic, 0.0),
        df=df,
        p_value=float(stats.chi2.sf(statistic, df)),
        effect=float(np.abs(groups - expected).sum() / 2 / total) if total else 0.0,
        moves=int(total),
        sparse=float((used < 5).mean()) if len(used) else 0.0,
    )
