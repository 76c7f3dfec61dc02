"""Several currencies are not added up: a rate column makes them one, or the log is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from relmark_research.customers import columns
from relmark_research.customers.options import ReadOptions
from relmark_research.errors import DataError

if TYPE_CHECKING:
    import ibis.expr.types as ir

USUAL_NAMES = ("currency", "currency_code")


def column_of(rows: ir.Table, options: ReadOptions) -> str | None:
    """Return the column with the currency: the one named, or one that is called so."""
    if options.currency_column is not None:
        return options.currency_column
    return next((name for name in rows.columns if name.lower() in USUAL_NAMES), None)


def refuse_several(rows: ir.Table, options: ReadOptions) -> None:
    """Raise DataError where the usable rows are in several currencies and no rate is given."""
    name = column_of(rows, options)
    if name is None or options.rate_column is not None:
        return
    used = rows.filter(rows.relmark_problem.isnull())
    found = used.group_by(relmark_currency=columns.identifier(used, name)).aggregate(
        relmark_rows=used.count()
    )
    counted = found.to_pandas().sort_values("relmark_rows", ascending=False)
    if len(counted) > 1:
        shown = ", ".join(
            f"{currency if isinstance(currency, str) else 'blank'} in {count:,} rows"
            for currency, count in counted.head(5).itertuples(index=False)
        )
        raise DataError(
            f"expected one currency in column {name!r}; found {len(counted)}: {shown}. Name a "
            "column with what one unit is worth in the report's currency, "
            "ReadOptions(rate_column=...), or leave rows out, ReadOptions(exclude=...)."
        )
