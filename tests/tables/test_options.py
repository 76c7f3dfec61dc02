"""Options are checked when they are made, before any row is read."""

import pytest

import relmark_research as rm
from relmark_research.errors import ParameterError
from relmark_research.tables.options import Columns, worded_for


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"decimal": ";"}, "no decimal sign ';'"),
        ({"unusable": "ignore"}, "no policy for unusable rows 'ignore'; there are: refuse"),
        ({"time_zone": "Sofia"}, "'Europe/Sofia' or 'UTC'; found 'Sofia'"),
        ({"date_format": "%d.%m"}, "day, month and year once each"),
        ({"date_format": "%d.%m.%Q"}, "contains the code '%Q'"),
        ({"engine": "sparc"}, "no engine 'sparc'"),
    ],
)
def test_invalid_options_are_refused(how, message):
    with pytest.raises(ParameterError, match=message):
        rm.ReadOptions(**how)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Columns(value=None, cost="cogs"), "found cost='cogs' and value=None"),
        (lambda: rm.ReadOptions(keep_columns=("a", "date")), "other than the log's own"),
        (lambda: rm.ReadOptions(keep_columns=(3,)), "names of columns of the source.*found 3"),
        (lambda: rm.ReadOptions(max_feed_gap=True), "whole number of days.*found True"),
        (lambda: rm.ReadOptions(max_feed_gap=-1), "whole number of days.*found -1"),
        (lambda: rm.ReadOptions(decimal=";"), "no decimal sign ';'"),
        (lambda: rm.ReadOptions(thousands=";"), "no sign ';' for thousands"),
        (lambda: rm.ReadOptions(decimal=",", thousands=","), "cannot group thousands too"),
    ],
)
def test_options_that_contradict_each_other_are_refused(make, message):
    with pytest.raises(ParameterError, match=message):
        make()


def test_options_are_read_as_they_are_written():
    assert rm.ReadOptions(keep_columns="note").keep_columns == ("note",)
    assert rm.ReadOptions(keep_columns=["a", "b", "a"]).keep_columns == ("a", "b")
    assert [rm.ReadOptions(max_feed_gap=gap).max_feed_gap for gap in (0, " 7 ", "none", None)] == [
        0, 7, None, None,
    ]  # fmt: skip
    said = "Declare it: ReadOptions(encoding='cp 1252')."
    assert worded_for(said, "Python") == said
    assert worded_for(said, "recipe") == 'Declare it: options: encoding: "cp 1252".'
    assert worded_for(said, "command line") == "Declare it: --option encoding='cp 1252'."
    assert worded_for("ReadOptions(header=3)", "command line") == "--option header=3"
