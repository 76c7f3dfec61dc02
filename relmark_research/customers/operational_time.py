"""Operational time: days weighed by how much customers buy on them.

s(d)    relative rate of purchases on day d, > 0; its mean over a year is about 1
A(d)    sum of s over the days up to the end of day d

A customer who first bought on day f and last on day l, observed until the end of day e, has been
exposed on the days f + 1 to e: recency is A(l) - A(f) and T is A(e) - A(f), in days, where plain
time has l - f and e - f. The h days after e last A(e + h) - A(e). With s = 1 both are the same.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Protocol

import numpy as np

Array = np.ndarray


class Calendar(Protocol):
    """The relative rates of purchases by day, which all customers share."""

    def relative_rates(self, first: date, last: date) -> Array:
        """Return s of each day from ``first`` to ``last``, > 0, shape (days,)."""


def operational_days(calendar: Calendar | None, after: date, until: date) -> float:
    """Return A(until) - A(after), the operational length of the days after a day.

    Parameters
    ----------
    calendar
        The relative rates; None for days of equal length.
    after, until
        The day before the first that counts, and the last.

    Examples
    --------
    >>> operational_days(None, date(2024, 1, 1), date(2024, 1, 15))
    14.0
    """
    if calendar is None or until <= after:
        return float((until - after).days)
    return float(calendar.relative_rates(after + timedelta(days=1), until).sum())


def elapsed(calendar: Calendar, starts: Array, ends: Array, last: date) -> Array:
    """Return A(end) - A(start) of many pairs of days.

    Parameters
    ----------
    starts, ends
        Days before the last day, as numbers of days: 0 is ``last`` itself; starts >= ends.
    last
        The last day.

    Returns
    -------
    ndarray
        In days, shape (pairs,).
    """
    longest = int(starts.max(initial=0))
    total = np.zeros(longest + 1)
    if longest:
        rates = calendar.relative_rates(last - timedelta(days=longest - 1), last)
        total[1:] = np.cumsum(rates[::-1])
    result: Array = total[starts] - total[ends]
    return result
