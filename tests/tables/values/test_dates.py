"""Dates are ISO 8601 or declared; what is neither is refused with a hint that fits the values."""

from datetime import date

import ibis
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.tables.options import worded_for
from relmark_research.tables.values.dates import (
    date_advice,
    is_unreadable_number,
    with_date,
)


def days(dates, **options):
    frame = pd.DataFrame({"customer_id": "a", "date": dates, "value": 1.0})
    log = rm.read_transactions(frame, options=rm.ReadOptions(**options))
    return sorted(str(day)[:10] for day in log.to_pandas()["date"])


def refusal(dates, **options):
    with pytest.raises(rm.DataError) as refused:
        days(dates, **options)
    return str(refused.value)


def hint(dates, **options):
    return date_advice(ibis.memtable({"date": dates}), "date", rm.ReadOptions(**options))


class TestTheHintFitsTheValues:
    @pytest.mark.parametrize(
        ("dates", "form"),
        [
            (["9/28/2012", "1/2/2012"], "%m/%d/%Y"),
            (["28/9/2012", "1/2/2012"], "%d/%m/%Y"),
            (["28.9.2012", "1.2.2012"], "%d.%m.%Y"),
            (["9-28-2012"], "%m-%d-%Y"),
            (["9/28/2012 14:05", "9/1/2012 8:05"], "%m/%d/%Y %H:%M"),
            (["28/09/2012 14:05:59"], "%d/%m/%Y %H:%M:%S"),
            (["9/28/2012 2:05 PM"], "%m/%d/%Y %I:%M %p"),
            (["28/09/2012 14:05:59 +0200"], "%d/%m/%Y %H:%M:%S %z"),
            (["28/09/2012T14:05Z"], "%d/%m/%YT%H:%M%z"),
            (["9/28/12", "12/31/12"], "%m/%d/%y"),
            (["28 Sep 2012", "1 Oct 2012"], "%d %b %Y"),
            (["28-Sep-12"], "%d-%b-%y"),
            (["September 28, 2012"], "%B %d, %Y"),
            (["2012.09.28"], "%Y.%m.%d"),
            (["2012-9-8"], "%Y-%m-%d"),
            (["20120928"], "%Y%m%d"),
            (["201209281405"], "%Y%m%d%H%M"),
        ],
    )
    @pytest.mark.every(3)
    def test_a_format_that_reads_all_values_is_proposed_and_works(self, dates, form):
        table = ibis.memtable({"date": dates})
        said = hint(dates)
        assert said == f"ReadOptions(date_format={form!r}) reads all {len(dates):,} values."
        read = with_date(table, "date", rm.ReadOptions(date_format=form)).relmark_date
        assert read.count().execute() == len(dates)

    def test_the_reader_says_it(self):
        said = refusal(["9/28/2012", "1/2/2012"])
        assert "ReadOptions(date_format='%m/%d/%Y') reads all 2 values" in said

    def test_9_28_2012_is_not_proposed_as_day_first(self):
        assert "%d/%m/%Y" not in hint(["1/2/2012", "9/28/2012"])

    def test_both_are_named_where_the_values_do_not_settle_the_order(self):
        said = hint(["03/04/2024", "05/06/2024"])
        assert "do not settle the order of day and month" in said
        assert "2024-04-03 by ReadOptions(date_format='%d/%m/%Y')" in said
        assert "2024-03-04 by ReadOptions(date_format='%m/%d/%Y')" in said

    def test_mixed_formats_are_counted(self):
        said = hint(["2024-01-31", "2024-02-01", "31.01.2024"])
        assert "No one format reads all 3 values: ISO 8601 reads 2" in said
        assert "ReadOptions(date_format='%d.%m.%Y') reads 1" in said

    def test_a_wrong_declared_format_is_answered_with_the_right_one(self):
        said = hint(["9/28/2012", "1/2/2012"], date_format="%d/%m/%Y")
        assert "ReadOptions(date_format='%m/%d/%Y') reads all 2 values" in said

    def test_words_are_to_be_corrected(self):
        assert "leave such rows out: ReadOptions(unusable='leave out')" in hint(["soon"])

    @pytest.mark.parametrize("dates", [["45291", "45292"], [45291, 45292], [45291.5]])
    def test_serial_numbers_of_a_spreadsheet_are_named(self, dates):
        assert "serial number (2023-12-31)" in hint(dates)

    @pytest.mark.parametrize("dates", [["1711929600"], [1711929600], [1711929600000]])
    def test_seconds_since_1970_are_named(self, dates):
        assert "seconds or milliseconds since 1970" in hint(dates)


class TestIntegers:
    def test_20240403_with_date_format_is_read(self):
        for dates in ([20240403, 20240404], [20240403.0, 20240404.0], ["20240403", "20240404"]):
            assert days(dates, date_format="%Y%m%d") == ["2024-04-03", "2024-04-04"]

    def test_with_gaps_it_is_read_too(self):
        assert days([20240403.0, None], date_format="%Y%m%d", unusable="leave out") == [
            "2024-04-03"
        ]

    def test_lost_zeros_are_given_back(self):
        assert days([1022024, 11022024], date_format="%d%m%Y") == ["2024-02-01", "2024-02-11"]

    def test_without_a_format_it_is_proposed(self):
        assert "ReadOptions(date_format='%Y%m%d') reads all 2 values" in refusal(
            [20240403, 20240428]
        )

    def test_a_format_with_signs_reads_no_integers(self):
        assert "read by a format without signs" in refusal([20240403], date_format="%Y-%m-%d")

    def test_digits_without_signs_have_their_full_width(self):
        """2024111 may be 1 November or 11 January."""
        assert "in 1 of 1 rows date cannot be read" in refusal(["2024111"], date_format="%Y%m%d")
        said = refusal([2024111, 20240101], date_format="%Y%m%d")
        assert "in 1 of 2 rows date cannot be read" in said

    def test_fractions_are_no_dates(self):
        assert "in 1 of 2 rows" in refusal([20240403.5, 20240404], date_format="%Y%m%d")


class TestWritten:
    def test_blank_dates_are_missing(self):
        said = refusal(["2024-01-01", "", " ", "\u00a0", None])
        assert "in 4 of 5 rows date is blank" in said

    def test_other_words_are_no_dates(self):
        said = refusal(["2024-01-01", "NA", "null", "None", "NaT"])
        assert "in 4 of 5 rows date cannot be read as a date" in said

    def test_white_space_is_trimmed(self):
        assert days(["\u00a02024-01-01\u202f", "\ufeff2024-01-02 "]) == ["2024-01-01", "2024-01-02"]

    @pytest.mark.parametrize("dates", [[True], [b"2024-01-01"], [pd.Timedelta("1D")]])
    def test_other_types_are_refused(self, dates):
        assert "date" in refusal(dates)


class TestTheDoor:
    """An error speaks in the terms of the door that was used."""

    MESSAGE = "ReadOptions(date_format='%m/%d/%Y') reads all; or ReadOptions(max_feed_gap=30)."

    def test_python(self):
        assert worded_for(self.MESSAGE, "Python") == self.MESSAGE

    def test_recipe(self):
        assert worded_for(self.MESSAGE, "recipe") == (
            'options: date_format: "%m/%d/%Y" reads all; or options: max_feed_gap: 30.'
        )

    def test_command_line(self):
        assert worded_for(self.MESSAGE, "command line") == (
            "--option date_format=%m/%d/%Y reads all; or --option max_feed_gap=30."
        )


TIMES = pd.DataFrame({
    "text": ["2024-01-31T23:30", "2024-01-31T23:30+02:00", "2024-01-31", "2024-02-30"],
    "moment": pd.to_datetime(["2024-01-31 23:30", "2024-01-31 21:30", "2024-01-31 00:00", None]),
    "day": [date(2024, 1, 31)] * 4,
})  # fmt: skip


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("text", {}, [31, 31, 31, None]),
        ("text", {"time_zone": "Europe/Sofia"}, [1, 31, 31, None]),
        (
            "text",
            {"time_zone": "Europe/Sofia", "source_time_zone": "Europe/Sofia"},
            [31, 31, 31, None],
        ),
        ("moment", {}, [31, 31, 31, None]),
        ("moment", {"time_zone": "Europe/Sofia"}, [1, 31, 31, None]),
        (
            "moment",
            {"time_zone": "Europe/Sofia", "source_time_zone": "Europe/Sofia"},
            [31, 31, 31, None],
        ),
        ("day", {"time_zone": "Europe/Sofia"}, [31] * 4),
    ],
)
def test_a_moment_is_a_day_of_the_time_zone(name, options, expected):
    table = with_date(ibis.memtable(TIMES[[name]]), name, rm.ReadOptions(**options))
    assert table.columns == (name, "relmark_date")
    found = pd.to_datetime(table.to_pandas()["relmark_date"]).dt.day
    assert [None if pd.isna(day) else day for day in found] == expected


def test_numbers_are_days_by_a_format_of_digits():
    table = ibis.memtable({"date": [20240131, 20240230], "x": [1.5, 2.0]})
    read = with_date(table, "date", rm.ReadOptions(date_format="%Y%m%d")).to_pandas()
    assert str(read["relmark_date"][0])[:10] == "2024-01-31"
    assert pd.isna(read["relmark_date"][1])
    with pytest.raises(rm.DataError, match=r"found numbers .*by the format '%d.%m.%Y'"):
        with_date(table, "date", rm.ReadOptions(date_format="%d.%m.%Y"))
    assert is_unreadable_number(table, "date")
    assert not is_unreadable_number(ibis.memtable({"date": [True]}), "date")
    with pytest.raises(rm.DataError, match="column 'truth' must hold dates; found boolean"):
        with_date(ibis.memtable({"truth": [True]}), "truth", rm.ReadOptions())
    moments = ibis.memtable(pd.DataFrame({"date": pd.to_datetime(["2024-01-31"])}))
    assert date_advice(moments, "date", rm.ReadOptions()).startswith("Correct them, or leave such")
