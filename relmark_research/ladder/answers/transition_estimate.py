"""Estimated transition probabilities, and everything that follows from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from relmark_research.ladder.answers._cell_intervals import cell_intervals
from relmark_research.ladder.answers.first_passage import (
    FirstPassage,
    probability_of_reaching,
    time_to,
)
from relmark_research.ladder.answers.projection import Projection, project, steady_state
from relmark_research.ladder.answers.rung_value import LadderValue, ladder_value
from relmark_research.ladder.answers.segment_estimates import SegmentEstimates, estimate_segments
from relmark_research.ladder.estimation import homogeneity
from relmark_research.ladder.estimation import prior as priors
from relmark_research.ladder.estimation.transition_matrix import Array, Basis, TransitionMatrix
from relmark_research.ladder.history._period_numbers import optional_period
from relmark_research.ladder.history._states import parse_moves
from relmark_research.ladder.history.ladder_history import LadderHistory

if TYPE_CHECKING:
    from relmark_research.units import Horizon, Period


@dataclass(frozen=True, repr=False)
class TransitionEstimate(TransitionMatrix):
    """A transition matrix and the questions that it answers; attributes as `TransitionMatrix`."""

    def intervals(
        self, level: float = 0.95, *, simultaneous: bool = False, basis: Basis | None = None
    ) -> pd.DataFrame:
        """Return every possible cell with its interval.

        Parameters
        ----------
        level
            Probability of an interval; with ``simultaneous`` of all intervals of a row together.
        simultaneous
            Goodman's intervals (by customers: percentiles at a level divided over the row).
        basis
            ``"customers"``: percentiles of the Bayesian bootstrap of customers, which also cover
            where customers differ; ``"moves"``: Wilson's interval, with a prior the Dirichlet's,
            which take moves as independent. None takes customers if a history is known.

        Returns
        -------
        DataFrame
            origin, destination, departures, moves, probability, low, high.
        """
        return cell_intervals(self, level, simultaneous=simultaneous, basis=basis or self.basis)

    def test_against(self, matrix: pd.DataFrame | Array) -> homogeneity.ChainTest:
        """Test the moves against a known matrix."""
        known = priors.probability_matrix(matrix, self.states, "known")
        return homogeneity.goodness_of_fit(self.moves, known)

    def test_homogeneity(self) -> homogeneity.ChainTest:
        """Test whether the matrix is the same in every period."""
        moves = self.required_history("a test of homogeneity over time").source.moves()
        groups = homogeneity.counts_by_period(moves, len(self.states))
        hypothesis = "the transition probabilities are constant over time"
        return homogeneity.equal_matrices(groups, self.possible, hypothesis)

    def test_order(self) -> tuple[homogeneity.ChainTest, homogeneity.ChainTest]:
        """Test order 0 against 1 (does the present rung matter?) and order 1 against 2."""
        triples = self.required_history("a test of the order").source.triples()
        return (
            homogeneity.zero_order(self.moves, self.possible),
            homogeneity.second_order(triples, self.possible),
        )

    def by(self, column: str) -> SegmentEstimates[TransitionEstimate]:
        """Estimate each segment of customers separately, and test whether the segments differ.

        Parameters
        ----------
        column
            A column of the history's table of customers.
        """
        return estimate_segments(self, column)

    def project(
        self,
        start: Mapping[str, float] | pd.Series | None = None,
        periods: int = 4,
        *,
        inflow: Mapping[str, float] | None = None,
        level: float = 0.95,
    ) -> Projection:
        """Project the number of people on each rung.

        Parameters
        ----------
        start
            People on each rung now; None takes the last period of the history.
        periods
            Number of periods ahead, >= 1.
        inflow
            New people on each rung at the end of every period.
        level
            Probability of each interval.

        Returns
        -------
        Projection
            n(t + 1) = n(t) P + inflow.
        """
        return project(self, start, periods, inflow=inflow, level=level)

    def time_to(self, rung: str, *, before: str | None = None, level: float = 0.95) -> FirstPassage:
        """Return the first passage time to a rung from each other.

        Parameters
        ----------
        rung
            The target; for the time to loss, the state that means lost.
        before
            A state that ends the path, such as lost: people who reach it first do not count as
            reaching ``rung``. None: no state ends the path.
        level
            Probability of each interval.

        Returns
        -------
        FirstPassage
            Times in periods: mean (I - Q)^-1 h / h, h the probability of ever reaching the rung.
        """
        return time_to(self, rung, before=before, level=level)

    def probability_of_reaching(
        self, rung: str, within: int | str | Horizon, *, level: float = 0.95
    ) -> pd.DataFrame:
        """Return the probability of reaching a rung within a number of periods.

        Parameters
        ----------
        rung
            The target.
        within
            Periods, or a length such as ``"12 months"`` if the period is a calendar one; parts of a
            period do not count.
        level
            Probability of each interval.

        Returns
        -------
        DataFrame
            Index origin; probability, low, high.
        """
        return probability_of_reaching(self, rung, within, level=level)

    def steady_state(
        self,
        inflow: Mapping[str, float] | None = None,
        *,
        absorbing_state: str | None = None,
        level: float = 0.95,
    ) -> pd.DataFrame:
        """Return the numbers on the rungs in the long run.

        Parameters
        ----------
        inflow
            New people per period on each rung; None asks for the shares of a base without inflow.
        absorbing_state
            With inflow: the state in which people no longer count (None: the last off the ladder).
        level
            Probability of each interval.

        Returns
        -------
        DataFrame
            Index rung; expected, low, high: numbers n = inflow + n P over the other states, or
            shares s = s P.
        """
        return steady_state(self, inflow, absorbing_state=absorbing_state, level=level)

    def value(
        self,
        annual_margin_by_rung: Mapping[str, float] | pd.Series,
        annual_discount_rate: float,
        *,
        level: float = 0.95,
    ) -> LadderValue:
        """Value each rung, each step up, and each point of a transition probability.

        Parameters
        ----------
        annual_margin_by_rung
            Money per person and year on each rung, less the cost of retaining people there.
        annual_discount_rate
            Effective rate per year, in (0, 1).
        level
            Probability of each interval.

        Returns
        -------
        LadderValue
            V = (I - g P)^-1 m over an infinite horizon, the present period included and not
            discounted; m is the annual margin times the years of a period.

        Raises
        ------
        ParameterError
            If the estimate has no calendar period, or a rung has no margin.
        """
        return ladder_value(self, annual_margin_by_rung, annual_discount_rate, level=level)


def estimate_transitions(
    history: LadderHistory | pd.DataFrame,
    *,
    prior: float | pd.DataFrame | Array | None = None,
    rungs: Sequence[str] | None = None,
    off_ladder: Sequence[str] = (),
    impossible: Iterable[Any] = (),
    period: str | Period | None = None,
) -> TransitionEstimate:
    """Estimate the probabilities of moving from each rung to each other in one period.

    Parameters
    ----------
    history
        A LadderHistory; or a table of customer_id, period, rung; or a square table of counts.
    prior
        None: maximum likelihood. A number > 0: that Dirichlet weight for every possible cell (0.5
        is Jeffreys' prior). A matrix: a weight for each cell.
    rungs, off_ladder, impossible, period
        For tables: states in order, states off the ladder, moves that cannot happen, and the
        calendar period (a word or a `Period`). See `LadderHistory.from_table`.

    Returns
    -------
    TransitionEstimate
        p_ij = (n_ij + prior_ij) / (n_i. + prior_i.), n_ij the moves from i to j of one customer
        from one period to the next. A customer's last period is censored: it makes no move, and the
        end of the data is not a loss.

    Raises
    ------
    LadderError
        If a rung is unknown, nobody reaches one (and it has no prior), there is a single period, or
        a move was observed that is declared impossible.

    References
    ----------
    Anderson and Goodman 1957, Annals of Mathematical Statistics 28, equation 2.6.

    Examples
    --------
    >>> states = ["first", "repeat"]
    >>> counts = pd.DataFrame([[6, 2], [1, 3]], index=states, columns=states)
    >>> estimate = estimate_transitions(counts)
    >>> estimate.matrix.loc["first", "repeat"].round(2)
    np.float64(0.25)
    >>> estimate
    <TransitionEstimate: 2 states, 12 moves; rungs first, repeat>
    """
    if isinstance(history, pd.DataFrame) and "rung" not in history.columns:
        states, moves = priors.read_counts(history, rungs)
        source, declared = None, parse_moves(impossible, states)
        off, calendar = tuple(off_ladder), optional_period(period)
    else:
        source = LadderHistory.from_table(
            history, rungs=rungs, off_ladder=off_ladder, impossible=impossible, period=period
        )
        states, declared, off = source.states, source.impossible, source.off_ladder
        calendar = source.period
        counts = homogeneity.counts_by_period(source.source.moves(), len(states))
        moves = counts.sum(axis=0)
    possible = np.ones((len(states), len(states)), bool)
    for origin, destination in declared:
        possible[states.index(origin), states.index(destination)] = False
    weights = priors.dirichlet_weights(prior, possible, states)
    priors.check_moves(moves, possible, weights, states, source)
    return TransitionEstimate(states, off, moves, possible, weights, calendar, source)
