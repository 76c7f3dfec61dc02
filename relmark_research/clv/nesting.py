"""Do covariates say more than chance would? The likelihood-ratio test between nested fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from relmark_research.clv import effects
from relmark_research.clv.fitting import Fit
from relmark_research.errors import ParameterError

if TYPE_CHECKING:
    from relmark_research.clv.covariate_fit import CovariateFit


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
    extra = () if isinstance(nested, Fit) else effects.not_within(nested.blocks, larger.blocks)
    if extra:
        raise ParameterError(
            "a nested fit has some of the effects of the larger one; it also has "
            f"{', '.join(extra)}."
        )
