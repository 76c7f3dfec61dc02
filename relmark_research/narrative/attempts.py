"""Analyses that need enough data: their result, or why there is none."""

from collections.abc import Callable
from typing import TypeVar

from relmark_research.errors import ConvergenceError, DataError

Result = TypeVar("Result")


def attempted(analysis: Callable[[], Result]) -> tuple[Result | None, str]:
    """Return the result of an analysis and an empty text, or None and the reason.

    The tables were read and checked before; what fails here has too few rows, or an outcome that
    does not vary.

    Examples
    --------
    >>> import pandas as pd
    >>> from relmark_research.relationships import retention_link
    >>> one = pd.DataFrame({"customer_id": ["7"], "nps": [9], "retained": [1]})
    >>> attempted(lambda: 7), attempted(lambda: retention_link(one))[0]
    ((7, ''), None)
    """
    try:
        return analysis(), ""
    except (DataError, ConvergenceError) as error:
        first = " ".join(str(error).split()).partition(". ")[0]
        return None, first.rstrip(".")
