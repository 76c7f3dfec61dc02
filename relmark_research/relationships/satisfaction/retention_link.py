"""From satisfaction to staying: how retention rises with the answer, faster below than above.

    logit P(retained) = a + b_below min(s - bend, 0) + b_above max(s - bend, 0) + controls

Dissatisfaction weighs more than delight where b_below > b_above: the asymmetry.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import expit, ndtr

from relmark_research.errors import DataError, ParameterError
from relmark_research.relationships._validate import check_columns, check_scale
from relmark_research.stats.binomial_logit import fitted_logit
from relmark_research.stats.intervals import normal_quantile, percentile_interval, wilson_interval

# Whether two straight slopes describe how retention rises with satisfaction.

Array = np.ndarray

_LEAST = 5  # who stayed, and who left, in each class of answers


def retention_by_score(link: RetentionLink, *, level: float = 0.95, seed: int = 0) -> pd.DataFrame:
    """Return retention by answer: counted, by the link, and by the isotonic check.

    Parameters
    ----------
    link
        From `retention_link`.
    level
        Probability of the intervals.
    seed
        Seed of the draws that carry the link's doubt.

    Returns
    -------
    DataFrame
        Row per answer on the scale: score, answers, retained (share counted) with low and high
        (Wilson), modelled (mean over all customers used, had they answered so) with modelled_low
        and modelled_high, isotonic (the counted shares made to rise).

    Examples
    --------
    >>> import relmark_research as rm
    >>> from relmark_research.relationships.satisfaction import retention_link
    >>> link = retention_link(rm.load_sample("satisfaction"))
    >>> retention_by_score(link).set_index("score").loc[[4, 9], "modelled"].round(2).tolist()
    [0.33, 0.77]
    """
    rows, draws = [], link.draws(400, seed=seed)
    for score in range(link.scale[0], link.scale[1] + 1):
        drawn = link.chances(np.array(score), draws).mean(axis=1)
        low, high = percentile_interval(drawn, level)
        rows.append(
            {
                "score": score,
                **_counted(link.retained[link.scores == score], level),
                "modelled": float(link.chances(np.array(score)).mean()),
                "modelled_low": float(low),
                "modelled_high": float(high),
            }
        )
    table = pd.DataFrame(rows)
    return table.assign(isotonic=isotonic_rates(table["retained"], table["answers"]))


def _counted(retained: pd.Series, level: float) -> dict[str, float]:
    n, kept = len(retained), int(retained.sum())
    if n == 0:
        return {"answers": 0, "retained": np.nan, "low": np.nan, "high": np.nan}
    low, high = map(float, wilson_interval(kept, n, level))
    return {"answers": n, "retained": kept / n, "low": low, "high": high}


def isotonic_rates(rates: pd.Series, weights: pd.Series) -> pd.Series:
    """Return the rates made to rise with their index, each weighing as given; missing stay missing.

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


def shape_test(link: RetentionLink) -> dict[str, float]:
    """Test the two slopes against a step of its own for each class of answers.

    Neighbouring answers are one class until five customers stayed and five left in it.

    Returns
    -------
    dict
        statistic = 2 (ln L of slopes and steps - ln L of slopes), degrees_of_freedom, p_value; a
        small one says that two straight slopes do not describe how retention rises.
    """
    from scipy.stats import chi2

    classes = _classes(link)
    steps = np.column_stack(
        [classes == one for one in np.unique(classes)[1:]] or [classes[:, None]]
    )
    plain = link.matrix(link.scores.to_numpy())
    wide = _independent(plain, steps.astype(float))
    freedom = wide.shape[1] - plain.shape[1]
    if freedom == 0:
        return {"statistic": 0.0, "degrees_of_freedom": 0, "p_value": np.nan}
    more, less = (fitted_logit(link.retained, rows).llf for rows in (wide, plain))
    statistic = max(0.0, float(2 * (more - less)))
    return {
        "statistic": statistic,
        "degrees_of_freedom": freedom,
        "p_value": float(chi2.sf(statistic, freedom)),
    }


def _classes(link: RetentionLink) -> Array:
    """Return the class of each answer, numbered from the lowest."""
    counts = pd.crosstab(link.scores, link.retained).reindex(columns=[0.0, 1.0], fill_value=0)
    number, filled, of = 0, np.zeros(2), {}
    for score, row in counts.iterrows():
        of[score], filled = number, filled + row.to_numpy()
        if filled.min() >= _LEAST:
            number, filled = number + 1, np.zeros(2)
    last = max(0, number - 1)  # what is left over at the top joins the class below
    return np.minimum(link.scores.map(of).to_numpy(), last)


def _independent(base: Array, more: Array) -> Array:
    """Return ``base`` with those columns of ``more`` that it does not hold already."""
    for column in more.T:
        wider = np.column_stack([base, column])
        if np.linalg.matrix_rank(wider) > base.shape[1]:
            base = wider
    return base


@dataclass(frozen=True)
class RetentionLink:
    """How the chance of staying depends on satisfaction.

    Attributes
    ----------
    coefficients
        Of intercept, below, above and the controls, on the logit; by name.
    covariance
        Of the coefficients, customers as clusters.
    design
        Controls of each answer used, columns as in ``coefficients`` from the third on, and
        ``weight`` 1; shape (n, controls).
    scores, retained
        The answers used, and whether the customer stayed (1) or not (0).
    bend
        Answer at which the slope changes.
    scale
        Lowest and highest answer.
    open_answers
        Answers of customers whose year is not over: left out.
    """

    coefficients: pd.Series
    covariance: pd.DataFrame
    design: pd.DataFrame
    scores: pd.Series
    retained: pd.Series
    bend: float
    scale: tuple[int, int]
    open_answers: int

    @property
    def answers(self) -> int:
        """Number of answers used."""
        return len(self.scores)

    def summary(self, level: float = 0.95) -> pd.DataFrame:
        """Return estimate, standard_error, low, high, and odds (of staying, times) by name."""
        z = normal_quantile(level)
        error = np.sqrt(np.diag(self.covariance))
        return pd.DataFrame(
            {
                "estimate": self.coefficients,
                "standard_error": error,
                "low": self.coefficients - z * error,
                "high": self.coefficients + z * error,
                "odds": np.exp(self.coefficients),
            }
        )

    def asymmetry(self, level: float = 0.95) -> dict[str, float]:
        """Return how much more a point weighs below the bend than above it.

        Returns
        -------
        dict
            difference = b_below - b_above on the logit, with low and high, and probability, that
            it is above 0.
        """
        gap = float(self.coefficients["below"] - self.coefficients["above"])
        parts = self.covariance.loc[["below", "above"], ["below", "above"]].to_numpy()
        error = float(np.sqrt(parts[0, 0] + parts[1, 1] - 2 * parts[0, 1]))
        reach = float(normal_quantile(level) * error)
        return {
            "difference": gap,
            "low": gap - reach,
            "high": gap + reach,
            "probability": float(ndtr(gap / error)),
        }

    def chances(self, scores: Array, coefficients: Array | None = None) -> Array:
        """Return P(retained) of every customer used, had he answered ``scores``, shape (n,).

        ``coefficients``, shape (k, coefficients), takes k draws at once: shape (k, n).
        """
        given = self.coefficients.to_numpy() if coefficients is None else coefficients
        return np.asarray(expit(given @ self.matrix(scores).T))

    def matrix(self, scores: Array) -> Array:
        """Return the rows of the regression for these answers, shape (n, coefficients)."""
        from_bend = np.broadcast_to(np.asarray(scores, dtype=float), (len(self.scores),))
        from_bend = from_bend - self.bend
        columns = [np.ones(len(from_bend)), np.minimum(from_bend, 0), np.maximum(from_bend, 0)]
        return np.column_stack([*columns, self.design.to_numpy(dtype=float)])

    def draws(self, n: int, seed: int) -> Array:
        """Return draws of the coefficients, multivariate normal, shape (n, coefficients)."""
        rng = np.random.default_rng(seed)
        return rng.multivariate_normal(self.coefficients, self.covariance, n, method="cholesky")


def retention_link(
    answers: pd.DataFrame,
    *,
    score: str = "nps",
    retained: str = "retained",
    customer: str = "customer_id",
    controls: tuple[str, ...] = (),
    bend: float = 7.0,
    scale: tuple[int, int] = (0, 10),
) -> RetentionLink:
    """Fit how the chance of staying depends on satisfaction.

    Parameters
    ----------
    answers
        Row per answer: the score, and whether the customer stayed afterwards (1, 0, missing where
        that is not known yet: these rows are left out and counted).
    score, retained, customer
        Columns.
    controls
        Columns of words that move retention too, such as segment or level of relationship.
    bend
        Answer at which the slope may change, inside the scale.
    scale
        Lowest and highest answer.

    Returns
    -------
    RetentionLink
        Binary logit by maximum likelihood, standard errors by customer.

    Raises
    ------
    DataError
        If an answer is outside the scale, ``retained`` is not 0 or 1, or too few stayed or left.
    ConvergenceError
        If the likelihood has no maximum, as where an answer parts those who stay and leave.

    References
    ----------
    Anderson and Sullivan (1993), Marketing Science 12 (dissatisfaction weighs more).

    Examples
    --------
    >>> import relmark_research as rm
    >>> from relmark_research.relationships.satisfaction import retention_link
    >>> link = retention_link(rm.load_sample("satisfaction"))
    >>> link.coefficients[["below", "above"]].round(2).tolist()
    [0.48, 0.25]
    """
    check_columns(answers, "answers", [score, retained, customer, *controls])
    if not scale[0] < bend < scale[1]:
        raise ParameterError(f"bend must lie inside the scale {scale}; found {bend!r}.")
    marks = check_scale(answers[score], scale)
    stayed = pd.to_numeric(answers[retained], errors="coerce")
    wrong = answers[retained].notna() & ~stayed.isin([0, 1])
    if wrong.any():
        raise DataError(
            f"expected 1 or 0 in {retained}, empty where the year is not over; found "
            f"{answers.loc[wrong, retained].iloc[0]!r} in {wrong.sum():,} rows."
        )
    use = stayed.notna() & marks.notna()
    dummies = _dummies(answers.loc[use], list(controls))
    kept = stayed[use].astype(float)
    if min(kept.sum(), len(kept) - kept.sum()) < 5 * (3 + dummies.shape[1]) / 3:
        raise DataError(
            f"how staying depends on satisfaction takes customers who stayed and who left; found "
            f"{int(kept.sum()):,} and {int(len(kept) - kept.sum()):,} for {3 + dummies.shape[1]} "
            "coefficients. Wait for more answers, or drop controls."
        )
    empty = pd.DataFrame(index=range(3 + dummies.shape[1]))
    link = RetentionLink(
        pd.Series(dtype=float), empty, dummies, marks[use], kept, bend, scale,
        int((marks.notna() & stayed.isna()).sum()),
    )  # fmt: skip
    return _with_fit(link, answers.loc[use, customer])


def _dummies(table: pd.DataFrame, controls: list[str]) -> pd.DataFrame:
    if not controls:
        return pd.DataFrame(index=table.index)
    missing = table[controls].isna().any(axis=1)
    if missing.any():
        raise DataError(
            f"every answer needs {', '.join(controls)}; {missing.sum():,} of {len(table):,} lack "
            "one. Fill them in, or drop the control."
        )
    return pd.get_dummies(table[controls].astype(str), drop_first=True, dtype=float)


def _with_fit(link: RetentionLink, customer: pd.Series) -> RetentionLink:
    matrix = link.matrix(link.scores.to_numpy())
    names = ["intercept", "below", "above", *link.design.columns]
    groups = pd.factorize(customer)[0]
    found = fitted_logit(link.retained, matrix, groups)
    covariance = pd.DataFrame(found.cov_params(), index=names, columns=names)
    return replace(
        link, coefficients=pd.Series(np.asarray(found.params), index=names), covariance=covariance
    )
