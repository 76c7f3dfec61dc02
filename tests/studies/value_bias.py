"""Bias of expected spend on the real logs, with the purchases that came: constant and moving spend.

Run it: ``RELMARK_DATA=DIR python -m tests.studies.value_bias``.
"""

from collections.abc import Mapping, Sequence

import pandas as pd

import relmark_research as rm
from tests.studies import logs

HORIZONS = (13, 26)  # weeks
ORIGINS = 20


def study(
    sources: Mapping[str, rm.TransactionLog],
    *,
    horizons: Sequence[int] = HORIZONS,
    origins: int | Sequence[str] = ORIGINS,
) -> pd.DataFrame:
    """Return mean bias and mean absolute bias per log and horizon, in a row each."""
    rows = []
    for name, log in sources.items():
        for weeks in horizons if log.has_value else ():
            row: dict[str, object] = {"log": name, "weeks": weeks}
            for word, calendar in (("constant", False), ("moving", None)):
                found = rm.clv.value_bias(
                    log, horizon=f"{weeks} weeks", origins=origins, calendar=calendar
                )
                row |= {f"bias, {word}": found.bias, f"error, {word}": found.error}
            rows.append(row | {"origins": len(found.table), "se": found.table["se"].mean()})
    return pd.DataFrame(rows).set_index(["log", "weeks"])


def main() -> None:
    """Run the study and print its table."""
    table = study({name: read() for name, read in logs.available().items()})
    print(table.to_string(float_format=lambda value: f"{value:+.3f}"))


if __name__ == "__main__":
    main()
