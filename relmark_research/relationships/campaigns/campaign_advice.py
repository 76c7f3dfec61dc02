"""Whether to repeat a campaign: three verdicts on its profit, and the test that would settle it.

With P the probability that an arm gains, an arm is repeated if P >= .95 and not repeated if
P <= .05 (`evidence.advice_verdict`). Between the two the evidence decides nothing; a new test with
two groups of

    n = 2 s^2 ((z_.95 + z_.80) / gain)^2

customers each would show a gain of the size of the estimate, with probability .80 (s is the
standard deviation of profit per customer).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from relmark_research.evidence import CERTAIN, advice_verdict
from relmark_research.relationships._validate import check_columns
from relmark_research.stats.intervals import normal_quantile
from relmark_research.tables.given_tables import frame_in_memory
from relmark_research.tables.read_table import read_columns

FEWEST_CUSTOMERS = 30
FEWEST_RESPONSES = 10
LARGEST_TEST = 10_000_000  # customers per group, beyond which no firm tests
_POWER = 0.8
_LEAST_ERROR = 1e-9
_GAIN = "incremental_profit"
_NUMBERS = (
    "customers", "control_customers", "response", "control_response", _GAIN, f"{_GAIN}_low",
    f"{_GAIN}_high", "probability_profitable",
)  # fmt: skip


def campaign_advice(uplift: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """Return whether to repeat each arm, to stop it, or to test it again.

    Parameters
    ----------
    uplift
        The table of `campaign_uplift`.
    level
        Probability of the intervals of that table, in (0, 1).

    Returns
    -------
    DataFrame
        Row per campaign and arm: verdict (``"do"``, ``"stop"`` or ``"test"``), gain (expected
        profit per customer addressed) with gain_low and gain_high, probability_of_gain,
        probability_of_loss, responses (of arm and control), enough (whether 30 customers in each
        group and 10 responses carry a verdict; without them it is ``"test"``), test_per_group
        (customers; missing where no feasible test would settle it).

    Examples
    --------
    >>> import relmark_research as rm
    >>> uplift = rm.relationships.campaign_uplift(rm.load_sample("campaigns"), margin=0.4)
    >>> advice = campaign_advice(uplift).set_index("campaign_id")
    >>> advice.loc["2024-win-back", "verdict"]
    'stop'
    """
    uplift = frame_in_memory(uplift, "uplift")
    check_columns(uplift, "uplift", ["campaign_id", "arm", *_NUMBERS])
    uplift = read_columns(uplift, dict.fromkeys(_NUMBERS, "number"), name="uplift")
    rows = [_advice_row(row, normal_quantile(level)) for row in uplift.to_dict("records")]
    return pd.DataFrame(rows)


def _advice_row(row: dict[Any, Any], z: float) -> dict[str, object]:
    sizes = np.array([row["customers"], row["control_customers"]], float)
    rates = np.array([row["response"], row["control_response"]], float)
    responses = round(float(sizes @ rates))
    gain, low, high = (float(row[f"{_GAIN}{end}"]) for end in ("", "_low", "_high"))
    error = (high - low) / (2 * z)
    error = error if error > _LEAST_ERROR * abs(gain) else 0.0  # rounding, where nothing varies
    enough = bool(sizes.min() >= FEWEST_CUSTOMERS and responses >= FEWEST_RESPONSES and error > 0)
    chance = float(row["probability_profitable"])
    return {
        "campaign_id": row["campaign_id"],
        "arm": row["arm"],
        "verdict": advice_verdict(chance) if enough else "test",
        "gain": gain,
        "gain_low": low,
        "gain_high": high,
        "probability_of_gain": chance if error > 0 else np.nan,
        "probability_of_loss": 1 - chance if error > 0 else np.nan,
        "responses": responses,
        "enough": enough,
        "test_per_group": settling_test(gain, error, sizes),
    }


def settling_test(gain: float, error: float, sizes: np.ndarray) -> float:
    """Return the customers per group of a test that would show a gain of this size.

    Parameters
    ----------
    gain
        Profit per customer, money.
    error
        Its standard error in the campaign, money.
    sizes
        Customers of the arm and of its control group, shape (2,).

    Returns
    -------
    float
        Whole customers; missing without a gain or a standard error, or above ten million.

    Examples
    --------
    >>> settling_test(1.0, 1.0, np.array([100, 100]))
    619.0
    """
    if not (error > 0 and gain != 0):
        return float("nan")
    variance = error**2 / float((1 / sizes).sum())
    needed = 2 * variance * ((ndtri(CERTAIN) + ndtri(_POWER)) / gain) ** 2
    return float(np.ceil(needed)) if needed <= LARGEST_TEST else float("nan")
