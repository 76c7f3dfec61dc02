"""Estimated transition probabilities as data: counts, prior, probabilities and their draws.

n_ij     moves from state i to state j     kappa_ij  Dirichlet weight of the cell (the prior)
p_ij     (n_ij + kappa_ij) / (n_i. + kappa_i.)

Draws by moves: each row is Dirichlet(n_i + kappa_i). Draws by customers are a Bayesian bootstrap
(Rubin 1981): customer c counts with an Exponential(1) weight; if every customer made one move, the
rows would be Dirichlet(n_i) exactly.

References
----------
Rubin 1981, "The Bayesian bootstrap", Annals of Statistics 9.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd

from relmark_research._repr import html_table
from relmark_research.errors import LadderError, check_choice, unknown_name
from relmark_research.ladder.history._states import rank
from relmark_research.ladder.history.ladder_history import LadderHistory
from relmark_research.ladder.history.memory_spells import Clusters
from relmark_research.stats.bootstrap import bayesian_bootstrap_sums
from relmark_research.units import Period

Array = np.ndarray
Basis = Literal["moves", "customers"]
DRAWS, SEED = 1000, 20240101


@dataclass(frozen=True)
class TransitionMatrix:
    """Counts of moves between states and the probabilities estimated from them.

    Attributes
    ----------
    states, off_ladder
        Rungs, lowest first, then the states off the ladder; and which states are off the ladder.
    moves
        Counts by origin and destination, shape (states, states).
    possible
        Which moves can happen, shape (states, states).
    prior
        Dirichlet weights that were added to the moves, shape (states, states).
    period
        Calendar period; None if unknown.
    history
        The history that was counted; None if counts were given.
    draws_seed, n_draws
        Seed and number of the draws behind the intervals of derived quantities.
    """

    states: tuple[str, ...]
    off_ladder: tuple[str, ...]
    moves: Array
    possible: Array
    prior: Array
    period: Period | None = None
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
        whole_numbers = (self.moves == np.round(self.moves)).all()
        return self._table(self.moves.astype(int) if whole_numbers else self.moves)

    @property
    def departures(self) -> pd.Series:
        """Number of periods on each rung whose next period was observed."""
        return pd.Series(self.moves.sum(axis=1), index=self.index("origin"), name="departures")

    @property
    def rank(self) -> Array:
        """Rank of each state: rungs 0, 1, ...; states off the ladder -1, -2, ..."""
        return rank(self.states, self.off_ladder)

    @property
    def unobserved(self) -> tuple[str, ...]:
        """States without an observed departure and without a prior."""
        empty = np.isnan(self.probabilities).any(axis=1)
        return tuple(s for s, missing in zip(self.states, empty, strict=True) if missing)

    @property
    def absorbing_states(self) -> tuple[str, ...]:
        """States without an observed departure: probability 1 of staying."""
        stays = np.diag(np.nan_to_num(self.probabilities)) == 1
        return tuple(s for s, absorbing in zip(self.states, stays, strict=True) if absorbing)

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes on the data and on rows that are not estimated or absorbing."""
        found = list(self.history.notes) if self.history is not None else []
        departures = self.departures
        found += [
            f"no departure from {s} was observed in {departures[s]:,.0f} periods; it is estimated "
            "as absorbing"
            for s in self.absorbing_states
        ]
        found += [
            f"no transition from {s} was observed, as it was reached in the last period only; its "
            "row is unknown, and a prior would fill it"
            for s in self.unobserved
        ]
        return tuple(found)

    @property
    def basis(self) -> Basis:
        """What is resampled for intervals: customers if a history is known, else moves."""
        return "moves" if self.history is None else "customers"

    @cached_property
    def clusters(self) -> Clusters:
        """Counts of moves by customer, equal customers together."""
        if self.history is None:
            raise LadderError(
                "intervals by customer need to know the customer of each move, but the estimate "
                "was made from a table of counts. Pass a history to estimate_transitions, or use "
                "basis='moves'."
            )
        return self.history.source.clusters()

    @cached_property
    def probability_draws(self) -> Array:
        """Draws of the matrix, shape (n_draws, states, states); rows that are unknown are 0."""
        return np.nan_to_num(self.draws(self.n_draws, seed=self.draws_seed))

    def draws(self, n: int, *, seed: int, basis: Basis | None = None) -> Array:
        """Draw matrices, shape (n, states, states); rows that are unknown are NaN.

        Parameters
        ----------
        n, seed
            Number of draws, and their seed.
        basis
            ``"customers"`` resamples customers and allows for dependence among a customer's moves;
            ``"moves"`` takes moves as independent: Dirichlet(moves + prior) by row. None takes
            customers if a history is known.
        """
        check_choice("basis", basis or self.basis, ("moves", "customers"))
        if (basis or self.basis) == "moves":
            return _dirichlet_draws(self.moves + self.prior, n, seed)
        return _customer_draws(self.clusters, self.prior, n, seed)

    def state_index(self, rung: str) -> int:
        """Return the index of a state, refusing an unknown name."""
        if rung not in self.states:
            raise LadderError(unknown_name("rung", rung, self.states))
        return self.states.index(rung)

    def complete_matrix(self, what: str) -> Array:
        """Return the probabilities, refusing a matrix with unknown rows.

        Parameters
        ----------
        what
            The quantity that needs the matrix, for the error message.
        """
        if self.unobserved:
            raise LadderError(
                f"{what} needs the probabilities of every rung, but no move was observed from "
                f"{', '.join(self.unobserved)}. Use longer data, or give a prior: "
                "estimate_transitions(history, prior=0.5)."
            )
        return self.probabilities

    def required_history(self, what: str) -> LadderHistory:
        """Return the history, refusing an estimate made from counts."""
        if self.history is None:
            raise LadderError(
                f"{what} needs the moves by customer and period, but the estimate was made from a "
                "table of counts. Pass a history of customer_id, period, rung."
            )
        return self.history

    def index(self, name: str) -> pd.Index:
        """Return the states as an index of that name."""
        return pd.Index(self.states, name=name)

    def _table(self, values: Array) -> pd.DataFrame:
        return pd.DataFrame(values, self.index("origin"), self.index("destination"))

    def __repr__(self) -> str:
        return f"<{self._title()}; rungs {', '.join(self.states)}>"

    def _repr_html_(self) -> str:
        rows: list[tuple[object, ...]] = [("from / to", *self.states)]
        rows += [
            (state, *(f"{p:.1%}" for p in row))
            for state, row in zip(self.states, self.probabilities, strict=True)
        ]
        return html_table(self._title(), rows)

    def _title(self) -> str:
        moves = f"{self.moves.sum():,.0f} moves"
        period = f" from {self.period} to {self.period}" if self.period else ""
        return f"{type(self).__name__}: {len(self.states)} states, {moves}{period}"


def _dirichlet_draws(weights: Array, n: int, seed: int) -> Array:
    """Draw matrices with Dirichlet rows, shape (n, states, states); empty rows are NaN."""
    rng = np.random.default_rng(seed)
    return _row_shares(rng.standard_gamma(weights, size=(n, *weights.shape)))


def _customer_draws(clusters: Clusters, prior: Array, n: int, seed: int) -> Array:
    """Draw matrices by the Bayesian bootstrap of customers, shape (n, states, states).

    Parameters
    ----------
    clusters
        Moves by customer, equal customers together.
    prior
        Dirichlet weights that are added, shape (states, states).
    n, seed
        Number of draws, and their seed.
    """
    rng = np.random.default_rng(seed)
    k = prior.shape[-1]
    cells = clusters.counts.reshape(len(clusters.counts), k * k)
    drawn = bayesian_bootstrap_sums(cells, clusters.people, n, rng)
    extra = rng.standard_gamma(prior, size=(n, k, k)) if prior.any() else 0.0
    return _row_shares(drawn.reshape(n, k, k) + extra)


def _row_shares(weights: Array) -> Array:
    total = weights.sum(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > 0, weights / total, np.nan)
