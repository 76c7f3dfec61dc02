"""Columns of any table by kind, and the message about values that cannot be read."""

import ibis
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.tables.values import typed_columns

OPTIONS = rm.ReadOptions()


def read(values, kind, options=OPTIONS):
    table = ibis.memtable(pd.DataFrame({"x": values}))
    typed = typed_columns.with_typed(table, "x", kind, options=options, into="read")
    return typed, typed_columns.refusal(typed, "x", kind, "read", options)


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([" 7.0", "NA", "\u00a0", None], "id", ["7", "NA", None, None]),
        (["1,5", " ", None], "number", [1.5, None, None]),
        ([1.5, float("nan")], "number", [1.5, None]),
        (["2024-01-31", ""], "date", ["2024-01-31", None]),
        ([" null ", "cafe\u0301", " "], "text", ["null", "caf\u00e9", None]),
        ([5, 6], "text", ["5", "6"]),
        ([True, False], "text", ["true", "false"]),
    ],
)
def test_values_by_kind(values, kind, expected):
    typed, refused = read(values, kind)
    found = typed.to_pandas()["read"].to_list()
    shown = [None if pd.isna(value) else value for value in found]
    assert [str(v)[:10] if kind == "date" and v is not None else v for v in shown] == expected
    assert refused is None


@pytest.mark.parametrize(
    ("values", "kind", "said"),
    [
        (
            ["03/04/2024", "", "13/04/2024"],
            "date",
            "expected dates in column 'x'; found 2 of 3 values that are none, first: row 1 "
            "('03/04/2024'); row 3 ('13/04/2024'). ReadOptions(date_format='%d/%m/%Y') reads all 2",
        ),
        (["5", "€ 5"], "number", "row 2 ('€ 5'). Give digits without currency"),
        ([2.0**60, 1.0], "id", "are not exact"),
    ],
)
def test_unusable_values_are_counted_and_shown(values, kind, said):
    assert said in str(read(values, kind)[1])


def test_their_first_rows():
    typed, _ = read(["a", "1", "b", "c", "d"], "number", rm.ReadOptions(decimal="."))
    found = typed_columns.first_unusable(typed, "x", "read")
    assert (found.count, found.total, found.rows, found.values) == (
        4,
        5,
        (1, 3, 4),
        ("a", "b", "c"),
    )


def test_ambiguous_numbers_are_refused_at_once():
    with pytest.raises(rm.DataError, match="no value settles it"):
        read(["10,500"], "number")


def test_kinds_are_known():
    with pytest.raises(rm.ParameterError, match="no kind of column 'money'"):
        read(["1"], "money")
