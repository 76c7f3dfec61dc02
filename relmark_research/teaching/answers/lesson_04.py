"""Lesson 4: what will they spend next time?"""

from functools import cache

import numpy as np
import pandas as pd

from relmark_research.clv.families.gamma_gamma import GammaGamma
from relmark_research.customers.datasets import load_cdnow
from relmark_research.customers.log.customer_summary import Split
from relmark_research.teaching.exercises import Exercise, Mistake

_PUBLISHED = GammaGamma(p=6.25, q=3.74, v=15.44)  # Fader & Hardie (2013)
_NAMES, _OWN_MEANS, _REPEATS = ["Dora", "Emil"], np.array([120.0, 100.0]), np.array([1.0, 8.0])


def _expected_spend(repeats: np.ndarray = _REPEATS) -> pd.Series:
    return pd.Series(_PUBLISHED.conditional_expected_spend(repeats, _OWN_MEANS), index=_NAMES)


def _swapped_weights() -> pd.Series:
    """Return the expected spend with the weights of own and overall mean swapped."""
    return _OWN_MEANS + float(_PUBLISHED.expected_spend()) - _expected_spend()


@cache
def _split() -> Split:
    return load_cdnow().split(at="1997-09-30")


def _correlation(*, all_customers: bool = False, total: bool = False) -> float:
    table = _split().calibration.table
    table = table if all_customers else table.query("frequency > 0")
    spend = table["monetary_value"].fillna(0)
    return float(table["frequency"].corr(spend * table["frequency"] if total else spend))


@cache
def _lowest_fifth() -> pd.Series:
    """Return means of the lowest fifth by spend per purchase: past, forecast, and later."""
    calibration = _split().calibration
    spend: GammaGamma = GammaGamma.fit(calibration).model
    table = calibration.table.join(_split().holdout).query("frequency > 0 and purchases > 0")
    own = table["monetary_value"]
    means = pd.DataFrame(
        {
            "own": own,
            "foreseen": spend.conditional_expected_spend(
                *table[["frequency", "monetary_value"]].to_numpy(float).T
            ),
            "rise": table["value"] / table["purchases"],
        }
    )
    return means[pd.qcut(own, 5, labels=False) == 0].mean()


def _relative_changes() -> pd.Series:
    return _lowest_fifth()[["rise", "foreseen"]] / _lowest_fifth()["own"] - 1


EXERCISES = (
    Exercise(
        key="4.1",
        answer=lambda: (12.5 * 25 + 25 * 50) / 37.5,
        mistakes=(
            Mistake(40, "That is what was spent. Of which kind are those who spend 40?"),
            Mistake(
                (25 + 50) / 2,
                "That is everybody's mean. Are both kinds as frequent among those who spent 40?",
            ),
            Mistake(50, "Most of them are large, but are all?"),
        ),
        meaning="Seeing 40 speaks for the large kind here, as they spend it twice as often.",
    ),
    Exercise(
        key="4.2",
        answer=_expected_spend,
        tolerance=0.3,
        mistakes=(
            Mistake(
                lambda: pd.Series(_OWN_MEANS, index=_NAMES),
                "Those are their own means. How far is each to be believed?",
            ),
            Mistake(
                lambda: _expected_spend(_REPEATS + 1),
                "x counts repeats: is the first purchase among yours?",
            ),
            Mistake(_swapped_weights, "You have the two weights the wrong way round."),
        ),
        meaning="Emil has the lower mean and is expected to spend more: eight purchases are "
        "believed, one is believed in part.",
    ),
    Exercise(
        key="4.3",
        answer=_correlation,
        tolerance=0.005,
        mistakes=(
            Mistake(
                lambda: _correlation(all_customers=True),
                "Are those without a repeat in yours, with a spend of nothing?",
            ),
            Mistake(
                lambda: _correlation(total=True),
                "You took what each spent in all, which holds the frequency already.",
            ),
        ),
        meaning="Positive, and small. rm.clv.spend_frequency_correlation shows that one customer "
        "makes half of it: the assumption is not quite true, and does little harm here.",
    ),
    Exercise(
        key="4.4",
        answer=_relative_changes,
        tolerance=0.01,
        unit="share",
        mistakes=(
            Mistake(
                lambda: _relative_changes() + 1,
                "Those are ratios. By what share is the later mean above the earlier one?",
            ),
            Mistake(
                lambda: 1 - 1 / (1 + _relative_changes()),
                "You divided by the later mean. The rise is measured from the earlier one.",
            ),
            Mistake(
                lambda: pd.Series(
                    {
                        "rise": _relative_changes()["foreseen"],
                        "foreseen": _relative_changes()["rise"],
                    }
                ),
                "The two have changed places.",
            ),
        ),
        meaning="A rise from nothing: part is regression to the mean, which the model foresees; "
        "and in those months people spent more on average, Christmas or not. Compare with "
        "customers as low who got no leaflet, chosen by lot.",
    ),
)
