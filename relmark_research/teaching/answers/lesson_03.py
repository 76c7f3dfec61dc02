"""Lesson 3: how many customers do we have?"""

from functools import cache

import numpy as np
import pandas as pd

from relmark_research.clv.covariates.covariate_estimation import fit_covariates
from relmark_research.clv.estimation.fit import Fit
from relmark_research.clv.families.bg_nbd import BGNBD
from relmark_research.clv.families.mbg_nbd import MBGNBD
from relmark_research.clv.prediction.forecast import forecast
from relmark_research.customers.datasets import load_cdnow
from relmark_research.customers.log.customer_summary import CustomerSummary
from relmark_research.teaching.exercises import Exercise, Mistake

_PUBLISHED = BGNBD(r=0.243, alpha=4.414, a=0.793, b=2.426)  # Fader, Hardie & Lee (2005)


def _anna_and_ben(*, repeats: tuple[int, int] = (1, 8), observed_until: float = 33) -> pd.Series:
    probabilities = _PUBLISHED.p_alive(
        np.array(repeats), np.array([20, 20]), np.full(2, observed_until)
    )
    return pd.Series(probabilities, index=["Anna", "Ben"])


@cache
def _customers() -> pd.DataFrame:
    """Return CDNOW until the end of September 1997, with P(alive) from both models."""
    customers = load_cdnow().split(at="1997-09-30", unit="week").calibration
    models = {"bg": BGNBD.fit(customers), "mbg": MBGNBD.fit(customers)}
    return customers.table.assign(
        **{name: _p_alive(fit, customers) for name, fit in models.items()}
    )


def _p_alive(fit: Fit, customers: CustomerSummary) -> pd.Series:
    return forecast(fit, customers, horizon="1 week")["p_alive"]


def _p_alive_of_inactive() -> pd.Series:
    """Return P(alive) of repeat customers without a purchase for more than 13 weeks."""
    table = _customers()
    silent = (table["T"] - table["recency"] > 13) & (table["frequency"] > 0)
    return table.loc[silent, "bg"]


def _weeks() -> pd.DataFrame:
    """Return weeks, with 1 in spring."""
    weeks = pd.DataFrame({"date": pd.date_range("1996-12-30", "1997-09-29", freq="7D")})
    return weeks.assign(spring=weeks["date"].dt.month.isin([3, 4, 5]).astype(float))


@cache
def _spring() -> float:
    """Return the difference of the logarithm of the purchase rate in spring."""
    log = load_cdnow().until("1997-09-30")
    fit = fit_covariates(MBGNBD, log, rate="spring", covariates=_weeks())
    return float(fit.coefficients[0])


@cache
def _spring_without_dropout() -> float:
    """Return the ratio of repeat purchase-days per customer and day, in spring and otherwise."""
    rows = load_cdnow().until("1997-09-30").to_pandas()
    weeks, first = _weeks(), rows.groupby("customer_id")["date"].min()
    days = pd.date_range("1997-01-01", "1997-09-30")
    repeats = rows[rows["date"] > rows["customer_id"].map(first)]
    again = repeats.drop_duplicates(["customer_id", "date"])["date"]
    spring, starts = weeks["spring"].to_numpy() > 0, weeks["date"].to_numpy()
    flags = [spring[np.searchsorted(starts, when.to_numpy(), side="right") - 1]
             for when in (again, days)]  # fmt: skip
    customers = np.searchsorted(np.sort(first.to_numpy()), days.to_numpy(), side="right")
    rates = [(flags[0] == one).sum() / customers[flags[1] == one].sum() for one in (True, False)]
    return float(rates[0] / rates[1])


def _one_time_buyers() -> pd.DataFrame:
    return _customers().query("frequency == 0")


EXERCISES = (
    Exercise(
        key="3.1",
        answer=lambda: 45 / (45 + 20),
        unit="share",
        mistakes=(
            Mistake(
                45 / 100,
                "That is a share of all who bought. Who is still silent after two weeks?",
            ),
            Mistake((3 / 4) ** 2, "Those who left are silent too. Where are they in your count?"),
            Mistake(
                20 / 40, "These are the coins of the table. How often does this shop's second fall?"
            ),
        ),
        meaning="The slower customers buy, the less a silence says.",
    ),
    Exercise(
        key="3.2",
        answer=_anna_and_ben,
        tolerance=0.005,
        unit="share",
        mistakes=(
            Mistake(lambda: 1 - _anna_and_ben(), "These are the chances that they are gone."),
            Mistake(
                lambda: _anna_and_ben(repeats=(2, 9)),
                "x counts repeats: is the first purchase among yours?",
            ),
            Mistake(
                lambda: _anna_and_ben(observed_until=20),
                "At that moment both have just bought. Until when are they seen?",
            ),
        ),
        meaning="The same silence says more about customers who used to buy often.",
    ),
    Exercise(
        key="3.3",
        answer=lambda: _p_alive_of_inactive().sum(),
        tolerance=0.6,
        unit="customers",
        mistakes=(
            Mistake(
                lambda: (_p_alive_of_inactive() > 0.5).sum(),
                "You drew a line again, at one half. Chances may be added as they are.",
            ),
            Mistake(
                lambda: len(_p_alive_of_inactive()), "So many were written off. How many are alive?"
            ),
            Mistake(
                lambda: _customers().query("frequency > 0")["bg"].sum(),
                "That is the sum over all who bought again. Keep those whom the rule writes off.",
            ),
        ),
        meaning="A yes or no for each customer would have lost all of them, or none.",
    ),
    Exercise(
        key="3.4",
        answer=lambda: _one_time_buyers()["mbg"].sum(),
        tolerance=1,
        unit="customers",
        mistakes=(
            Mistake(
                lambda: len(_one_time_buyers()),
                "That is BG/NBD's count: all of them. Fit MBG/NBD instead.",
            ),
            Mistake(
                lambda: _customers()["mbg"].sum(),
                "That is the count over everybody. Keep those who never bought again.",
            ),
        ),
        meaning="Two models fit the same data nearly equally well and differ by hundreds of "
        "customers: a number of customers needs its definition beside it.",
    ),
    Exercise(
        key="3.5",
        answer=lambda: np.exp(_spring()),
        tolerance=0.005,
        unit="times",
        mistakes=(
            Mistake(_spring, "That is the logarithm. How many times as many does it mean?"),
            Mistake(
                _spring_without_dropout,
                "That compares purchases per customer and week. Who had left by summer?",
            ),
        ),
        meaning="Customers were new in spring, and new customers buy more: a season has to be told "
        "from dropout. The interval holds 1, and dates are not randomised: no effect is shown.",
    ),
)
