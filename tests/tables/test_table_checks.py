"""Rows get their first problem, alike in memory and in an engine."""

import pandas as pd

from relmark_research.tables._table_checks import Values, check_frame
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
