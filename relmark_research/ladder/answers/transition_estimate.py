"""An estimated matrix of chances, and every question that it answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from relmark_research.errors import LadderError, check_choice, unknown_name
from relmark_research.ladder.estimation import homogeneity, transition_intervals
from relmark_research.ladder.estimation import prior as priors
from relmark_research.ladder.history.ladder import parse_moves, rank
from relmark_research.ladder.history.ladder_history import LadderHistory
from relmark_research.ladder.history.memory_spells import Clusters

if TYPE_CHECKING:
    from relmark_research.ladder.answers.projection import Projection, Reach
    from relmark_research.ladder.answers.rung_value import LadderValue
    from relmark_research.ladder.answers.segment_estimates import SegmentEstimates
    from relmark_research.units import Horizon

Array = np.ndarray
Basis = Literal["moves", "customers"]
DRAWS, SEED = 1000, 20240101


@dataclass(frozen=True)
class TransitionEstimate:
    """Chances of moving from each rung to each other in one period.

    Attributes
    ----------
    states, beside
        Rungs, lowest first, then what is beside the ladder; and which those are.
    moves
        Counts by origin and destination, shape (states, states).
    possible
        Which moves can happen.
    prior
        Dirichlet weights that were added to the moves.
    period
        Calendar length of a period; None where it is not known.
    history
        What was counted; None where counts were given.
    draws_seed, n_draws
        Seed and number of the draws behind intervals of what is computed from the matrix.
    """

    states: tuple[str, ...]
    beside: tuple[str, ...]
    moves: Array
    possible: Array
    prior: Array
    period: str | None = None
    history: LadderHistory | None = field(default=None, repr=False)
    draws_seed: int = SEED
    n_draws: int = DRAWS

    @cached_property
    def probabilities(self) -> Array:
        """Estimated matrix as an array; a row without moves or prior is NaN."""
        weights = self.moves + self.prior
        total = weights.sum(axis=1, keepdims=True)
        return np.where(total > 0, weights / np.where(total > 0, total, 1), np.nan)

    @property
    def matrix(self) -> pd.DataFrame:
        """Estimated probabilities: (moves + prior) / (departures + prior of the row)."""
        return self._table(self.probabilities)

    @property
    def counts(self) -> pd.DataFrame:
        """Moves by origin (rows) and destination."""
        whole = (self.moves == np.round(self.moves)).all()
        return self._table(self.moves.astype(int) if whole else self.moves)

    @property
    def departures(self) -> pd.Series:
        """How often each rung's next period was seen."""
        return pd.Series(self.moves.sum(axis=1), index=self._index("origin"), name="departures")

    @property
    def rank(self) -> Array:
        """Height of each state: rungs 0, 1, ...; beside the ladder -1, -2, ..."""
        return rank(self.states, self.beside)

    @property
    def unobserved(self) -> tuple[str, ...]:
        """States whose next period was never seen, and for which no prior speaks."""
        empty = np.isnan(self.probabilities).any(axis=1)
        return tuple(s for s, none in zip(self.states, empty, strict=True) if none)

    @property
    def never_left(self) -> tuple[str, ...]:
        """States that everybody who was on them stayed on."""
        stays = np.diag(np.nan_to_num(self.probabilities)) == 1
        return tuple(s for s, all_ in zip(self.states, stays, strict=True) if all_)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know of the estimate."""
        found = list(self.history.notes) if self.history is not None else []
        departures = self.departures
        found += [
            f"nobody was ever seen to leave {s} ({departures[s]:,.0f} periods seen): its chance of "
            "leaving is estimated as 0, and whoever gets there stays"
            for s in self.never_left
        ]
        found += [
            f"what follows on {s} was never seen: it was reached in the last period only, so its "
            "row is not known; a prior would fill it"
            for s in self.unobserved
        ]
        return tuple(found)

    @cached_property
    def clusters(self) -> Clusters:
        """Moves by customer."""
        if self.history is None:
            raise LadderError(
                "to redraw customers the estimate needs to know whose moves they are, but it was "
                "made from a table of counts. Hand a history to estimate_transitions, or ask for "
                "intervals with basis='moves'."
            )
        return self.history.source.clusters()

    @property
    def basis(self) -> Basis:
        """What is redrawn for intervals: customers where they are known, else moves."""
        return "moves" if self.history is None else "customers"

    @cached_property
    def drawn(self) -> Array:
        """Draws of the matrix around the estimate, shape (n_draws, states, states)."""
        return self.draws(self.n_draws, seed=self.draws_seed)

    def draws(self, n: int, *, seed: int, basis: Basis | None = None) -> Array:
        """Draw matrices: by weighting customers anew, or rows from Dirichlet(moves + prior).

        Parameters
        ----------
        n, seed
            How many, and the seed.
        basis
            ``"customers"`` holds also where one customer's moves depend on each other,
            ``"moves"`` takes each move as drawn on its own; None takes customers if they are known.
        """
        check_choice("basis", basis or self.basis, ("moves", "customers"))
        if (basis or self.basis) == "moves":
            return transition_intervals.dirichlet_draws(self.moves + self.prior, n, seed)
        return transition_intervals.customer_draws(self.clusters, self.prior, n, seed)

    def intervals(
        self, level: float = 0.95, *, simultaneous: bool = False, basis: Basis = "moves"
    ) -> pd.DataFrame:
        """Return every possible cell with its interval.

        Parameters
        ----------
        level
            Probability of an interval; with ``simultaneous`` that all of a row hold at once.
        simultaneous
            Goodman's intervals (with customers: percentiles at a level divided over the row).
        basis
            ``"moves"``: Wilson's interval, with a prior the Dirichlet's; ``"customers"``:
            percentiles of the matrix under customers weighted anew.

        Returns
        -------
        DataFrame
            origin, destination, departures, moves, probability, low, high.
        """
        from relmark_research.ladder.answers.cell_intervals import cell_intervals

        return cell_intervals(self, level, simultaneous=simultaneous, basis=basis)

    def test_against(self, matrix: pd.DataFrame | Array) -> homogeneity.ChainTest:
        """Test the moves against a known matrix."""
        return homogeneity.against(self.moves, priors.as_matrix(matrix, self.states, "known"))

    def test_homogeneity(self) -> homogeneity.ChainTest:
        """Test whether the matrix stays the same from period to period."""
        moves = self._told("constancy over time").source.moves()
        groups = homogeneity.by_period(moves, len(self.states))
        return homogeneity.between(groups, self.possible, "the chances stay the same over time")

    def test_order(self) -> tuple[homogeneity.ChainTest, homogeneity.ChainTest]:
        """Test whether the present rung matters (order 0 or 1), and the one before (1 or 2)."""
        triples = self._told("the order").source.triples()
        return (
            homogeneity.zero_order(self.moves, self.possible),
            homogeneity.second_order(triples, self.possible),
        )

    def by(self, column: str) -> SegmentEstimates:
        """Estimate each segment of customers apart, and test whether they differ.

        Parameters
        ----------
        column
            A column of the history's table of customers.
        """
        from relmark_research.ladder.answers.segment_estimates import by_segment

        return by_segment(self, column)

    def project(
        self,
        start: Mapping[str, float] | pd.Series | None = None,
        periods: int = 4,
        *,
        inflow: Mapping[str, float] | None = None,
        level: float = 0.95,
    ) -> Projection:
        """Say how many will stand on each rung, see `projection.project`."""
        from relmark_research.ladder.answers.projection import project

        return project(self, start, periods, inflow=inflow, level=level)

    def time_to(self, rung: str, *, before: str | None = None, level: float = 0.95) -> Reach:
        """Say how long it takes to get to ``rung``, see `projection.time_to`."""
        from relmark_research.ladder.answers.projection import time_to

        return time_to(self, rung, before=before, level=level)

    def probability_of_reaching(
        self, rung: str, within: int | str | Horizon, *, level: float = 0.95
    ) -> pd.DataFrame:
        """Say who will have reached ``rung`` in time, see `projection.probability_of_reaching`."""
        from relmark_research.ladder.answers.projection import probability_of_reaching

        return probability_of_reaching(self, rung, within, level=level)

    def steady_state(
        self, inflow: Mapping[str, float] | None = None, *, gone: str | None = None,
        level: float = 0.95,
    ) -> pd.DataFrame:  # fmt: skip
        """Say where the numbers come to rest, see `steady.steady_state`."""
        from relmark_research.ladder.answers.stationary import steady_state

        return steady_state(self, inflow, gone=gone, level=level)

    def value(
        self,
        margin_by_rung: Mapping[str, float] | pd.Series,
        annual_discount_rate: float,
        *,
        level: float = 0.95,
    ) -> LadderValue:
        """Say what it is worth that somebody stands on each rung, see `value.value`."""
        from relmark_research.ladder.answers.rung_value import value

        return value(self, margin_by_rung, annual_discount_rate, level=level)

    def place(self, rung: str) -> int:
        """Return the number of a rung, refusing one that is not known."""
        if rung not in self.states:
            raise LadderError(unknown_name("rung", rung, self.states))
        return self.states.index(rung)

    def whole(self, what: str) -> Array:
        """Return the matrix, refusing one with unknown rows."""
        if self.unobserved:
            raise LadderError(
                f"{what} needs the chances from every rung, but nobody was seen one period after "
                f"standing on {', '.join(self.unobserved)}. Take longer data, or give a prior: "
                "estimate_transitions(history, prior=0.5)."
            )
        return self.probabilities

    def _told(self, what: str) -> LadderHistory:
        if self.history is None:
            raise LadderError(
                f"a test of {what} needs the moves by customer and period, but the estimate was "
                "made from a table of counts. Hand in a history of customer_id, period, rung."
            )
        return self.history

    def _index(self, name: str) -> pd.Index:
        return pd.Index(self.states, name=name)

    def _table(self, values: Array) -> pd.DataFrame:
        return pd.DataFrame(values, self._index("origin"), self._index("destination"))


# From who stood where to the chances of climbing and falling.


def estimate_transitions(
    history: LadderHistory | pd.DataFrame,
    *,
    prior: float | pd.DataFrame | Array | None = None,
    rungs: Sequence[str] | None = None,
    beside: Sequence[str] = (),
    impossible: Iterable[Any] = (),
    period: str | None = None,
) -> TransitionEstimate:
    """Estimate the chances of moving from each rung to each other in one period.

    Parameters
    ----------
    history
        A LadderHistory; or a table of customer_id, period, rung; or a square table of counts.
    prior
        None: maximum likelihood. A number > 0: that Dirichlet weight for every possible cell (0.5 is
        Jeffreys'). A matrix: a weight for each cell.
    rungs, beside, impossible, period
        For tables: states in order, which of them are beside the ladder, moves that cannot happen,
        and the calendar length of a period. See `LadderHistory.of`.

    Returns
    -------
    TransitionEstimate
        p_ij = (n_ij + prior_ij) / (n_i. + prior_i.), n_ij the moves from i to j of one customer
        from one period to the next. The last period of a customer is followed by nothing, and
        nothing is counted for it: data that end are not a loss.

    Raises
    ------
    LadderError
        Where a rung is unknown, nobody reaches one (and no prior speaks for it), there is a single
        period, or a move was seen that is declared impossible.

    References
    ----------
    Anderson and Goodman 1957, Annals of Mathematical Statistics 28, equation 2.6.

    Examples
    --------
    >>> counts = pd.DataFrame([[6, 2], [1, 3]], index=["first", "repeat"], columns=["first", "repeat"])
    >>> estimate_transitions(counts).matrix.loc["first", "repeat"].round(2)
    np.float64(0.25)
    """  # noqa: E501
    if isinstance(history, pd.DataFrame) and "rung" not in history.columns:
        states, moves = priors.read_counts(history, rungs)
        told, declared = None, parse_moves(impossible, states)
        off = tuple(beside)
    else:
        told = LadderHistory.of(
            history, rungs=rungs, beside=beside, impossible=impossible, period=period
        )
        states, declared, off, period = told.states, told.impossible, told.beside, told.period
        moves = homogeneity.by_period(told.source.moves(), len(states)).sum(axis=0)
    possible = np.ones((len(states), len(states)), bool)
    for origin, destination in declared:
        possible[states.index(origin), states.index(destination)] = False
    weights = priors.weights(prior, possible, states)
    priors.check_moves(moves, possible, weights, states, told)
    return TransitionEstimate(states, off, moves, possible, weights, period, told)
