"""Fits with covariates that do not change over time: purchase rate and dropout by customer.

z    a customer's covariates, the columns that a formula makes of the customers' table
g    their effects; the model without covariates has g = 0

Purchase rate: alpha_i = alpha exp(-z'g), so that exp(g) multiplies the mean rate r / alpha_i.
Dropout: Pareto/NBD has beta_i = beta exp(-z'g), so that exp(g) multiplies the mean dropout rate
s / beta_i. (M)BG/NBD has a_i = a exp(z'g_a) and b_i = b exp(z'g_b), as published: two effects per
column, which multiply the dropout odds a_i / b_i by exp(g_a - g_b) and may change the heterogeneity
of customers. With dropout_on="odds" there is one effect per column, on the odds alone:
a_i = a exp(z'g / 2), b_i = b exp(-z'g / 2).

Source: Fader & Hardie (2007), Incorporating time-invariant covariates into the Pareto/NBD and
BG/NBD models, note 019.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from scipy import special

from relmark_research._repr import html_table, one_line, shown
from relmark_research.clv.covariates import _covariate_gradients
from relmark_research.clv.covariates._covariate_gradients import EffectBlock
from relmark_research.clv.covariates._effects_maximum import Maximum, diagnosis_of
from relmark_research.clv.covariates.formula import join_covariates
from relmark_research.clv.estimation.convergence import Diagnosis
from relmark_research.clv.estimation.fit import Fit
from relmark_research.clv.estimation.model import PurchaseModel
from relmark_research.customers.log.customer_summary import CustomerSummary
from relmark_research.errors import ParameterError
from relmark_research.stats.intervals import normal_quantile

if TYPE_CHECKING:
    from relmark_research.units import TimeUnit

Array = np.ndarray


@dataclass(frozen=True)
class CovariateFit:
    """A model whose parameters depend on covariates, at its maximum likelihood.

    Attributes
    ----------
    base
        The model of a customer whose covariates are all 0.
    coefficients
        The effects, shape (effects,); `summary` names them.
    covariance
        Covariance of the base's log-parameters and the effects, in that order.
    log_likelihood, plain_log_likelihood
        Maximum with covariates and without any.
    n_customers
        Customers in the likelihood.
    diagnosis
        How the search ended.
    unidentified
        Columns whose effect the data do not identify, with the reason.
    unit
        Unit of the times in the data; None if the data have none.
    blocks
        The formulas and the parameters that they change.
    """

    base: PurchaseModel
    coefficients: Array = field(repr=False)
    covariance: Array = field(repr=False)
    log_likelihood: float
    plain_log_likelihood: float
    n_customers: int
    diagnosis: Diagnosis
    unidentified: dict[str, str]
    unit: TimeUnit | None
    blocks: tuple[EffectBlock, ...]

    @classmethod
    def at_maximum(
        cls,
        plain: Fit[Any],
        found: Maximum,
        blocks: tuple[EffectBlock, ...],
        unidentified: dict[str, str],
        *source: Any,
    ) -> Self:
        """Return the fit at its maximum.

        Parameters
        ----------
        plain
            The fit without covariates.
        found, blocks
            The maximum, and what its effects change.
        unidentified
            Effects that the data do not identify, with the reason.
        source
            Further fields of the class.
        """
        k = len(plain.model.values)
        return cls(
            plain.model.with_values(np.exp(found.logs[:k])),
            found.logs[k:],
            found.covariance,
            found.log_likelihood,
            plain.log_likelihood,
            plain.n_customers,
            diagnosis_of(found, unidentified),
            unidentified,
            plain.unit,
            blocks,
            *source,
        )

    @property
    def aic(self) -> float:
        """Akaike information criterion, 2 k - 2 log-likelihood."""
        return 2 * len(self.covariance) - 2 * self.log_likelihood

    @property
    def bic(self) -> float:
        """Bayesian (Schwarz) information criterion, k ln(customers) - 2 log-likelihood."""
        result: float = len(self.covariance) * np.log(self.n_customers) - 2 * self.log_likelihood
        return result

    @property
    def estimates(self) -> Array:
        """Logarithms of the base's parameters, then the effects, in the order of `covariance`."""
        return np.concatenate([np.log(self.base.values), self.coefficients])

    def summary(self, level: float = 0.95) -> pd.DataFrame:
        """Return all estimates: the base's parameters and the effects.

        Returns
        -------
        DataFrame
            Index component (``"base"``, ``"rate"`` or ``"dropout"``), parameter, term; estimate,
            standard_error, low, high. Rows of the base are parameters, with an interval symmetric
            in their logarithm; effects are added to logarithms. A parameter that diverges has no
            standard error and no interval.
        """
        values, k = self.base.values, len(self.base.values)
        errors, z = np.sqrt(np.diag(self.covariance)), normal_quantile(level)
        if self.diagnosis.status == "at infinity":
            errors[:k][np.isin(self.base.names(), self.diagnosis.unidentified)] = np.nan
        spread = np.exp(z * errors[:k])
        g, half_width = self.coefficients, z * errors[k:]
        columns = {
            "estimate": np.concatenate([values, g]),
            "standard_error": np.concatenate([values * errors[:k], errors[k:]]),
            "low": np.concatenate([values / spread, g - half_width]),
            "high": np.concatenate([values * spread, g + half_width]),
        }
        labels = [("base", name, "") for name in self.base.names()]
        labels += [label for block in self.blocks for label in block.labels]
        index = pd.MultiIndex.from_tuples(labels, names=["component", "parameter", "term"])
        return pd.DataFrame(columns, index=index)

    def effects(self, level: float = 0.95) -> pd.DataFrame:
        """Return the effect of one unit of each column on the purchase rate and on dropout.

        Returns
        -------
        DataFrame
            Index component (``"rate"`` or ``"dropout"``) and term; affects (the quantity that is
            multiplied), estimate (of the logarithm), standard_error, low, high, z, p_value, and
            relative, relative_low, relative_high = exp of estimate, low, high: 1.2 is 20% more.
            Columns whose effect is not identified have missing values.
        """
        rows = [row for component in ("rate", "dropout") for row in self._effect_rows(component)]
        names = ["component", "term", "affects", "estimate", "standard_error"]
        table = pd.DataFrame(rows, columns=names)
        half_width = normal_quantile(level) * table["standard_error"]
        table["low"], table["high"] = table["estimate"] - half_width, table["estimate"] + half_width
        table["z"] = table["estimate"] / table["standard_error"]
        table["p_value"] = 2 * special.ndtr(-np.abs(table["z"].to_numpy(float)))
        with np.errstate(over="ignore"):
            for source, end in (("estimate", ""), ("low", "_low"), ("high", "_high")):
                table[f"relative{end}"] = np.exp(table[source].to_numpy(float))
        return table.set_index(["component", "term"])

    def model_for(
        self, customers: CustomerSummary | pd.DataFrame, *, covariates: pd.DataFrame | None = None
    ) -> PurchaseModel:
        """Return the model with one set of parameters per customer, shape (rows,) each.

        Parameters
        ----------
        customers
            Histories, with the formulas' columns in the table or in ``covariates``.
        covariates
            Further columns, indexed by customer_id, for every customer.

        Raises
        ------
        DataError
            If a value is missing, or a category did not occur in the fit.
        """
        return self.base.with_values(np.exp(self._logs(self._columns(customers, covariates))))

    def models_for(
        self, customers: CustomerSummary | pd.DataFrame, estimates: Array
    ) -> list[PurchaseModel]:
        """Return `model_for` at other `estimates`, shape (models, estimates)."""
        z = self._columns(customers, None)
        return [self.base.with_values(np.exp(self._logs(z, row))) for row in estimates]

    @property
    def no_interval(self) -> str:
        """The reason why this fit has no intervals; empty if it has them."""
        named = set(_covariate_gradients.labels(self.blocks)) & self.unidentified.keys()
        infinite = self.diagnosis.failed or self.diagnosis.status == "at infinity"
        if np.isfinite(self.covariance).all() and not (infinite or named):
            return ""
        what = f"the effect of {', '.join(sorted(named))}" if named else "the parameters"
        return (
            f"no interval is available: the data do not identify {what} ({self.diagnosis}). "
            "Use level=None, remove the columns without an identified effect from the formula, or "
            "fit more customers."
        )

    def checked_covariance(self) -> Array:
        """Return the covariance of the estimates if intervals can be based on it.

        Raises
        ------
        ParameterError
            If the search did not end at a maximum, or an effect or a parameter diverges: forecasts
            depend on how much customers differ, which the data then do not tell.
        """
        if reason := self.no_interval:
            raise ParameterError(reason)
        return self.covariance

    def estimates_gradient(
        self, by_logs: Array, customers: CustomerSummary | pd.DataFrame
    ) -> Array:
        """Return the gradient of a quantity by the estimates, from that by each row's parameters.

        Parameters
        ----------
        by_logs
            d quantity / d ln p_ki, shape (parameters, rows).
        customers
            The same customers, with the formulas' columns in the table.

        Returns
        -------
        ndarray
            d quantity / d (ln p_k, g_c), shape (parameters + effects, rows).
        """
        columns, names = self._columns(customers, None), type(self.base).names()
        return _covariate_gradients.estimates_gradient(names, self.blocks, columns, by_logs)

    def likelihood_ratio_test(self, nested: CovariateFit | Fit[Any]) -> LikelihoodRatioTest:
        """Test whether the effects that ``nested`` does not have are zero.

        Parameters
        ----------
        nested
            A fit of the same model to the same customers with some of the effects, or with none.

        Raises
        ------
        ParameterError
            If ``nested`` is not nested in this fit, or was fitted to other customers.
        """
        _check_nested(self, nested)
        statistic = max(2 * (self.log_likelihood - nested.log_likelihood), 0.0)
        degrees = len(self.covariance) - len(nested.covariance)
        p_value = float(special.chdtrc(degrees, statistic)) if degrees else 1.0
        return LikelihoodRatioTest(statistic, degrees, p_value)

    def __repr__(self) -> str:
        return one_line(self._title(), self._shown())

    def _repr_html_(self) -> str:
        return html_table(self._title(), self._shown())

    def _title(self) -> str:
        return f"Fit of {type(self.base).__name__} with covariates"

    def _shown(self) -> dict[str, object]:
        """Return the formulas, and how the search ended."""
        formulas = {block.component: block.design.formula for block in self.blocks}
        rows: dict[str, object] = {"customers": self.n_customers, **formulas}
        rows["effects"] = f"{len(self.coefficients)}, see effects()"
        gain = self.log_likelihood - self.plain_log_likelihood
        rows["log-likelihood"] = (
            f"{self.log_likelihood:,.1f}, {shown(gain)} above the model without covariates"
        )
        return rows | {"search": str(self.diagnosis)}

    def _effect_rows(self, component: str) -> list[tuple[Any, ...]]:
        """Return component, term, affected quantity, estimate and standard error per column."""
        blocks = [block for block in self.blocks if block.component == component]
        if not blocks:
            return []
        affects = blocks[0].link.affects
        k, rows = len(self.base.values), []
        for place, term in enumerate(blocks[0].design.terms):
            weights = np.zeros(len(self.covariance))
            for block in blocks:
                weights[k + block.first + place] = block.sign
            estimate = float(weights[k:] @ self.coefficients)
            error = float(np.sqrt(weights @ self.covariance @ weights))
            if f"{component}: {term}" in self.unidentified:
                estimate = error = np.nan
            rows.append((component, term, affects, estimate, error))
        left_out = blocks[0].design.left_out
        return rows + [(component, term, affects, np.nan, np.nan) for term in left_out]

    def _columns(
        self, customers: CustomerSummary | pd.DataFrame, covariates: pd.DataFrame | None
    ) -> list[Array]:
        """Return each formula's columns of these customers, shape (rows, terms)."""
        table = join_covariates(CustomerSummary.of(customers).table, covariates)
        return [block.design.columns(table) for block in self.blocks]

    def _logs(self, columns: list[Array], estimates: Array | None = None) -> Array:
        """Return each customer's log-parameters, shape (parameters, rows)."""
        estimates = self.estimates if estimates is None else estimates
        names = type(self.base).names()
        return _covariate_gradients.log_parameters(names, self.blocks, columns, estimates)


@dataclass(frozen=True)
class LikelihoodRatioTest:
    """A likelihood-ratio test of whether the effects of covariates are zero.

    Attributes
    ----------
    statistic
        2 (log-likelihood - log-likelihood of the nested model), >= 0.
    degrees_of_freedom
        Number of effects that the nested model does not have.
    p_value
        P(chi-squared >= statistic) if those effects are zero.
    """

    statistic: float
    degrees_of_freedom: int
    p_value: float

    def __repr__(self) -> str:
        return one_line("Likelihood-ratio test", self._shown())

    def _repr_html_(self) -> str:
        return html_table("Likelihood-ratio test", self._shown())

    def _shown(self) -> dict[str, object]:
        return {
            "statistic": self.statistic,
            "degrees of freedom": self.degrees_of_freedom,
            "p-value": self.p_value,
        }


def _check_nested(larger: CovariateFit, nested: CovariateFit | Fit[Any]) -> None:
    """Raise ParameterError unless a fit is nested in a larger one."""
    expected = type(larger.base)
    if isinstance(nested, Fit):
        model, plain, extra = nested.model, nested.log_likelihood, []
    else:
        model, plain = nested.base, nested.plain_log_likelihood
        extra = _covariate_gradients.not_nested(nested.blocks, larger.blocks)
    if type(model) is not expected:
        raise ParameterError(
            f"a nested fit must be of the same model, {expected.__name__}; found "
            f"{type(model).__name__}."
        )
    same = np.isclose(plain, larger.plain_log_likelihood, rtol=1e-9, atol=1e-6)
    if nested.n_customers != larger.n_customers or not same:
        raise ParameterError(
            "a nested fit must be of the same customers; without covariates its log-likelihood is "
            f"{plain:,.4f}, and that of this fit {larger.plain_log_likelihood:,.4f}."
        )
    if extra:
        raise ParameterError(
            "a nested fit must have only effects of the larger fit; found also "
            f"{', '.join(extra)}. Exchange the fits, or remove these effects."
        )
