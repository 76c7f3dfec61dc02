"""Numbers in text: the decimal sign of a column, and the reading of its values.

``10,500`` is ten and a half in Sofia and ten thousand five hundred in London. So the decimal sign
is declared, or established from all values of the column: a value that only one of the two readings
allows is evidence for it. Values that both allow, with different results, are refused where nothing
else settles the sign.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from relmark_research.errors import NOT_SHOWN, DataError, cell_text
from relmark_research.tables import sql_dialects
from relmark_research.tables.options import ReadOptions
from relmark_research.tables.values.columns import column

if TYPE_CHECKING:
    import ibis.expr.types as ir

OTHER = {".": ",", ",": "."}

_PLAIN = "[+-]?([0-9]{1,30}%s?[0-9]{0,30}|%s[0-9]{1,30})([eE][+-]?[0-9]{1,2})?"
_GROUPED = "[+-]?(%s)(%s[0-9]{0,30})?"
_GROUPS = "[1-9][0-9]{0,2}(%s[0-9]{3}){1,8}"
_ALIKE = {"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2019": "'", "\u2212": "-"}
_FOREIGN = "%$€£¥₹()"  # signs that are not read, named in the advice


@dataclass(frozen=True)
class NumberFormat:
    """How the numbers of a column are written.

    Parameters
    ----------
    decimal
        The decimal sign, ``"."`` or ``","``.
    thousands
        The sign that groups thousands; None allows the other sign of the two, a space or ``'``.
    """

    decimal: str = "."
    thousands: str | None = None

    @property
    def groups(self) -> tuple[str, ...]:
        """The signs that may group thousands."""
        return (OTHER[self.decimal], " ", "'") if self.thousands is None else (self.thousands,)

    @property
    def pattern(self) -> str:
        """The regular expression of a number in this format."""
        sign = f"[{self.decimal}]"
        grouped = "|".join(_GROUPS % f"[{group}]" for group in self.groups)
        return f"^({_PLAIN % (sign, sign)}|{_GROUPED % (grouped, sign)})$"

    def reads(self, text: str) -> bool:
        """Return whether a text is a number in this format."""
        return re.match(self.pattern, _alike(text.strip())) is not None


def number_formats(
    table: ir.Table, names: Iterable[str], options: ReadOptions
) -> dict[str, NumberFormat]:
    """Return the format of each text column's numbers, declared or established from its values.

    Parameters
    ----------
    names
        Columns; those that do not hold text have no format.
    options
        ``decimal`` and ``thousands`` as declared, and the file's ``separator``: in comma-separated
        files without evidence the decimal sign is a point.

    Raises
    ------
    DataError
        Where values contradict each other, or are ambiguous.
    """
    texts = [name for name in dict.fromkeys(names) if _text(column(table, name)) is not None]
    declared = _declared(options)
    if declared is not None or not texts or not sql_dialects.engine_name(table):
        return dict.fromkeys(texts, declared or NumberFormat(thousands=options.thousands))
    counts = _counted(table, texts, options)
    return {name: _established(table, name, counts[name], options) for name in texts}


def numeric(raw: ir.Value, formats: Mapping[str, NumberFormat]) -> ir.Value:
    """Return a column as float64, null where its text is no number."""
    name = raw.get_name()
    if raw.type().is_string():
        return _parsed(raw, formats.get(name, NumberFormat()))
    if not raw.type().is_numeric() or raw.type().is_boolean():
        raise DataError(
            f"column {name!r} must hold numbers; found {raw.type()}. "
            "Name another column, or convert this one to numbers or text."
        )
    value, text = raw.cast("float64"), _text(raw)
    if text is None:
        return value
    return text.isnull().ifelse(value, _parsed(text, formats.get(name, NumberFormat())))


def advice(values: Iterable[str], formats: Iterable[NumberFormat]) -> str:
    """Return what to do about texts that are no numbers.

    Examples
    --------
    >>> advice(["12,50", "7,25"], [NumberFormat(decimal=".")])
    "Their decimal sign is a comma: ReadOptions(decimal=',')."
    >>> advice(["EUR 5"], [NumberFormat()])
    'Give digits without currency, unit, percent sign or parentheses.'
    """
    texts = [_alike(value.strip()) for value in values]
    for found in dict.fromkeys(formats):
        other = NumberFormat(OTHER[found.decimal], None)
        if texts and all(map(other.reads, texts)):
            sign = {".": "point", ",": "comma"}[other.decimal]
            return f"Their decimal sign is a {sign}: ReadOptions(decimal={other.decimal!r})."
    if any(set(text) & set(_FOREIGN) or re.search("[^0-9.,' +eE-]", text) for text in texts):
        return "Give digits without currency, unit, percent sign or parentheses."
    return "Correct them, or declare how they are written: ReadOptions(decimal=..., thousands=...)."


def _declared(options: ReadOptions) -> NumberFormat | None:
    if options.decimal is not None:
        return NumberFormat(options.decimal, options.thousands)
    if options.thousands in OTHER:
        return NumberFormat(OTHER[options.thousands], options.thousands)
    return None


def _text(raw: ir.Value) -> Any:
    """Return what a column holds as text; None where its type excludes it, as SQLite's do not."""
    if raw.type().is_string():
        return raw
    stored_as_number = sql_dialects.holds_number(raw) if raw.type().is_numeric() else None
    if stored_as_number is None:
        return None
    return stored_as_number.ifelse(None, raw.cast("string"))


def _counted(table: ir.Table, names: list[str], options: ReadOptions) -> dict[str, dict[str, int]]:
    """Count the values of each column by what they say of its decimal sign, in one pass."""
    sums = {}
    for place, name in enumerate(names):
        for what, condition in _evidence(_text(table[name]), options).items():
            sums[f"{what}_{place}"] = condition.sum().fill_null(0).cast("int64")
    found = table.aggregate(**sums).to_pandas().iloc[0]
    return {
        name: {what: int(found[f"{what}_{place}"]) for what in _WHAT}
        for place, name in enumerate(names)
    }


_WHAT = ("point", "comma", "either_point", "either_comma")


def _evidence(raw: ir.Value, options: ReadOptions) -> dict[str, ir.BooleanValue]:
    """Return which values are evidence for a point, for a comma, or allow both readings."""
    point, comma = raw.contains("."), raw.contains(",")
    text = _plain_signs(raw)
    readable = {
        sign: (point | comma).ifelse(
            text.re_search(NumberFormat(sign, options.thousands).pattern), False
        )
        for sign in OTHER
    }
    both = readable["."] & readable[","]
    return {
        "point": readable["."] & ~readable[","],
        "comma": readable[","] & ~readable["."],
        "either_point": both & point,
        "either_comma": both & comma,
    }


def _established(
    table: ir.Table, name: str, counts: dict[str, int], options: ReadOptions
) -> NumberFormat:
    if counts["point"] and counts["comma"]:
        raise DataError(
            f"column {name!r}: expected one decimal sign; found {counts['point']:,} values with a "
            f"point, first {_first(table, name, 'point', options)}, and {counts['comma']:,} with a "
            f"comma, first {_first(table, name, 'comma', options)}. Correct the source; or declare "
            "the sign, ReadOptions(decimal=','), and leave the others out, "
            "ReadOptions(unusable='leave out')."
        )
    if counts["point"] or counts["comma"]:
        return NumberFormat("." if counts["point"] else ",", options.thousands)
    comma_separated = options.separator == ","
    either = counts["either_comma"] + (0 if comma_separated else counts["either_point"])
    if either:
        what = "either_comma" if counts["either_comma"] else "either_point"
        raise DataError(_ambiguous(name, either, _first(table, name, what, options)))
    return NumberFormat(".", options.thousands)


def _ambiguous(name: str, count: int, first: str) -> str:
    text = first.rpartition(" ")[2].strip("'\"")
    whole, _, part = text.replace(",", ".").partition(".")
    either = "" if first.endswith(NOT_SHOWN) else f", which is {whole}{part} or {whole}.{part}"
    return (
        f"column {name!r}: expected numbers that can be read in one way; found {count:,} such as "
        f"{first}{either}, and no value settles it. Declare the "
        "decimal sign, ReadOptions(decimal='.') or ReadOptions(decimal=',')."
    )


def _first(table: ir.Table, name: str, what: str, options: ReadOptions) -> str:
    """Return the first value that is evidence of a kind, with its row where rows have an order."""
    import ibis

    text = _text(table[name])
    found = table.select(relmark_text=text, relmark_found=_evidence(text, options)[what])
    ordered = sql_dialects.preserves_order(table)
    if ordered:
        found = found.mutate(relmark_row=ibis.row_number() + 1)
    found = found.filter(found.relmark_found)
    found = found.order_by("relmark_row" if ordered else "relmark_text").limit(1)
    row: dict[str, Any] = found.to_pandas().iloc[0].to_dict()
    text = cell_text(row["relmark_text"])
    return f"row {row['relmark_row']:,} {text}" if ordered else text


def _alike(text: Any) -> Any:
    """Return a text, or a column of texts, with one sign for each space, apostrophe and minus."""
    return functools.reduce(lambda left, sign: left.replace(sign, _ALIKE[sign]), _ALIKE, text)


def _plain_signs(raw: ir.Value) -> ir.Value:
    text = sql_dialects.trimmed(raw)
    return sql_dialects.has_other_signs(text).ifelse(_alike(text), text)


def _parsed(raw: ir.Value, form: NumberFormat) -> ir.Value:
    """Parse text as a number; a thousands separator is accepted between groups of three digits."""
    text = _plain_signs(raw)
    readable = text.re_search(form.pattern).ifelse(text, None)
    digits = functools.reduce(lambda left, sign: left.replace(sign, ""), form.groups, readable)
    return digits.replace(form.decimal, ".").cast("float64")
