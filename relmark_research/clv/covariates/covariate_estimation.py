"""Estimation of the effects of covariates, for all models and kinds of covariates."""

from __future__ import annotations

import warnings
from functools import partial
from typing import TYPE_CHECKING, Literal, get_args

import pandas as pd

from relmark_research.clv.covariates import _covariate_gradients, time_varying_fit
from relmark_research.clv.covariates._dated_table import is_dated
from relmark_research.clv.covariates._effects_maximum import diverging_effects
from relmark_research.clv.covariates.covariate_fit import CovariateFit
from relmark_research.clv.covariates.formula import Design, join_covariates
from relmark_research.clv.estimation.model import CovariateLink, PurchaseModel
from relmark_research.clv.estimation.registry import MODELS
from relmark_research.customers.log.customer_summary import CustomerSummary
from relmark_research.errors import ParameterError, check_choice, unknown_name

if TYPE_CHECKING:
    from relmark_research.customers.log.transactions import TransactionLog
    from relmark_research.units import TimeUnit

DropoutOn = Literal["shapes", "odds"]


def fit_covariates(
    model: type[PurchaseModel],
    customers: CustomerSummary | pd.DataFrame | TransactionLog,
    *,
    rate: str | None = None,
    dropout: str | None = None,
    dropout_on: DropoutOn = "shapes",
    covariates: pd.DataFrame | None = None,
    unit: str | TimeUnit = "week",
) -> CovariateFit:
    """Fit a model of purchases whose parameters depend on covariates of the customers.

    Parameters
    ----------
    model
        `BGNBD`, `MBGNBD`, `BGCNBD`, `MBGCNBD`, `ParetoNBD`, or a model of your own with
        `covariate_links`.
    customers
        Histories, with the formulas' columns in the table or in ``covariates``; for covariates that
        change with time the log itself, since the days of all purchases matter.
    rate, dropout
        Formulas, such as ``"channel + np.log(first_value)"``, for the purchase rate and for
        dropout. Text columns are categories; the first is the reference.
    dropout_on
        (M)BG/NBD only: ``"shapes"``, an effect on each of a and b as published, or ``"odds"``, one
        effect on the dropout odds.
    covariates
        Further columns, indexed by customer_id, for every customer. With a column ``date`` they
        change with time: a value holds from its date until the customer's next one, from the first
        purchase on. Without customer_id the values are those of all customers.
    unit
        Unit of the model's times, where ``customers`` is a log.

    Returns
    -------
    CovariateFit
        Effects with their intervals, log-likelihood and diagnosis; `model_for` returns the model of
        each customer.

    Raises
    ------
    ParameterError
        If no formula is given, a formula cannot be read, or the model takes no covariates.
    DataError
        If a covariate is missing for a customer.

    Warns
    -----
    UserWarning
        If the data do not identify an effect: a constant or collinear column, or a group without
        the events that would identify it.

    References
    ----------
    Fader & Hardie (2007), Incorporating time-invariant covariates into the Pareto/NBD and BG/NBD
    models, note 019.

    Examples
    --------
    Do CDNOW's customers with a larger first purchase buy more often?

    >>> import relmark_research as rm
    >>> log = rm.load_cdnow().until("1997-09-30")
    >>> first = log.to_pandas().groupby("customer_id")["value"].first().rename("first_value")
    >>> fit = rm.clv.fit_covariates(
    ...     rm.BGNBD, log.customer_summary(), rate="np.log1p(first_value)",
    ...     covariates=first.to_frame(),
    ... )
    >>> fit.effects()[["relative", "relative_low", "relative_high"]].round(2)
                                     relative  relative_low  relative_high
    component term
    rate      np.log1p(first_value)      1.56          1.35           1.81
    """
    formulas = _formulas(model, rate, dropout, dropout_on)
    if covariates is not None and is_dated(covariates):
        return _with_dates(model, customers, formulas, covariates, unit)
    summary = CustomerSummary.of(customers)  # type: ignore[arg-type]
    table = join_covariates(summary.table, covariates)
    designs = [Design.of(formula, table) for _, formula, _ in formulas]
    blocks = _covariate_gradients.blocks(
        [
            (component, link, design)
            for (component, _, link), (design, _) in zip(formulas, designs, strict=True)
        ]
    )
    columns = [
        column
        for (_, _, link), (_, column) in zip(formulas, designs, strict=True)
        for _ in link.weights
    ]
    plain = model.fit(summary)
    found = _covariate_gradients.maximum(model, summary, blocks, columns, plain)
    unidentified = {
        f"{block.component}: {term}": reason
        for block in blocks
        for term, reason in block.design.left_out.items()
    }
    unidentified |= diverging_effects(
        found,
        _covariate_gradients.labels(blocks),
        partial(_covariate_gradients.evidence, columns, summary),
    )
    for effect, reason in unidentified.items():
        warnings.warn(f"the data do not identify the effect of {effect}: {reason}.", stacklevel=2)
    return CovariateFit.at_maximum(plain, found, blocks, unidentified)


def _with_dates(
    model: type[PurchaseModel],
    log: CustomerSummary | pd.DataFrame | TransactionLog,
    formulas: list[tuple[str, str, CovariateLink]],
    covariates: pd.DataFrame,
    unit: str | TimeUnit,
) -> CovariateFit:
    """Return the fit with covariates that change with time."""
    if not hasattr(log, "purchase_days"):
        raise ParameterError(
            "covariates with dates need the log, since the days of all purchases matter; found "
            f"{type(log).__name__}. Pass the log: fit_covariates(model, log, ...)."
        )
    time_varying_fit.check_clocks(model, [name for name, _, _ in formulas])
    return time_varying_fit.fit_time_varying(
        model,
        log,  # type: ignore[arg-type]
        formulas,
        covariates=covariates,
        unit=unit,
    )


def _formulas(
    model: type[PurchaseModel], rate: str | None, dropout: str | None, dropout_on: DropoutOn
) -> list[tuple[str, str, CovariateLink]]:
    """Return component, formula and link of each formula, or raise ParameterError."""
    if not model.covariate_links:
        known = [name for name, one in MODELS.items() if getattr(one, "covariate_links", None)]
        problem = unknown_name("model with covariates", model.__name__, known)
        raise ParameterError(f"{problem} A model of your own needs covariate_links on its class.")
    check_choice("value of dropout_on", dropout_on, get_args(DropoutOn))
    given = {"rate": rate, "dropout": dropout}
    formulas = [(name, text) for name, text in given.items() if text is not None]
    if not formulas:
        raise ParameterError(
            "expected a formula for rate, dropout or both; found none. Without covariates use "
            f"{model.__name__}.fit."
        )
    return [(name, text, _link(model, name, dropout_on)) for name, text in formulas]


def _link(model: type[PurchaseModel], component: str, dropout_on: DropoutOn) -> CovariateLink:
    """Return the model's link of a component, or raise ParameterError if it has none."""
    links = model.covariate_links
    special_name = f"{component} {dropout_on}"
    found = links.get(special_name) or links.get(component)
    if found is None:
        raise ParameterError(
            f"{model.__name__} takes no covariates of its {component}; its covariate_links are "
            f"of: {', '.join(links)}. Leave out the formula, or add the link to the class."
        )
    return found
