"""Fits with covariates that change with time: the purchase rate by customer and date.

z(t)    a customer's covariates at a time, constant from a date until the next
b       their effects; the plain model has b = 0
A(t)    integral of exp(z'b) from the first purchase on, the customer's clock

A living customer buys at the rate lambda exp(z(t)'b). In the time of the clock the process is the
plain one, so that the likelihood is exact for models whose dropout is tied to purchases:
(M)BG/NBD and (M)BG/CNBD-k (`_time_varying_likelihood`). Pareto/NBD, whose customers drop out in
plain time, has a second clock and is integrated over the time of dropout (`_pareto_clocks`).

Source: Bachmann, Meierer & Naef (2021), The role of time-varying contextual factors in latent
attrition models for customer base analysis, Marketing Science 40(4), 783-809.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from relmark_research.clv.covariates import _covariate_gradients
from relmark_research.clv.covariates._covariate_gradients import EffectBlock
from relmark_research.clv.covariates._dated_table import DatedTable
from relmark_research.clv.covariates._effects_maximum import (
    Maximum,
    ScaledLikelihood,
    diverging_effects,
)
from relmark_research.clv.covariates._exposure import Pieces
from relmark_research.clv.covariates._pareto_clocks import ParetoClocks
from relmark_research.clv.covariates._time_varying_likelihood import TimeVaryingLikelihood
from relmark_research.clv.covariates._two_clock_model import TwoClockModel
from relmark_research.clv.covariates.clock_model import ClockData, ClockModel
from relmark_research.clv.covariates.covariate_fit import CovariateFit
from relmark_research.clv.covariates.formula import Design
from relmark_research.clv.estimation.fit import Fit
from relmark_research.clv.estimation.model import CovariateLink, PurchaseModel
from relmark_research.customers.log.customer_summary import CustomerSummary
from relmark_research.customers.log.purchase_history import PurchaseHistory
from relmark_research.errors import DataError, ParameterError, first_rows
from relmark_research.stats.newton import Point, maximise

if TYPE_CHECKING:
    from relmark_research.customers.log.transactions import TransactionLog
    from relmark_research.units import TimeUnit

Array = np.ndarray

_SAMPLE = 4_000  # customers from which a search starts, if there are many more


@dataclass(frozen=True, repr=False)
class TimeVaryingFit(CovariateFit):
    """A model whose purchase rate depends on covariates that change with time.

    What it has of `CovariateFit` means the same. `model_for` returns `ClockModel`, one model per
    customer of the log that the covariates were given for; `on` replaces log and covariates, for
    later days, other customers, or another scenario.
    """

    dated: ClockData = field(repr=False, compare=False)
    likelihood: ParetoClocks | None = field(default=None, repr=False, compare=False)

    def model_for(
        self, customers: CustomerSummary | pd.DataFrame, *, covariates: pd.DataFrame | None = None
    ) -> PurchaseModel:
        """Return the model of customers of the log, on their own clocks.

        Parameters
        ----------
        customers
            Summary of the log of the fit, or of some of its customers, with their ids.
        covariates
            Not taken here: `on` replaces the covariates.

        Raises
        ------
        DataError
            If a customer is not in the log.
        """
        return self._on_clocks(customers, self.estimates)

    def models_for(
        self, customers: CustomerSummary | pd.DataFrame, estimates: Array
    ) -> list[PurchaseModel]:
        """Return `model_for` at other `estimates`, shape (models, estimates)."""
        return [self._on_clocks(customers, row) for row in estimates]

    def estimates_gradient(
        self, by_logs: Array, customers: CustomerSummary | pd.DataFrame
    ) -> Array:
        """Return the gradient by the estimates, which `ClockModel` has by its own parameters."""
        return by_logs

    def on(self, log: TransactionLog, *, covariates: pd.DataFrame) -> TimeVaryingFit:
        """Return the fit with other covariates, and the same estimates.

        Parameters
        ----------
        log
            The log of the customers that forecasts are about.
        covariates
            Values per customer and date, from each first purchase to the end of the forecasts. To
            ask what would happen without a campaign, set its column to 0 in the future.

        Examples
        --------
        >>> import pandas as pd
        >>> import relmark_research as rm
        >>> log = rm.load_cdnow().until("1997-09-30")
        >>> weeks = pd.DataFrame({"date": pd.date_range("1996-12-30", "1998-06-30", freq="7D")})
        >>> weeks["spring"] = weeks["date"].dt.month.isin([3, 4, 5]).astype(float)
        >>> fit = rm.clv.fit_covariates(rm.MBGNBD, log, rate="spring", covariates=weeks)
        >>> later = weeks["date"] > "1997-09-30"
        >>> without = weeks.assign(spring=weeks["spring"].where(~later, 0.0))
        >>> for one in (fit, fit.on(log, covariates=without)):
        ...     total = rm.clv.total_purchases(
        ...         one, log.customer_summary(), horizon="39 weeks", level=None
        ...     )
        ...     print(f"{total.expected:,.0f}")
        1,538
        1,572
        """
        pieces, table = _pieces(log, covariates)
        by_component = {
            block.component: block.design.columns(table.values) for block in self.blocks
        }
        dated, likelihood = _dated(type(self.base), pieces, table, by_component, self.dated.unit)
        return replace(self, dated=dated, likelihood=likelihood)

    def _on_clocks(
        self, customers: CustomerSummary | pd.DataFrame, estimates: Array
    ) -> PurchaseModel:
        table, k = CustomerSummary.of(customers).table, len(self.base.values)
        rows = self.dated.pieces.ids.get_indexer(table.index)
        if (rows < 0).any():
            unknown = int((rows < 0).sum())
            raise DataError(
                f"{unknown:,} of {len(table):,} customers are not in the log of the "
                f"covariates, first: {first_rows(rows < 0, table.index)} of the customers. Give "
                "their covariates: fit.on(log, covariates=...)."
            )
        plain = self.base.with_values(np.exp(estimates[:k]))
        effects = np.asarray(estimates[k:])
        if self.likelihood is not None:
            return TwoClockModel(plain, effects, self.dated, rows, self.likelihood)
        return ClockModel(plain, effects, self.dated, rows)


def fit_time_varying(
    model: type[PurchaseModel],
    log: TransactionLog,
    formulas: Sequence[tuple[str, str, CovariateLink]],
    *,
    covariates: pd.DataFrame,
    unit: str | TimeUnit,
) -> TimeVaryingFit:
    """Fit a model whose rates depend on covariates that change with time.

    Parameters
    ----------
    formulas
        Component, formula and link of each.
    model, log, covariates, unit
        As in `fit_covariates`.
    """
    summary = log.customer_summary(unit=unit)
    assert summary.unit is not None
    plain = model.fit(summary)
    pieces, table = _pieces(log, covariates)
    designs = {name: Design.of(text, table.values) for name, text, _ in formulas}
    by_component = {name: columns for name, (_, columns) in designs.items()}
    dated, clocks = _dated(model, pieces, table, by_component, summary.unit)
    blocks = _covariate_gradients.blocks(
        [(name, link, designs[name][0]) for name, _, link in formulas]
    )
    days = summary.unit.days

    def maximum(at: PurchaseModel) -> Maximum:
        made = clocks or TimeVaryingLikelihood.of(at, pieces, table.code, dated.values, days)
        return _maximum(made, at, blocks, plain)

    chosen, found = _with_given(plain, maximum)
    if chosen is not plain.model:
        given = {name: getattr(chosen, name) for name in chosen.given}
        plain = model.fit(summary, **given)
    left_out = {
        f"{name}: {term}": reason
        for name, (design, _) in designs.items()
        for term, reason in design.left_out.items()
    }
    labels = _covariate_gradients.labels(blocks)
    columns = [by_component[block.component] for block in blocks]
    evidence = partial(_evidence, pieces, table, columns)
    unidentified = left_out | diverging_effects(found, labels, evidence)
    _warn(unidentified, found.weak)
    return TimeVaryingFit.at_maximum(plain, found, blocks, unidentified, dated, clocks)


def _evidence(pieces: Pieces, table: DatedTable, columns: Sequence[Array], effect: int) -> str:
    """Return what the data have of an effect: the customers with it, and their purchases."""
    seen = pieces.is_observed & (pieces.lengths > 0)
    owner, row = pieces.starts[seen] // pieces.span, pieces.row[seen]
    values = np.concatenate(columns, axis=1)[table.code, effect]
    if np.ptp(values[row]) == 0:
        return "it does not change while the customers are observed"
    with_it, bought = values != 0, pieces.purchase_row[pieces.is_repeat]
    return (
        f"{len(np.unique(owner[with_it[row]])):,} customers are observed with it, and "
        f"{int(with_it[bought].sum()):,} repeat purchases were made with it"
    )


def _dated(
    model: type[PurchaseModel],
    pieces: Pieces,
    table: DatedTable,
    by_component: Mapping[str, Array],
    unit: TimeUnit,
) -> tuple[ClockData, ParetoClocks | None]:
    """Return what clocks are made of, and the likelihood of a model with a clock of dropout."""
    none = np.zeros((len(table.values), 0))
    rate, dropout = (by_component.get(name, none) for name in ("rate", "dropout"))
    code = table.code[pieces.row]
    if model.clocks == 1:
        return ClockData(pieces, code, rate, unit), None
    likelihood = ParetoClocks.of(pieces, table.code, rate, dropout, unit.days)
    return ClockData(pieces, code, rate, unit, dropout), likelihood


def _pieces(log: TransactionLog, covariates: pd.DataFrame) -> tuple[Pieces, DatedTable]:
    """Return the pieces of the log's customers, and their covariates."""
    history = PurchaseHistory.of(log)
    known = history.known_at(log.observed_until)
    ids = pd.Index(history.ids(known), name="customer_id")
    end = np.datetime64(log.observed_until, "D")
    table = DatedTable.read(covariates, ids, end)
    sizes = known.frequency + 1
    who = np.repeat(np.arange(len(ids)), sizes)
    day = np.datetime64(history.rows.first_day, "D") + known.purchase_day
    pieces = Pieces.cut(
        ids, (who, day), (table.customer, table.day), end=end, covered=table.covered
    )
    return pieces, table


def _with_given(
    plain: Fit[Any], maximum: Callable[[PurchaseModel], Maximum]
) -> tuple[PurchaseModel, Maximum]:
    """Return the model whose searched field, k, has the highest likelihood with covariates.

    Without them, gaps that the covariates stretch make purchases look less regular than they are.
    """
    best, found = plain.model, maximum(plain.model)
    tried = {best.given and tuple(getattr(best, name) for name in best.given)}
    while plain.alternatives:
        near = [m for m in best.neighbours() if tuple(getattr(m, n) for n in m.given) not in tried]
        tried |= {tuple(getattr(m, name) for name in m.given) for m in near}
        results = [(model, maximum(model)) for model in near]
        higher = max(results, key=lambda one: one[1].log_likelihood, default=None)
        if higher is None or higher[1].log_likelihood <= found.log_likelihood:
            break
        best, found = higher
    return best, found


def _maximum(
    likelihood: TimeVaryingLikelihood | ParetoClocks,
    model: PurchaseModel,
    blocks: tuple[EffectBlock, ...],
    plain: Fit[Any],
) -> Maximum:
    """Return the maximum by the log-parameters and the effects of the columns.

    A plain fit whose parameters diverge is a bad start, since the likelihood is flat there: then
    the search also starts from the starting values of the plain fit.
    """
    own, back, constant = _scaled(likelihood, model, blocks)
    k, labels = len(model.values), _covariate_gradients.labels(blocks)
    free = np.concatenate([np.ones(k, bool), ~constant])
    reference = _covariate_gradients.reference(plain)
    starts = [np.log(model.values)]
    starts += [reference] if plain.diagnosis.status == "at infinity" else []
    places = [np.concatenate([start, np.zeros(len(labels))]) for start in (*starts, reference)]
    scaled = ScaledLikelihood(
        model=type(model),
        labels=tuple(label for label, kept in zip(labels, free[k:], strict=True) if kept),
        evaluate=_restricted(own.evaluate, places[0], free),
        followed=_restricted(own.searched, places[0], free),
        reference=places[-1][free],
        n_customers=float(own.customers),
        back=back[:, free],
    )
    near = [_near(own, at, free)[free] for at in places[:-1]]
    best = near[0] if len(near) == 1 else max(near, key=lambda at: scaled.followed(at).value)
    return scaled.maximum(maximise(scaled.evaluate, best), scaled.evaluate(places[0][free]))


def _scaled(
    likelihood: TimeVaryingLikelihood | ParetoClocks,
    model: PurchaseModel,
    blocks: tuple[EffectBlock, ...],
) -> tuple[TimeVaryingLikelihood | ParetoClocks, Array, Array]:
    """Return the likelihood by scaled columns, the map back, and the mask of constant columns."""
    centre, scale = likelihood.moments()
    constant = ~(scale > 0)
    scale = np.where(constant, 1.0, scale)
    back = _covariate_gradients.unscaled(model.names(), blocks, centre, scale)
    return likelihood.scaled(centre, scale), back, constant


def _restricted(
    evaluate: Callable[[Array], Point], places: Array, free: Array
) -> Callable[[Array], Point]:
    """Return a function of the free coordinates alone."""
    if free.all():
        return evaluate

    def by_free(at: Array) -> Point:
        place = places.copy()
        place[free] = at
        return evaluate(place).restricted(free)

    return by_free


def _near(own: TimeVaryingLikelihood | ParetoClocks, start: Array, free: Array) -> Array:
    """Return a place near the maximum, found with less work."""
    if isinstance(own, ParetoClocks):
        return maximise(own.searched, start, free=free).point.at
    if own.customers > 4 * _SAMPLE:
        sample = own.sampled(own.customers // _SAMPLE)
        return maximise(sample.evaluate, start, free=free).point.at
    return start


def _warn(unidentified: Mapping[str, str], weak: Mapping[str, str]) -> None:
    for effect, reason in unidentified.items():
        warnings.warn(f"the data do not identify the effect of {effect}: {reason}.", stacklevel=4)
    for effect, reason in weak.items():
        if effect not in unidentified:
            text = f"the data hardly identify the effect of {effect}: {reason}."
            warnings.warn(text, stacklevel=4)


def check_clocks(model: type[PurchaseModel], components: Sequence[str]) -> None:
    """Raise ParameterError for a model or a component that takes no covariates with dates."""
    if model.clocks == 0:
        raise ParameterError(
            f"it is not known when customers of {model.__name__} drop out, so covariates that "
            "change with time cannot be used; found a table with dates. State it on the class: "
            "clocks = 1 if dropout happens at purchases."
        )
    if model.clocks == 1 and "dropout" in components:
        raise ParameterError(
            f"dropout of {model.__name__} happens at purchases and takes covariates that do not "
            "change with time; found a table with dates. Use it for rate, and fit dropout with a "
            "table without dates."
        )
