"""The satisfaction-retention link: a logit whose slope changes at a knot of the satisfaction scale.

    logit P(retained) = a + b_below min(s - knot, 0) + b_above max(s - knot, 0) + controls

The link is asymmetric where b_below > b_above: dissatisfaction weighs more than delight.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import expit, ndtr

from relmark_research._repr import html_table, one_line
from relmark_research.errors import DataError, ParameterError, cell_text
from relmark_research.relationships._validate import check_columns, check_scale
from relmark_research.stats.binomial_logit import fit_logit
from relmark_research.stats.intervals import normal_quantile, percentile_interval, wilson_interval
from relmark_research.tables.read_table import open_table
from relmark_research.tables.schemas import Column, Schema

Array = np.ndarray

_SLOPES = ["below", "above"]
_MIN_PER_CLASS = 5  # customers retained, and customers lost, in each class of answers
_DRAWS = 400


@dataclass(frozen=True, repr=False)
class RetentionLink:
    """How the probability of retention depends on satisfaction.

    Attributes
    ----------
    coefficients
        Of intercept, below, above and the controls, on the logit; by name.
    covariance
        Of the coefficients, clustered by customer.
    controls
        Dummy variables of the controls, one row per answer used; columns as in ``coefficients``
        from the fourth on.
    scores, retained
        The answers used, and whether the customer was retained (1) or not (0).
    knot
        Answer at which the slope changes.
    scale
        Lowest and highest possible answer.
    censored_answers
        Number of answers left out because retention is not known yet.
    """

    coefficients: pd.Series
    covariance: pd.DataFrame
    controls: pd.DataFrame
    scores: pd.Series
    retained: pd.Series
    knot: float
    scale: tuple[int, int]
    censored_answers: int

    @property
    def answers(self) -> int:
        """Number of answers used."""
        return len(self.scores)

    def summary(self, level: float = 0.95) -> pd.DataFrame:
        """Return estimate, standard_error, low, high and odds_ratio of each coefficient."""
        reach = normal_quantile(level) * np.sqrt(np.diag(self.covariance))
        return pd.DataFrame(
            {
                "estimate": self.coefficients,
                "standard_error": np.sqrt(np.diag(self.covariance)),
                "low": self.coefficients - reach,
                "high": self.coefficients + reach,
                "odds_ratio": np.exp(self.coefficients),
            }
        )

    def asymmetry(self, level: float = 0.95) -> dict[str, float]:
        """Return the difference of the slopes below and above the knot.

        Returns
        -------
        dict
            difference = b_below - b_above on the logit, with low and high, and probability, that
            it is above 0.
        """
        difference = float(self.coefficients["below"] - self.coefficients["above"])
        (below, both), (_, above) = self.covariance.loc[_SLOPES, _SLOPES].to_numpy()
        error = float(np.sqrt(below + above - 2 * both))
        reach = float(normal_quantile(level) * error)
        return {
            "difference": difference,
            "low": difference - reach,
            "high": difference + reach,
            "probability": float(ndtr(difference / error)),
        }

    def retention_probabilities(self, scores: Array, coefficients: Array | None = None) -> Array:
        """Return P(retained) of every customer used, if their answer were ``scores``, shape (n,).

        ``coefficients`` of shape (k, coefficients) gives k draws at once: shape (k, n).
        """
        used = self.coefficients.to_numpy() if coefficients is None else coefficients
        return np.asarray(expit(used @ self.design_matrix(scores).T))

    def design_matrix(self, scores: Array) -> Array:
        """Return the design matrix of the logit for these answers, shape (n, coefficients)."""
        distance = np.broadcast_to(np.asarray(scores, dtype=float), (len(self.scores),)) - self.knot
        columns = [np.ones(len(distance)), np.minimum(distance, 0), np.maximum(distance, 0)]
        return np.column_stack([*columns, self.controls.to_numpy(dtype=float)])

    def draws(self, n: int, seed: int) -> Array:
        """Return draws of the coefficients, multivariate normal, shape (n, coefficients)."""
        rng = np.random.default_rng(seed)
        return rng.multivariate_normal(self.coefficients, self.covariance, n, method="cholesky")

    def _rows(self) -> dict[str, object]:
        odds = np.exp(self.coefficients)
        return {
            "answers": self.answers,
            "retained": float(self.retained.mean()),
            "knot": self.knot,
            "odds ratio below": float(odds["below"]),
            "odds ratio above": float(odds["above"]),
            "censored answers": self.censored_answers,
        }

    def __repr__(self) -> str:
        return one_line("RetentionLink", self._rows())

    def _repr_html_(self) -> str:
        return html_table("Link between satisfaction and retention", self._rows())


def retention_link(
    answers: pd.DataFrame,
    *,
    score: str = "nps",
    retained: str = "retained",
    customer: str = "customer_id",
    controls: tuple[str, ...] = (),
    knot: float = 7.0,
    scale: tuple[int, int] = (0, 10),
) -> RetentionLink:
    """Estimate how the probability of retention depends on satisfaction.

    Parameters
    ----------
    answers
        Row per answer: the score, and whether the customer was retained afterwards (1, 0, or
        missing where it is not known yet: these rows are left out and counted).
    score, retained, customer
        Columns.
    controls
        Categorical columns that affect retention too, such as segment or relationship level; a
        blank value is the group "not known".
    knot
        Answer at which the slope may change, inside the scale.
    scale
        Lowest and highest possible answer.

    Returns
    -------
    RetentionLink
        Binary logit by maximum likelihood, standard errors clustered by customer.

    Raises
    ------
    DataError
        If an answer is outside the scale, ``retained`` is not 0 or 1, or too few customers were
        retained or lost.
    ParameterError
        If the knot is outside the scale.
    ConvergenceError
        If the likelihood has no maximum, as under perfect separation.

    References
    ----------
    Anderson and Sullivan (1993), Marketing Science 12 (asymmetric effects of satisfaction).

    Examples
    --------
    >>> import relmark_research as rm
    >>> link = rm.relationships.retention_link(rm.load_sample("satisfaction"))
    >>> link.coefficients[["below", "above"]].round(2).tolist()
    [0.48, 0.25]
    """
    answers = _with_types(answers, score, retained, customer, controls)
    check_columns(answers, "answers", [score, retained, customer, *controls])
    if not scale[0] < knot < scale[1]:
        raise ParameterError(f"knot must lie inside the scale {scale}; found {knot!r}.")
    scores = check_scale(answers[score], scale)
    outcome = _retention(answers, retained)
    use = outcome.notna() & scores.notna()
    dummies = _dummies(answers.loc[use], list(controls))
    _check_outcomes(outcome[use], 3 + dummies.shape[1])
    link = RetentionLink(
        coefficients=pd.Series(dtype=float),
        covariance=pd.DataFrame(),
        controls=dummies,
        scores=scores[use],
        retained=outcome[use].astype(float),
        knot=knot,
        scale=scale,
        censored_answers=int((scores.notna() & outcome.isna()).sum()),
    )
    return _fitted(link, answers.loc[use, customer])


def retention_by_score(link: RetentionLink, *, level: float = 0.95, seed: int = 0) -> pd.DataFrame:
    """Return retention by answer: observed, modelled, and by isotonic regression.

    Parameters
    ----------
    link
        From `retention_link`.
    level
        Probability of the intervals, in (0, 1).
    seed
        Seed of the draws of the coefficients.

    Returns
    -------
    DataFrame
        Row per answer on the scale: score, answers, retained (observed share) with low and high
        (Wilson), modelled (mean over all customers used, if their answer were this one) with
        modelled_low and modelled_high, isotonic (isotonic regression of the observed shares).

    Examples
    --------
    >>> import relmark_research as rm
    >>> link = rm.relationships.retention_link(rm.load_sample("satisfaction"))
    >>> retention_by_score(link).set_index("score").loc[[4, 9], "modelled"].round(2).tolist()
    [0.33, 0.77]
    """
    rows, draws = [], link.draws(_DRAWS, seed=seed)
    for score in range(link.scale[0], link.scale[1] + 1):
        drawn = link.retention_probabilities(np.array(score), draws).mean(axis=1)
        low, high = percentile_interval(drawn, level)
        rows.append(
            {
                "score": score,
                **_observed(link.retained[link.scores == score], level),
                "modelled": float(link.retention_probabilities(np.array(score)).mean()),
                "modelled_low": float(low),
                "modelled_high": float(high),
            }
        )
    table = pd.DataFrame(rows)
    return table.assign(isotonic=isotonic_rates(table["retained"], table["answers"]))


def isotonic_rates(rates: pd.Series, weights: pd.Series) -> pd.Series:
    """Return the weighted isotonic regression of rates on their index; missing stay missing.

    Examples
    --------
    >>> isotonic_rates(pd.Series([0.2, 0.5, 0.3]), pd.Series([10, 10, 30])).round(2).tolist()
    [0.2, 0.35, 0.35]
    """
    from scipy.optimize import isotonic_regression

    known = rates.notna() & (weights > 0)
    found = pd.Series(np.nan, index=rates.index)
    if known.any():
        found[known] = isotonic_regression(rates[known], weights=weights[known]).x
    return found


def lack_of_fit_test(link: RetentionLink) -> dict[str, float]:
    """Test the two slopes against a separate level for each class of answers (likelihood ratio).

    Neighbouring answers are combined until a class has five customers retained and five lost.

    Returns
    -------
    dict
        statistic = 2 (ln L with classes - ln L), degrees_of_freedom, p_value; a small p_value says
        that two slopes do not describe how retention rises with satisfaction.
    """
    from scipy.stats import chi2

    classes = _classes(link)
    dummies = np.column_stack(
        [classes == one for one in np.unique(classes)[1:]] or [classes[:, None]]
    )
    restricted = link.design_matrix(link.scores.to_numpy())
    full = _with_independent(restricted, dummies.astype(float))
    degrees = full.shape[1] - restricted.shape[1]
    if degrees == 0:
        return {"statistic": 0.0, "degrees_of_freedom": 0, "p_value": np.nan}
    more, less = (fit_logit(link.retained.to_numpy(), rows).llf for rows in (full, restricted))
    statistic = max(0.0, float(2 * (more - less)))
    return {
        "statistic": statistic,
        "degrees_of_freedom": degrees,
        "p_value": float(chi2.sf(statistic, degrees)),
    }


def _with_types(
    answers: pd.DataFrame, score: str, retained: str, customer: str, controls: tuple[str, ...]
) -> pd.DataFrame:
    columns = [
        Column(customer, "id", "the customer", required=True),
        Column(score, "number", "satisfaction"),
        Column(retained, "number", "1 retained, 0 not"),
        *(Column(name, "choice", "a group") for name in controls),
    ]
    return open_table(answers, Schema("answers", "an answer", tuple(columns)))


def _retention(answers: pd.DataFrame, column: str) -> pd.Series:
    retained = pd.to_numeric(answers[column], errors="coerce")
    wrong = answers[column].notna() & ~retained.isin([0, 1])
    if wrong.any():
        raise DataError(
            f"expected 1 or 0 in {column}, missing where retention is not known yet; found "
            f"{cell_text(answers.loc[wrong, column].iloc[0])} in {wrong.sum():,} rows."
        )
    return retained


def _check_outcomes(retained: pd.Series, coefficients: int) -> None:
    stayed = int(retained.sum())
    lost = len(retained) - stayed
    if min(stayed, lost) < 5 * coefficients / 3:
        raise DataError(
            f"expected more customers retained and more customers lost; found {stayed:,} and "
            f"{lost:,} for {coefficients} coefficients. Wait for more answers, or drop controls."
        )


def _dummies(table: pd.DataFrame, controls: list[str]) -> pd.DataFrame:
    if not controls:
        return pd.DataFrame(index=table.index)
    return pd.get_dummies(table[controls].astype(str), drop_first=True, dtype=float)


def _fitted(link: RetentionLink, customer: pd.Series) -> RetentionLink:
    matrix = link.design_matrix(link.scores.to_numpy())
    names = ["intercept", *_SLOPES, *link.controls.columns]
    fit = fit_logit(link.retained.to_numpy(), matrix, pd.factorize(customer)[0])
    return replace(
        link,
        coefficients=pd.Series(np.asarray(fit.params), index=names),
        covariance=pd.DataFrame(fit.cov_params(), index=names, columns=names),
    )


def _observed(retained: pd.Series, level: float) -> dict[str, float]:
    n, stayed = len(retained), int(retained.sum())
    if n == 0:
        return {"answers": 0, "retained": np.nan, "low": np.nan, "high": np.nan}
    low, high = map(float, wilson_interval(stayed, n, level))
    return {"answers": n, "retained": stayed / n, "low": low, "high": high}


def _classes(link: RetentionLink) -> Array:
    """Return the class of each answer, numbered from the lowest."""
    counts = pd.crosstab(link.scores, link.retained).reindex(columns=[0.0, 1.0], fill_value=0)
    number, filled, class_of = 0, np.zeros(2), {}
    for score, row in counts.iterrows():
        class_of[score], filled = number, filled + row.to_numpy()
        if filled.min() >= _MIN_PER_CLASS:
            number, filled = number + 1, np.zeros(2)
    highest = max(0, number - 1)  # an incomplete class at the top joins the one below
    return np.minimum(link.scores.map(class_of).to_numpy(), highest)


def _with_independent(base: Array, more: Array) -> Array:
    """Return ``base`` with those columns of ``more`` that are linearly independent of it."""
    for column in more.T:
        wider = np.column_stack([base, column])
        if np.linalg.matrix_rank(wider) > base.shape[1]:
            base = wider
    return base
