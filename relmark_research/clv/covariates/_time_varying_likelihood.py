"""The likelihood of purchases on clocks that covariates drive, with its derivatives.

    log L = sum over repeat purchases j of z(t_j)'b + (power) ln(A(t_j) - A(t_(j-1)))
            + sum over customers of log L_plain(x, A(t_x), A(T))

with A the clock of a customer (`_exposure`). The power of a gap is k - 1 for (M)BG/CNBD-k and 0 for
models of random purchases. Exact for models whose dropout is tied to purchases. A time on the clock
is a sum over the distinct values v of the covariates of (days spent with v) x exp(v'b), so that it
and its derivatives are one product of a sparse matrix with few columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from scipy import sparse

from relmark_research.clv.covariates._exposure import Pieces
from relmark_research.clv.estimation.model import PurchaseModel
from relmark_research.stats.newton import Point

Array = np.ndarray

_BLOCK = 1 << 14  # customers computed at once
_LIMIT = 300.0  # larger logarithms would overflow


@dataclass(frozen=True, eq=False)
class Stretches:
    """The time of some customers, in stretches between purchases.

    Attributes
    ----------
    x
        Repeat purchases, shape (customers,).
    time
        Time of each stretch with each of the values from ``low`` on, sparse, (stretches, values).
    low
        First of the values.
    owner, open
        Customer of each stretch, and whether it is the time since the last purchase. For random
        purchases all stretches before the last purchase are one.
    """

    x: Array = field(repr=False)
    time: sparse.csr_matrix = field(repr=False)
    low: int
    owner: Array = field(repr=False)
    open: Array = field(repr=False)

    def until_last(self, column: Array) -> Array:
        """Return each customer's sum until the last purchase."""
        return np.bincount(self.owner, np.where(self.open, 0.0, column), len(self.x))

    def until_end(self, column: Array) -> Array:
        """Return each customer's sum until the end."""
        return np.bincount(self.owner, column, len(self.x))

    def sampled(self, customers: Array) -> Stretches:
        """Return those of some customers."""
        place = np.full(len(self.x), -1)
        place[customers] = np.arange(len(customers))
        kept = np.flatnonzero(place[self.owner] >= 0)
        return replace(
            self,
            x=self.x[customers],
            time=self.time[kept],
            owner=place[self.owner[kept]],
            open=self.open[kept],
        )


@dataclass(frozen=True, eq=False)
class TimeVaryingLikelihood:
    """The log-likelihood by the log-parameters and the effects on the purchase rate.

    Attributes
    ----------
    model
        A model of the family; its parameters are replaced, what is given (k) stays.
    values
        The distinct values of the covariates, shape (values, effects).
    blocks
        The customers' time, some customers at a time.
    total
        Sum of the covariates over repeat purchases, shape (effects,).
    """

    model: PurchaseModel
    values: Array = field(repr=False)
    blocks: tuple[Stretches, ...] = field(repr=False)
    total: Array = field(repr=False)

    @classmethod
    def of(
        cls, model: PurchaseModel, pieces: Pieces, code: Array, values: Array, days: float
    ) -> TimeVaryingLikelihood:
        """Arrange pieces, whose covariates are distinct values.

        Parameters
        ----------
        code
            The value of each row of covariates.
        days
            Days per unit of time of the model.
        """
        at_repeat = code[pieces.purchase_row[pieces.is_repeat]]
        total = np.bincount(at_repeat, minlength=len(values)) @ values
        return cls(model, values, tuple(_stretches(model, pieces, code, values, days)), total)

    @property
    def customers(self) -> int:
        """Number of customers."""
        return sum(len(block.x) for block in self.blocks)

    @property
    def purchases(self) -> float:
        """Number of repeat purchases."""
        return float(sum(block.x.sum() for block in self.blocks))

    def moments(self) -> tuple[Array, Array]:
        """Return mean and standard deviation of the covariates over the time observed."""
        time = np.zeros(len(self.values))
        for block in self.blocks:
            spent = np.asarray(block.time.sum(axis=0)).ravel()
            time[block.low : block.low + len(spent)] += spent
        mean = time @ self.values / time.sum()
        return mean, np.sqrt(time @ (self.values - mean) ** 2 / time.sum())

    def scaled(self, centre: Array, scale: Array) -> TimeVaryingLikelihood:
        """Return the likelihood by the effects of centred and scaled covariates."""
        total = (self.total - self.purchases * centre) / scale
        return replace(self, values=(self.values - centre) / scale, total=total)

    def sampled(self, share: int) -> TimeVaryingLikelihood:
        """Return the likelihood of every ``share``-th customer, with the total of all scaled."""
        blocks = tuple(b.sampled(np.arange(0, len(b.x), share)) for b in self.blocks)
        sample = replace(self, blocks=blocks)
        return replace(sample, total=self.total * sample.purchases / max(self.purchases, 1.0))

    def evaluate(self, at: Array) -> Point:
        """Return value, gradient and Hessian by the log-parameters and the effects."""
        k = len(self.model.names())
        parameters = np.exp(np.clip(at[:k], -_LIMIT, _LIMIT))
        effects, model = at[k:], self.model.with_values(parameters)
        value = float(self.total @ effects)
        gradient, hessian = np.zeros(len(at)), np.zeros((len(at), len(at)))
        gradient[k:] += self.total
        with np.errstate(all="ignore"):
            for block in self.blocks:
                sums = self._sums(block, effects)
                parts = _block_sums(model, block, sums, len(effects))
                value, gradient, hessian = value + parts[0], gradient + parts[1], hessian + parts[2]
        scale = np.concatenate([parameters, np.ones(len(effects))])
        gradient = gradient * scale
        hessian = hessian * np.outer(scale, scale)
        hessian[:k, :k] += np.diag(gradient[:k])
        return Point(np.asarray(at, float), value, gradient, hessian)

    @property
    def searched(self) -> Callable[[Array], Point]:
        """What searches evaluate where the Hessian need not be exact; it is cheap here."""
        return self.evaluate

    def _sums(self, block: Stretches, effects: Array) -> Array:
        """Return each stretch's time on the clock, with its derivatives by the effects."""
        v = self.values[block.low : block.low + block.time.shape[1]]
        speed = np.exp(np.clip(v @ effects, -_LIMIT, _LIMIT))
        first = [speed * column for column in v.T]
        second = [one * column for i, one in enumerate(first) for column in v.T[i:]]
        result: Array = (block.time @ np.column_stack([speed, *first, *second])).T
        return result


def _stretches(
    model: PurchaseModel, pieces: Pieces, code: Array, values: Array, days: float
) -> Iterator[Stretches]:
    """Yield the observed time of customers, in blocks."""
    bought, opened = pieces.purchases, pieces.opened
    last = np.append(opened[1:], len(bought)) - 1
    used = np.arange(len(bought)) if model.gap_power else np.unique(np.append(opened, last))
    owner, is_open = pieces.purchase_owner[used], np.zeros(len(bought), bool)
    is_open[last] = True
    begin = np.searchsorted(pieces.starts, bought[used])
    end_keys = np.arange(len(pieces.ids)) * pieces.span + pieces.end
    stop = np.append(begin[1:], 0)
    stop[is_open[used]] = np.searchsorted(pieces.starts, end_keys)
    for start in range(0, len(pieces.ids), _BLOCK):
        rows = slice(*np.searchsorted(owner, (start, start + _BLOCK)))
        low_piece, high_piece = int(begin[rows][0]), int(stop[rows][-1])
        inside = slice(low_piece, high_piece)
        kinds, lengths = code[pieces.row[inside]], pieces.lengths[inside] / days
        low, high = int(kinds.min(initial=len(values))), int(kinds.max(initial=-1)) + 1
        if high <= low:
            low, high = 0, 1
        # stretches are contiguous but for the future of the customer before, which has no time
        ends = np.maximum.accumulate(np.maximum(stop[rows], begin[rows]))
        bounds = np.append(begin[rows], ends[-1]) - low_piece
        observed = pieces.is_observed[inside]
        shape = (len(bounds) - 1, high - low)
        time = sparse.csr_matrix((np.where(observed, lengths, 0.0), kinds - low, bounds), shape)
        counts = pieces.frequency[start : start + _BLOCK]
        yield Stretches(counts, time, low, owner[rows] - start, is_open[used][rows])


def _block_sums(
    model: PurchaseModel, block: Stretches, sums: Array, p: int
) -> tuple[float, Array, Array]:
    """Return value, gradient and Hessian by parameters and effects, summed over customers."""
    k, folds = len(model.names()), (block.until_last, block.until_end)
    last, end = (fold(sums[0]) for fold in folds)
    value, first, second = model.clock_derivatives(block.x, last, np.maximum(last, end))
    slopes = np.array([[fold(column) for column in sums[1 : p + 1]] for fold in folds])
    curves = np.array([[fold(column) for column in sums[p + 1 :]] for fold in folds])
    gradient, hessian = np.zeros(k + p), np.zeros((k + p, k + p))
    gradient[:k] = first[:k].sum(axis=1)
    gradient[k:] = np.einsum("tn,tpn->p", first[k:], slopes)
    hessian[:k, :k] = second[:k, :k].sum(axis=2)
    hessian[:k, k:] = np.einsum("itn,tpn->ip", second[:k, k:], slopes)
    hessian[k:, :k] = hessian[:k, k:].T
    moved = np.einsum("tun,uqn->tqn", second[k:, k:], slopes)
    hessian[k:, k:] = np.einsum("tpn,tqn->pq", slopes, moved)
    bent, total = np.einsum("tn,tcn->c", first[k:], curves), float(value.sum())
    if model.gap_power:
        gaps = sums[:, ~block.open]
        shares = gaps[1:] / gaps[0]
        total += model.gap_power * float(np.log(gaps[0]).sum())
        gradient[k:] += model.gap_power * shares[:p].sum(axis=1)
        bent = bent + model.gap_power * shares[p:].sum(axis=1)
        hessian[k:, k:] -= model.gap_power * (shares[:p] @ shares[:p].T)
    full = np.zeros((p, p))
    full[np.triu_indices(p)] = bent
    hessian[k:, k:] += full + np.triu(full, 1).T
    return total, gradient, hessian
