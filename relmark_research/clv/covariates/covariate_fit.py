"""What a fit with covariates can answer: effects, each customer's model, forecasts, tests."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import pandas as pd
from scipy import special

from relmark_research.clv.covariates import _covariate_gradients
from relmark_research.clv.covariates._covariate_gradients import Block
from relmark_research.clv.covariates.formula import Design, joined
from relmark_research.clv.estimation.fit import Diagnosis, Fit
from relmark_research.clv.estimation.model import PurchaseModel
from relmark_research.customers.log.customer_summary import CustomerSummary
from relmark_research.errors import ParameterError, check_choice
from relmark_research.stats.intervals import normal_quantile

if TYPE_CHECKING:
    pass  # MOVED
    from relmark_research.units import TimeUnit


# Do covariates say more than chance would? The likelihood-ratio test between nested fits.


@dataclass(frozen=True)
class LikelihoodRatioTest:
    """Whether covariates say more than chance would.

    Attributes
    ----------
    statistic
        2 (log-likelihood - log-likelihood of the nested model), >= 0.
    degrees_of_freedom
        Effects that the nested model has not.
    p_value
        P(chi-squared >= statistic) if those effects are zero.
    """

    statistic: float
    degrees_of_freedom: int
    p_value: float


def likelihood_ratio_test(larger: CovariateFit, nested: CovariateFit | Fit) -> LikelihoodRatioTest:
    """Test whether the effects that ``nested`` has not are zero."""
    _check_nested(larger, nested)
    statistic = max(2 * (larger.log_likelihood - nested.log_likelihood), 0.0)
    freedom = len(larger.covariance) - len(nested.covariance)
    p_value = float(special.chdtrc(freedom, statistic)) if freedom else 1.0
    return LikelihoodRatioTest(statistic, freedom, p_value)


def _check_nested(larger: CovariateFit, nested: CovariateFit | Fit) -> None:
    kind = type(larger.base)
    model, plain = (
        (nested.model, nested.log_likelihood)
        if isinstance(nested, Fit)
        else (nested.base, nested.plain_log_likelihood)
    )
    if type(model) is not kind:
        raise ParameterError(
            f"a nested fit is of the same model, {kind.__name__}; found {type(model).__name__}."
        )
    same = np.isclose(plain, larger.plain_log_likelihood, rtol=1e-9, atol=1e-6)
    if nested.n_customers != larger.n_customers or not same:
        raise ParameterError(
            "a nested fit is of the same customers; without covariates theirs have a "
            f"log-likelihood of {plain:,.4f}, these {larger.plain_log_likelihood:,.4f}."
        )
    extra = (
        ()
        if isinstance(nested, Fit)
        else _covariate_gradients.not_within(nested.blocks, larger.blocks)
    )
    if extra:
        raise ParameterError(
            "a nested fit has some of the effects of the larger one; it also has "
            f"{', '.join(extra)}."
        )


Array = np.ndarray

_LEAVING = {"BGNBD": "odds of leaving", "MBGNBD": "odds of leaving", "ParetoNBD": "drop-out rate"}


@dataclass(frozen=True)
class CovariateFit:
    """A model whose parameters follow customers' covariates, at its maximum likelihood.

    Attributes
    ----------
    base
        The model of a customer whose covariates are all 0.
    coefficients
        The effects, shape (effects,); `summary` names them.
    covariance
        Of the logarithms of the base's parameters and of the effects, in that order.
    log_likelihood, plain_log_likelihood
        At the maximum, with covariates and without any.
    n_customers
        Customers that the likelihood sums over.
    diagnosis
        How the search ended, in words.
    not_told
        Column to why its effect cannot be told by these data.
    unit
        Unit of the times in the data; None where the data did not say.
    blocks
        Which formula moves which parameters.
    """

    base: PurchaseModel
    coefficients: Array
    covariance: Array
    log_likelihood: float
    plain_log_likelihood: float
    n_customers: int
    diagnosis: Diagnosis
    not_told: dict[str, str]
    unit: TimeUnit | None
    blocks: tuple[Block, ...]

    @property
    def aic(self) -> float:
        """Akaike's criterion, 2 k - 2 log-likelihood."""
        return 2 * len(self.covariance) - 2 * self.log_likelihood

    @property
    def bic(self) -> float:
        """Schwarz's criterion, k ln(customers) - 2 log-likelihood."""
        return len(self.covariance) * np.log(self.n_customers) - 2 * self.log_likelihood

    def summary(self, level: float = 0.95) -> pd.DataFrame:
        """Return every number that was estimated, the base's parameters and the effects.

        Returns
        -------
        DataFrame
            Index on (``"base"``, ``"rate"`` or ``"dropout"``), parameter, term; estimate,
            standard_error, low, high. The base's are parameters, with an interval symmetric in
            their logarithms; effects are added to logarithms.
        """
        values, k = self.base.values, len(self.base.values)
        errors, z = np.sqrt(np.diag(self.covariance)), normal_quantile(level)
        spread = np.exp(z * errors[:k])
        g, wide = self.coefficients, z * errors[k:]
        columns = {
            "estimate": np.concatenate([values, g]),
            "standard_error": np.concatenate([values * errors[:k], errors[k:]]),
            "low": np.concatenate([values / spread, g - wide]),
            "high": np.concatenate([values * spread, g + wide]),
        }
        labels = [("base", name, "") for name in self.base.names()]
        labels += [label for block in self.blocks for label in block.labels]
        index = pd.MultiIndex.from_tuples(labels, names=["on", "parameter", "term"])
        return pd.DataFrame(columns, index=index)

    def effects(self, level: float = 0.95) -> pd.DataFrame:
        """Return what one more of each column does to the purchase rate and to leaving.

        Returns
        -------
        DataFrame
            Index on (``"rate"`` or ``"dropout"``) and term; moves (what is multiplied), estimate
            (of its logarithm), standard_error, low, high, z, p_value, and relative, relative_low,
            relative_high = exp of estimate, low, high: 1.2 is a fifth more. Columns whose effect
            cannot be told are there without numbers.
        """
        rows = [row for on in ("rate", "dropout") for row in self._effects_on(on)]
        table = pd.DataFrame(rows, columns=["on", "term", "moves", "estimate", "standard_error"])
        reach = normal_quantile(level) * table["standard_error"]
        table["low"], table["high"] = table["estimate"] - reach, table["estimate"] + reach
        table["z"] = table["estimate"] / table["standard_error"]
        table["p_value"] = 2 * special.ndtr(-np.abs(table["z"].to_numpy(float)))
        with np.errstate(over="ignore"):
            for source, end in (("estimate", ""), ("low", "_low"), ("high", "_high")):
                table[f"relative{end}"] = np.exp(table[source].to_numpy(float))
        return table.set_index(["on", "term"])

    def _effects_on(self, on: str) -> list[tuple[str, str, str, float, float]]:
        """Return on, term, what moves, estimate and standard error per column of a formula."""
        blocks = [block for block in self.blocks if block.on == on]
        if not blocks:
            return []
        moves = "purchase rate" if on == "rate" else _LEAVING[type(self.base).__name__]
        k, rows = len(self.base.values), []
        for place, term in enumerate(blocks[0].design.terms):
            weights = np.zeros(len(self.covariance))
            for block in blocks:
                weights[k + block.first + place] = block.sense
            estimate = float(weights[k:] @ self.coefficients)
            error = float(np.sqrt(weights @ self.covariance @ weights))
            known = f"{on}: {term}" not in self.not_told
            rows.append((on, term, moves, *((estimate, error) if known else (np.nan, np.nan))))
        return rows + [(on, term, moves, np.nan, np.nan) for term in blocks[0].design.left_out]

    def model_for(
        self, customers: CustomerSummary | pd.DataFrame, *, covariates: pd.DataFrame | None = None
    ) -> PurchaseModel:
        """Return the model with one parameter per customer, shape (rows,) each.

        Parameters
        ----------
        customers
            Histories, with the formulas' columns in the table or in ``covariates``.
        covariates
            Further columns, indexed by customer_id, for every customer.

        Raises
        ------
        DataError
            Where a value is missing, or a category was not there when it was fitted.
        """
        return type(self.base)(*np.exp(self._logs(self._columns(customers, covariates))))

    def models_for(
        self, customers: CustomerSummary | pd.DataFrame, estimates: Array
    ) -> list[PurchaseModel]:
        """Return `model_for` at other estimates (logarithms of the base, effects), row by row."""
        z = self._columns(customers, None)
        return [type(self.base)(*np.exp(self._logs(z, row))) for row in estimates]

    @property
    def estimates(self) -> Array:
        """Logarithms of the base's parameters, then the effects: what `covariance` is of."""
        return np.concatenate([np.log(self.base.values), self.coefficients])

    def doubt(self) -> Array:
        """Return the covariance, where intervals of forecasts and values can be had from it.

        Raises
        ------
        ParameterError
            Where the search did not end at a maximum, or an effect runs off to infinity.
        """
        said = self.diagnosis
        if said.grade in ("not converged", "at infinity") or not np.isfinite(self.covariance).all():
            raise ParameterError(
                f"there is no interval: the effects are not determined ({said}). Ask for "
                "level=None, leave columns whose effect cannot be told out of the formula, or fit "
                "more customers."
            )
        return self.covariance

    def by_effects(self, by_logs: Array, customers: CustomerSummary | pd.DataFrame) -> Array:
        """Return slopes by base and effects from those by each customer's own log-parameters.

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
        return self._chained(by_logs, self._columns(customers, None))

    def forecast(
        self,
        customers: CustomerSummary | pd.DataFrame,
        *,
        length: float,
        level: float | None = None,
        covariates: pd.DataFrame | None = None,
    ) -> pd.DataFrame:
        """Forecast each customer's purchases by the own covariates and history.

        Parameters
        ----------
        customers
            Histories, with the formulas' columns in the table or in ``covariates``.
        length
            How far ahead, > 0, in the fit's unit of time.
        level
            Probability of the intervals of the estimates; None for none.
        covariates
            Further columns, indexed by customer_id, for every customer.

        Returns
        -------
        DataFrame
            Row per customer: p_alive, expected_purchases (and with a level expected_purchases_low
            and expected_purchases_high).
        """
        if not 0 < length < np.inf:
            raise ParameterError(f"a forecast needs a length > 0 and finite; found {length!r}.")
        summary = CustomerSummary.of(customers)
        history = summary.frequency, summary.recency, summary.T
        z = self._columns(summary, covariates)
        logs = self._logs(z)
        kind = type(self.base)

        def log_expected(at: Array) -> Array:
            found = kind(*np.exp(at)).conditional_expected_purchases(np.asarray(length), *history)
            return np.log(np.maximum(found, 1e-300))

        expected = np.exp(log_expected(logs))
        columns = {"p_alive": kind(*np.exp(logs)).p_alive(*history), "expected_purchases": expected}
        if level is not None:
            by_effect = self._chained(_covariate_gradients.differenced(log_expected, logs), z)
            variance = np.einsum("ci,cd,di->i", by_effect, self.doubt(), by_effect)
            spread = np.exp(normal_quantile(level) * np.sqrt(variance))
            columns["expected_purchases_low"] = expected / spread
            columns["expected_purchases_high"] = expected * spread
        return pd.DataFrame(columns, index=summary.table.index)

    def likelihood_ratio_test(self, nested: CovariateFit | Fit) -> LikelihoodRatioTest:
        """Test whether the effects that ``nested`` has not are zero.

        Parameters
        ----------
        nested
            A fit of the same model to the same customers with some of the effects, or with none.

        Raises
        ------
        ParameterError
            Where ``nested`` is not nested in this fit, or was fitted to other customers.
        """
        return likelihood_ratio_test(self, nested)

    def _columns(
        self, customers: CustomerSummary | pd.DataFrame, covariates: pd.DataFrame | None
    ) -> list[Array]:
        """Return each formula's columns of these customers, shape (rows, terms)."""
        table = joined(CustomerSummary.of(customers).table, covariates)
        return [block.design.columns(table) for block in self.blocks]

    def _logs(self, columns: list[Array], estimates: Array | None = None) -> Array:
        """Return each customer's log-parameters, shape (parameters, rows)."""
        at = self.estimates if estimates is None else estimates
        return _covariate_gradients.moved(type(self.base).names(), self.blocks, columns, at)

    def _chained(self, by_logs: Array, columns: list[Array]) -> Array:
        return _covariate_gradients.by_effects(
            type(self.base).names(), self.blocks, columns, by_logs
        )


# Covariates that do not change in time: who buys more often, and who leaves sooner. z a
# customer's covariates, columns that a formula makes of the customers' table g their effects;
# all zero is the plain model Rate: alpha_i = alpha exp(-z'g), so that exp(g) multiplies the mean
# rate r / alpha_i. Drop-out: Pareto/NBD beta_i = beta exp(-z'g), so that exp(g) multiplies the
# mean drop-out rate s / beta_i; (M)BG/NBD a_i = a exp(z'g_a), b_i = b exp(z'g_b), as published:
# two effects per column, which move the odds of leaving a_i / b_i by exp(g_a - g_b) and may
# change how much customers differ; with dropout_on="odds" one effect per column, which moves the
# odds alone: a_i = a exp(z'g / 2), b_i = b exp(-z'g / 2). Source: Fader & Hardie (2007),
# Incorporating time-invariant covariates into the Pareto/NBD and BG/NBD models, note 019.

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
    blocks = _covariate_gradients.blocks([(on, design, weights) for on, design, _, weights in made])
    columns = [column for _, _, column, _ in made]
    plain = model.fit(summary)
    found = _covariate_gradients.maximised(model, summary, blocks, columns, plain)
    not_told = {
        f"{block.on}: {term}": why
        for block in blocks
        for term, why in block.design.left_out.items()
    }
    not_told |= _covariate_gradients.running_off(found, blocks, columns, summary)
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
        diagnosis=_covariate_gradients.diagnosed(found, not_told),
        not_told=not_told,
        unit=summary.unit,
        blocks=blocks,
    )
