"""Selection of a purchase model after a comparison on a holdout, and its fit to all customers.

Candidates are the models whose log score on the holdout does not differ significantly from the
highest, preferably those that give intervals. Of them the model with the highest log score is
selected. Totals are not compared: one holdout says little about the next total, for which
`forecast_total` weighs the models by several origins. NBD replaces a model at the boundary without
dropout if it is the model's limit there (`Model.without_dropout`).

A fit to all customers may end differently from the fit to the calibration: a model may fail to
converge, or dropout may become visible. The selection is therefore repeated among the refitted
models.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from relmark_research._repr import html_table, one_line
from relmark_research.clv.estimation.dropout_bound import dropout_upper_bound
from relmark_research.clv.families.nbd import NBD
from relmark_research.errors import RelmarkError

if TYPE_CHECKING:
    import pandas as pd

    from relmark_research.clv.estimation.fit import Fit
    from relmark_research.clv.estimation.model import Model, PurchaseModel
    from relmark_research.clv.validation.interpurchase_regularity import PurchaseRegularity
    from relmark_research.customers.log.customer_summary import CustomerSummary

BENCHMARK = NBD.__name__  # the model without dropout
ROUNDING = 1e-9  # log score gaps up to this are rounding errors


@dataclass(frozen=True, repr=False)
class ModelSelection:
    """The selected model, fitted to all customers.

    Attributes
    ----------
    name
        Name of the selected model.
    fits
        Each model's fit to all customers, the selected model first. Models at the boundary without
        dropout appear once, as NBD.
    boundary_fit
        If NBD replaces a model at the boundary without dropout, the fit of that model.
    selected_on_holdout
        Name of the model that was selected on the holdout.
    failures
        Models that could not be used, with the reason.
    """

    name: str
    fits: dict[str, Fit[Any]]
    boundary_fit: Fit[Any] | None = None
    selected_on_holdout: str = ""
    failures: dict[str, str] = field(default_factory=dict)

    @property
    def fit(self) -> Fit[Any]:
        """The selected fit."""
        return self.fits[self.name]

    @property
    def no_dropout(self) -> bool:
        """Whether the selected model has no dropout."""
        return self.name == BENCHMARK

    def dropout_upper_bound(
        self, level: float = 0.95, *, regularity: PurchaseRegularity | None = None
    ) -> list[PurchaseModel]:
        """Return models at the upper confidence bound of dropout; empty without a boundary fit.

        The bound assumes random purchasing. If ``regularity`` shows that purchases are more
        regular (``low > 1``), long gaps are stronger evidence of dropout than the bound allows,
        and there is none: the list is empty.
        """
        if self.boundary_fit is None or (regularity is not None and regularity.low > 1):
            return []
        return dropout_upper_bound(self.boundary_fit, level=level)

    @property
    def words(self) -> str:
        """How the selection differs from that on the holdout, and whether intervals exist."""
        said = []
        if self.selected_on_holdout in self.failures:
            said.append(
                f"{self.selected_on_holdout} is not used for all customers: "
                f"{self.failures[self.selected_on_holdout]}."
            )
        if self.boundary_fit is not None:
            also = "also " if self.selected_on_holdout == BENCHMARK else ""
            said.append(
                f"With all data {type(self.boundary_fit.model).__name__} is {also}at the boundary "
                "without dropout; NBD gives the same forecasts, and intervals given no dropout."
            )
        elif self.selected_on_holdout == BENCHMARK != self.name:
            said.append(
                f"With all data dropout is identified, so {self.name} is used instead of NBD."
            )
        if self.fit.no_interval:
            said.append(f"No interval is available ({self.fit.diagnosis}).")
        return " ".join(said)

    def _rows(self) -> dict[str, object]:
        others = [name for name in self.fits if name != self.name]
        rows: dict[str, object] = {"selected": self.name, "also fitted": ", ".join(others) or None}
        return rows | ({"failed": ", ".join(self.failures)} if self.failures else {})

    def __repr__(self) -> str:
        return one_line(type(self).__name__, self._rows())

    def _repr_html_(self) -> str:
        return html_table("Model selection", self._rows())


def indistinguishable_models(table: pd.DataFrame) -> list[str]:
    """Return the usable models whose log score gap to the best is not significant.

    Parameters
    ----------
    table
        Index model; log_score_gap_low, naive and usable, as in `ModelComparison.table`.
    """
    models = table[~table["naive"] & table["usable"]]
    return models.index[models["log_score_gap_low"] <= ROUNDING].to_list()


def select_on_holdout(table: pd.DataFrame, fits: Mapping[str, Fit[Any]]) -> str:
    """Return the name of the selected model; NBD at the boundary or if no model is usable.

    Parameters
    ----------
    table
        As in `ModelComparison.table`.
    fits
        Each model's fit to the calibration.
    """
    near = table.loc[indistinguishable_models(table)]
    if len(near) == 0:
        return BENCHMARK
    with_interval = [_has_interval(fits[str(name)]) for name in near.index]
    pool = near[with_interval] if any(with_interval) else near
    pool = pool.sort_values("log_score", ascending=False)
    name = str(pool.index[0])
    return BENCHMARK if at_boundary(fits, name) else name


def select_for_all(
    selected_on_holdout: str,
    candidates: Mapping[str, type[Model]],
    customers: CustomerSummary | pd.DataFrame,
    *,
    indistinguishable: Collection[str] = (),
) -> ModelSelection:
    """Fit the candidates to all customers and select the first usable one.

    Parameters
    ----------
    selected_on_holdout
        Name of the model selected on the holdout.
    candidates
        Model classes by name, in order of preference. If NBD was selected, the models at the
        boundary without dropout come first.
    customers
        All customers, in the unit of time of the calibration.
    indistinguishable
        Names of the models with the best log scores; the first of them that gives intervals is
        preferred.
    """
    found: dict[str, Fit[Any]] = {}
    failures: dict[str, str] = {}
    for name, model in candidates.items():
        try:
            fit = model.fit(customers)
        except RelmarkError as error:
            failures[name] = str(error).removesuffix(".")
            continue
        if fit.diagnosis.failed:
            failures[name] = str(fit.diagnosis)
        else:
            found[name] = fit
    preferred = [name for name in found if name in indistinguishable and _has_interval(found[name])]
    name = next(iter(preferred or found), BENCHMARK)
    used = {key: fit for key, fit in found.items() if not equals_benchmark(fit)}
    if len(used) < len(found) or name not in used:
        used.setdefault(BENCHMARK, NBD.fit(customers))
    boundary_fit = None if name in used else found.get(name)
    name = name if name in used else BENCHMARK
    fits = {name: used[name]} | used
    return ModelSelection(name, fits, boundary_fit, selected_on_holdout, failures)


def at_boundary(fits: Mapping[str, Fit[Any]], name: object) -> bool:
    """Return whether a model's fit is at the boundary without dropout and equals NBD there."""
    return str(name) in fits and equals_benchmark(fits[str(name)])


def equals_benchmark(fit: Fit[Any]) -> bool:
    """Return whether a fit is at the boundary without dropout, where its model is NBD."""
    return bool(fit.diagnosis.at_boundary) and fit.model.without_dropout == BENCHMARK


def _has_interval(fit: Fit[Any]) -> bool:
    """Return whether a fit, or the NBD that replaces it, gives intervals."""
    return not fit.no_interval or equals_benchmark(fit)
