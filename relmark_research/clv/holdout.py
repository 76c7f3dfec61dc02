"""What customers bought in the days kept back: what every forecast is judged by."""

import numpy as np

from relmark_research.customers.summary import Split
from relmark_research.errors import DataError


def actual_purchases(split: Split) -> np.ndarray:
    """Return the purchases of each customer in the holdout, refused where there is none at all.

    Raises
    ------
    DataError
        Where nobody bought in the holdout, or nobody ever bought again.
    """
    actual = split.holdout["purchases"].to_numpy(float)
    if actual.sum() > 0:
        return actual
    kept_back = f"the holdout of {split.length:g} {split.calibration.unit}s"
    if split.calibration.table["frequency"].max() == 0:
        raise DataError(
            f"of {len(actual):,} customers nobody bought a second time, neither before nor in "
            f"{kept_back}; there is no relationship to model yet. Is the customer's id the same "
            "in all orders?"
        )
    raise DataError(
        f"nobody bought in {kept_back}, so there is nothing to judge a forecast by. "
        "Cut the log earlier."
    )
