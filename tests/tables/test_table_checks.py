"""Rows get their first problem, alike in memory and in an engine."""

import ibis
import pandas as pd

from relmark_research.tables._table_checks import Values, check_frame, check_rows
from relmark_research.tables.schemas import Column, Schema

SHARE = Schema(
    "shares",
    "a share",
    (Column("share", "share", "a share", required=True), Column("n", "whole number", "a count")),
    money="n",
)


def test_a_row_has_one_problem_and_the_audit_adds_up():
    frame = pd.DataFrame({"share": [0.5, 1.5, None, -1.0], "n": [1.0, 2.5, 3.5, 4.0]})
    missing = frame.isna()
    raw = {name: Values(frame[name], missing[name].to_numpy(), (frame[name] * 0).abs() > 1)
           for name in frame}  # fmt: skip
    checked = check_frame(frame, SHARE, raw)
    found = {problem.check: count for problem, (count, _) in checked.found.items()}
    assert found == {"share missing": 1, "share outside its domain": 2}
    assert len(checked.usable) == checked.read - 3
    assert (checked.money_read, checked.money_used) == (11.0, 1.0)
    words = [words for _, words in checked.found.values()]
    assert "row 3 (share blank)" in words
    assert "row 4 (share '-1.0'); row 2 (share '1.5')" in words or "row 4" in "".join(words)


def test_lazy_rows_are_judged_as_those_of_a_frame():
    columns = (Column("who", "id", "who", required=True), Column("paid", "number", "money"))
    schema = Schema("t", "a table", columns, money="paid")
    frame = pd.DataFrame({
        "relmark_row": [1, 2, 3], "who": ["a", None, "c"], "paid": [2.0, 3.0, None],
        "shown": ["2", "3", "x"],
    })  # fmt: skip
    rows = ibis.memtable(frame)
    rows = rows.mutate(
        relmark_blank_who=rows.who.isnull(), relmark_unreadable_who=False,
        relmark_blank_paid=False, relmark_unreadable_paid=rows.paid.isnull(),
    )  # fmt: skip
    found = check_rows(rows, schema, ["who", "paid"], lambda name: "shown")
    assert found.read == 3
    said = {problem.column: words for problem, words in found.found.items()}
    assert said == {"who": (1, "row 2 (who '3')"), "paid": (1, "row 3 (paid 'x')")}
    assert found.usable.to_pandas()["who"].tolist() == ["a"]
    unordered = check_rows(rows.drop("relmark_row"), schema, ["who"], lambda name: "shown")
    assert list(unordered.found.values()) == [(1, "(who '3')")]
