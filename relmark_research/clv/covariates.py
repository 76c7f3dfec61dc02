"""Covariates that do not change in time: who buys more often, and who leaves sooner.

    z        a customer's covariates, columns that a formula makes of the customers' table
    g        their effects; all zero is the plain model

Rate:     alpha_i = alpha exp(-z'g), so that exp(g) multiplies the mean rate r / alpha_i.
Drop-out: Pareto/NBD  beta_i = beta exp(-z'g), so that exp(g) multiplies the mean drop-out rate
                      s / beta_i;
          (M)BG/NBD   a_i = a exp(z'g_a), b_i = b exp(z'g_b), as published: two effects per column,
                      which move the odds of leaving a_i / b_i by exp(g_a - g_b) and may change how
                      much customers differ; with dropout_on="odds" one effect per column, which
                      moves the odds alone: a_i = a exp(z'g / 2), b_i = b exp(-z'g / 2).

Source: Fader & Hardie (2007), Incorporating time-invariant covariates into the Pareto/NBD and
BG/NBD models, note 019.
"""

from __future__ import annotations

import warnings
from typing import Literal, get_args

import numpy as np
import pandas as pd

from relmark_research.clv import effects
from relmark_research.clv.base import PurchaseModel
from relmark_research.clv.covariate_fit import CovariateFit
from relmark_research.clv.design import Design, joined
from relmark_research.customers.summary import CustomerSummary
from relmark_research.errors import ParameterError, check_choice

DropoutOn = Literal["shapes", "odds"]

_RATE = {"alpha": -1.0}
_DROPOUT: dict[tuple[str, DropoutOn], list[dict[str, float]]] = {
    ("BGNBD", "shapes"): [{"a": 1.0}, {"b": 1.0}],
    ("BGNBD", "odds"): [{"a": 0.5, "b": -0.5}],
    ("MBGNBD", "shapes"): [{"a": 1.0}, {"b": 1.0}],
    ("MBGNBD", "odds"): [{"a": 0.5, "b": -0.5}],
    ("ParetoNBD", "shapes"): [{"beta": -1.0}],
    ("ParetoNBD", "odds"): [{"beta": -1.0}],
}


def fit_covariates(
    model: type[PurchaseModel],
    customers: CustomerSummary | pd.DataFrame,
    *,
    rate: str | None = None,
    dropout: str | None = None,
    dropout_on: DropoutOn = "shapes",
    covariates: pd.DataFrame | None = None,
) -> CovariateFit:
    """Fit a model of purchases whose parameters follow customers' covariates.

    Parameters
    ----------
    model
        `BGNBD`, `MBGNBD` or `ParetoNBD`.
    customers
        Histories, with the formulas' columns in the table or in ``covariates``.
    rate, dropout
        Formulas, such as ``"channel + np.log(first_value)"``: what moves the purchase rate, and
        what moves leaving. Text is read as categories, the first of them being the base.
    dropout_on
        BG/NBD only: ``"shapes"``, an effect on each of a and b as published, or ``"odds"``, one
        effect on the odds of leaving.
    covariates
        Further columns, indexed by customer_id, for every customer.

    Returns
    -------
    CovariateFit
        Effects with their intervals, log-likelihood, diagnosis; `model_for` gives the model of
        each customer.

    Raises
    ------
    ParameterError
        Where no formula is given, one cannot be read, or the model takes no covariates.
    DataError
        Where a covariate is missing for a customer.

    Warns
    -----
    UserWarning
        Where an effect cannot be told by the data: a constant or collinear column, or a group in
        which nobody did what it would be told by.

    References
    ----------
    Fader & Hardie (2007), Incorporating time-invariant covariates into the Pareto/NBD and BG/NBD
    models, note 019.

    Examples
    --------
    Do CDNOW's customers who spent more at first buy more often?

    >>> import relmark_research as rm
    >>> log = rm.load_cdnow().until("1997-09-30")
    >>> first = log.to_pandas().groupby("customer_id")["value"].first().rename("first_value")
    >>> fit = rm.clv.fit_covariates(
    ...     rm.BGNBD, log.customer_summary(), rate="np.log1p(first_value)",
    ...     covariates=first.to_frame(),
    ... )
    >>> fit.effects()[["relative", "relative_low", "relative_high"]].round(2)
                                relative  relative_low  relative_high
    on   term
    rate np.log1p(first_value)      1.56          1.35           1.81
    """
    kind = model.__name__
    if (kind, dropout_on) not in _DROPOUT:
        check_choice("model with covariates", kind, sorted({name for name, _ in _DROPOUT}))
        check_choice("way to move drop-out", dropout_on, get_args(DropoutOn))
    if rate is None and dropout is None:
        raise ParameterError(
            "expected a formula for rate, dropout or both; found none. Without covariates use "
            f"{kind}.fit."
        )
    summary = CustomerSummary.of(customers)
    table = joined(summary.table, covariates)
    moved = [("rate", rate, _RATE)] if rate is not None else []
    if dropout is not None:
        moved += [("dropout", dropout, weights) for weights in _DROPOUT[kind, dropout_on]]
    made = [(on, *Design.of(formula, table), weights) for on, formula, weights in moved]
    blocks = effects.blocks([(on, design, weights) for on, design, _, weights in made])
    columns = [column for _, _, column, _ in made]
    plain = model.fit(summary)
    found = effects.maximised(model, summary, blocks, columns, plain)
    not_told = {
        f"{block.on}: {term}": why
        for block in blocks
        for term, why in block.design.left_out.items()
    }
    not_told |= effects.running_off(found, blocks, columns, summary)
    for name, why in not_told.items():
        warnings.warn(f"the effect of {name} cannot be told: {why}.", stacklevel=2)
    k = len(plain.model.values)
    return CovariateFit(
        base=model.from_values(np.exp(found.logs[:k])),
        coefficients=found.logs[k:],
        covariance=found.covariance,
        log_likelihood=found.log_likelihood,
        plain_log_likelihood=plain.log_likelihood,
        n_customers=plain.n_customers,
        diagnosis=effects.diagnosed(found, not_told),
        not_told=not_told,
        unit=summary.unit,
        blocks=blocks,
    )
