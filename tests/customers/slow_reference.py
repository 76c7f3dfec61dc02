"""The step from rows to customers once more, slowly and in plain Python, to check the engine by.

Returns are matched one by one: each takes from the latest earlier day that still has something.
"""

from collections import defaultdict
from datetime import date
from fractions import Fraction


def purchase_days(rows: list[tuple[str, date, int]]) -> dict[str, dict[date, int]]:
    """Customer -> day -> cents left after netting, of days on which something was bought."""
    sums: dict[str, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    gross: dict[tuple[str, date], list[int]] = defaultdict(list)
    for customer, day, cents in rows:
        sums[customer][day] += cents
        gross[customer, day].append(cents)
    return {
        customer: {
            day: left
            for day, left in _matched(days).items()
            if any(cents >= 0 for cents in gross[customer, day])
            and (left > 0 or not any(cents > 0 for cents in gross[customer, day]))
        }
        for customer, days in sums.items()
    }


def _matched(days: dict[date, int]) -> dict[date, int]:
    left: dict[date, int] = {}
    for day in sorted(days):
        left[day] = max(days[day], 0)
        owed = max(-days[day], 0)
        for earlier in sorted((d for d in left if d < day), reverse=True):
            taken = min(owed, left[earlier])
            left[earlier] -= taken
            owed -= taken
    return left


def summary(rows: list[tuple[str, date, int]], last: date, days_per_unit: int) -> dict[str, tuple]:
    """Customer -> (frequency, recency, T, mean value of the repeats or None)."""
    result = {}
    for customer, days in purchase_days(rows).items():
        if not days:
            continue
        first, *later = sorted(days)
        end = later[-1] if later else first
        mean = Fraction(sum(days[day] for day in later), 100 * len(later)) if later else None
        result[customer] = (
            len(later),
            (end - first).days / days_per_unit,
            (last - first).days / days_per_unit,
            None if mean is None else float(mean),
        )
    return result
