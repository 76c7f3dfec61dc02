"""The likelihood of purchases on clocks that covariates drive, with its derivatives.

    log L = sum over repeat purchases j of z(t_j)'b + (power) ln(A(t_j) - A(t_(j-1)))
            + sum over customers of log L_plain(x, A(t_x), A(T))

with A the clock of a customer (`_exposure`). The power of a gap is k - 1 for (M)BG/CNBD-k and 0 for
models of random purchases. Exact for models whose dropout is tied to purchases. The derivatives of
A by b are sums over the same pieces, of z exp(z'b) and z z' exp(z'b).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from relmark_research.clv.covariates._exposure import Pieces
from relmark_research.clv.estimation.model import PurchaseModel
from relmark_research.stats.newton import Point

Array = np.ndarray

_BLOCK = 1 << 17  # pieces computed at once
_LIMIT = 300.0  # larger logarithms would overflow


@dataclass(frozen=True, eq=False)
class TimeVaryingLikelihood:
    """The log-likelihood by the log-parameters and the effects on the purchase rate.

    Attributes
    ----------
    model
        A model of the family; its parameters are replaced, what is given (k) stays.
    x
        Repeat purchases, shape (customers,).
    z, length
        Covariates and length of each observed piece, in the model's unit, (pieces, effects) and
        (pieces,).
    begin
        First piece of each customer, and the number of pieces at the end.
    segment, owner, open
        First piece, customer and whether it is the time since the last purchase, of each stretch
        between purchases. For random purchases all stretches before the last purchase are one.
    total
        Sum of the covariates over repeat purchases, per customer, (customers, effects).
    """

    model: PurchaseModel
    x: Array = field(repr=False)
    z: Array = field(repr=False)
    length: Array = field(repr=False)
    begin: Array = field(repr=False)
    segment: Array = field(repr=False)
    owner: Array = field(repr=False)
    open: Array = field(repr=False)
    total: Array = field(repr=False)

    @classmethod
    def of(
        cls, model: PurchaseModel, pieces: Pieces, z: Array, at_purchases: Array, days: float
    ) -> TimeVaryingLikelihood:
        """Arrange pieces with the covariates of their rows and those at the purchases.

        Parameters
        ----------
        z, at_purchases
            Covariates of each piece and of each purchase-day.
        days
            Days per unit of time of the model.
        """
        customers = len(pieces.ids)
        owner = pieces.starts // pieces.span
        observed = pieces.starts - owner * pieces.span < pieces.end
        starts, owner = pieces.starts[observed], owner[observed]
        bought, opened = pieces.purchases, pieces.opened
        last = np.append(opened[1:], len(bought)) - 1
        used = np.arange(len(bought))
        if not model.gap_power:
            used = np.unique(np.concatenate([opened, last]))
        repeat = np.ones(len(bought), bool)
        repeat[opened] = False
        total = np.add.reduceat(np.where(repeat[:, None], at_purchases, 0.0), opened, axis=0)
        return cls(
            model=model,
            x=pieces.frequency,
            z=np.ascontiguousarray(z[observed]),
            length=pieces.lengths[observed] / days,
            begin=np.searchsorted(owner, np.arange(customers + 1)),
            segment=np.searchsorted(starts, bought[used]),
            owner=pieces.purchase_rows[used],
            open=np.isin(used, last),
            total=total,
        )

    def scaled(self, centre: Array, scale: Array) -> TimeVaryingLikelihood:
        """Return the likelihood by the effects of centred and scaled covariates."""
        return replace(
            self,
            z=(self.z - centre) / scale,
            total=(self.total - self.x[:, None] * centre) / scale,
        )

    def first(self, customers: int) -> TimeVaryingLikelihood:
        """Return the likelihood of a systematic sample of customers."""
        chosen = np.unique(np.linspace(0, len(self.x) - 1, customers).astype(int))
        place = np.full(len(self.x), -1)
        place[chosen] = np.arange(len(chosen))
        kept = place[self.owner] >= 0
        sizes = np.diff(self.begin)
        of_piece = np.repeat(place, sizes) >= 0
        new_place: Array = np.cumsum(of_piece) - of_piece
        return replace(
            self,
            x=self.x[chosen],
            z=self.z[of_piece],
            length=self.length[of_piece],
            begin=np.concatenate([[0], np.cumsum(sizes[chosen])]),
            segment=np.append(new_place, of_piece.sum())[self.segment[kept]],
            owner=place[self.owner[kept]],
            open=self.open[kept],
            total=self.total[chosen],
        )

    def evaluate(self, at: Array) -> Point:
        """Return value, gradient and Hessian by the log-parameters and the effects."""
        k = len(self.model.names())
        values = np.exp(np.clip(at[:k], -_LIMIT, _LIMIT))
        effects, model = at[k:], self.model.with_values(values)
        summed = self.total.sum(axis=0)
        value = float(summed @ effects)
        gradient, hessian = np.zeros(len(at)), np.zeros((len(at), len(at)))
        gradient[k:] += summed
        with np.errstate(all="ignore"):
            for block in self._blocks():
                parts = block._block_sums(model, effects)
                value, gradient = value + parts[0], gradient + parts[1]
                hessian += parts[2]
        scale = np.concatenate([values, np.ones(len(effects))])
        gradient = gradient * scale
        hessian = hessian * np.outer(scale, scale)
        hessian[:k, :k] += np.diag(gradient[:k])
        return Point(np.asarray(at, float), value, gradient, hessian)

    def clocks(self, effects: Array) -> tuple[Array, Array]:
        """Return A(t_x) and A(T) of each customer."""
        parts = [block._times(effects)[0] for block in self._blocks()]
        last, end = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
        return last, end

    def _blocks(self) -> Iterator[TimeVaryingLikelihood]:
        """Yield the customers in blocks of about as many pieces."""
        start, customers = 0, len(self.x)
        while start < customers:
            limit = self.begin[start] + _BLOCK
            stop = max(int(np.searchsorted(self.begin, limit, side="right")) - 1, start + 1)
            pieces = slice(self.begin[start], self.begin[stop])
            low, high = np.searchsorted(self.owner, (start, stop))
            yield replace(
                self,
                x=self.x[start:stop],
                z=self.z[pieces],
                length=self.length[pieces],
                begin=self.begin[start : stop + 1] - self.begin[start],
                segment=self.segment[low:high] - self.begin[start],
                owner=self.owner[low:high] - start,
                open=self.open[low:high],
                total=self.total[start:stop],
            )
            start = stop

    def _times(self, effects: Array) -> tuple[tuple[Array, Array], Array, Array, Array]:
        """Return A(t_x) and A(T), and each stretch's length with its derivatives by effects."""
        speed = self.length * np.exp(np.clip(self.z @ effects, -_LIMIT, _LIMIT))
        first = [speed * column for column in self.z.T]
        second = [one * column for one, column in self._pairs(first)]
        sums = np.array([self._by_segment(column) for column in (speed, *first, *second)])
        return (self._last(sums[0]), self._whole(sums[0])), sums, speed, self.z

    def _pairs(self, first: list[Array]) -> Iterator[tuple[Array, Array]]:
        for i, one in enumerate(first):
            for column in self.z.T[i:]:
                yield one, column

    def _by_segment(self, column: Array) -> Array:
        """Sum a column over the pieces of each stretch; a stretch may have none."""
        padded = np.append(column, 0.0)
        summed = np.add.reduceat(padded, self.segment)
        empty = np.append(np.diff(self.segment) == 0, self.segment[-1] >= len(column))
        return np.where(empty, 0.0, summed)

    def _whole(self, column: Array) -> Array:
        return np.bincount(self.owner, column, len(self.x))

    def _last(self, column: Array) -> Array:
        return np.bincount(self.owner, np.where(self.open, 0.0, column), len(self.x))

    def _block_sums(self, model: PurchaseModel, effects: Array) -> tuple[float, Array, Array]:
        """Return value, gradient and Hessian by parameters and effects, summed over customers."""
        (last, end), sums, _, _ = self._times(effects)
        k, p = len(model.names()), len(effects)
        value, first, second = model.clock_derivatives(self.x, last, end)
        slopes = np.stack([[fold(column) for column in sums[1 : p + 1]]
                           for fold in (self._last, self._whole)])  # fmt: skip
        curves = np.stack([[fold(column) for column in sums[p + 1 :]]
                           for fold in (self._last, self._whole)])  # fmt: skip
        gradient, hessian = np.zeros(k + p), np.zeros((k + p, k + p))
        gradient[:k] = first[:k].sum(axis=1)
        gradient[k:] = np.einsum("tn,tpn->p", first[k:], slopes)
        hessian[:k, :k] = second[:k, :k].sum(axis=2)
        hessian[:k, k:] = np.einsum("itn,tpn->ip", second[:k, k:], slopes)
        hessian[k:, :k] = hessian[:k, k:].T
        moved = np.einsum("tun,uqn->tqn", second[k:, k:], slopes)
        hessian[k:, k:] = np.einsum("tpn,tqn->pq", slopes, moved)
        bent = np.einsum("tn,tcn->c", first[k:], curves)
        total = float(value.sum())
        if model.gap_power:
            gaps, by_gap, by_pair = self._gap_sums(sums, p)
            total += model.gap_power * gaps
            gradient[k:] += model.gap_power * by_gap
            bent = bent + model.gap_power * by_pair[0]
            hessian[k:, k:] -= model.gap_power * by_pair[1]
        above = np.triu_indices(p)
        full = np.zeros((p, p))
        full[above] = bent
        hessian[k:, k:] += full + np.triu(full, 1).T
        return total, gradient, hessian

    def _gap_sums(self, sums: Array, p: int) -> tuple[float, Array, tuple[Array, Array]]:
        """Return the sum of ln(gap) on the clock, with its derivatives by the effects."""
        gaps = sums[:, ~self.open]
        shares = gaps[1:] / gaps[0]
        return (
            float(np.log(gaps[0]).sum()),
            shares[:p].sum(axis=1),
            (shares[p:].sum(axis=1), shares[:p] @ shares[:p].T),
        )
