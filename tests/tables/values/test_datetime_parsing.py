"""Dates and times in text, and time zones, by Python's own datetime and zoneinfo."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import ibis
import pandas as pd
import pytest

from relmark_research.errors import ParameterError
from relmark_research.tables.values.datetime_parsing import (
    PARSED_COLUMNS,
    compile_format,
    digits_in,
    local_epoch_day,
    parse,
    to_utc,
    with_written_dates,
    written_number,
)

ISO = {  # text: day, seconds, offset, timed
    "2024-01-31": (date(2024, 1, 31), 0, None, False),
    " 2024/01/31 ": (date(2024, 1, 31), 0, None, False),
    "2024-01-31T23:30": (date(2024, 1, 31), 84_600, None, True),
    "2024-01-31 23:30:05": (date(2024, 1, 31), 84_605, None, True),
    "2024-01-31t23:30:05.999Z": (date(2024, 1, 31), 84_605, 0, True),
    "2024-01-31 00:00:59,5 +02:30": (date(2024, 1, 31), 59, 9_000, True),
    "2024-01-31 23:59:59-0330": (date(2024, 1, 31), 86_399, -12_600, True),
    "2024-01-31 23:30-05": (date(2024, 1, 31), 84_600, -18_000, True),
    "2024-02-29": (date(2024, 2, 29), 0, None, False),
    "2000-02-29": (date(2000, 2, 29), 0, None, False),
    "0001-12-31": (date(1, 12, 31), 0, None, False),
    "2024-12-01": (date(2024, 12, 1), 0, None, False),
}
NO_DATES = [
    "2023-02-29", "1900-02-29", "2024-02-30", "2024-04-31", "2024-06-31", "2024-09-31",
    "2024-11-31", "2024-01-32", "2024-01-00", "2024-00-10", "2024-13-01", "0000-01-01",
    "2024-1-31", "31.01.2024", "2024-01-31T24:00", "2024-01-31T23:60", "2024-01-31T23:59:60",
    "2024-01-31T23", "yesterday", "",
]  # fmt: skip


def parsed(texts, date_format=None):
    """Return day, seconds, offset and timed of each text, in order."""
    table = ibis.memtable({"place": list(range(len(texts))), "text": list(texts)},
                          schema={"place": "int64", "text": "string"})  # fmt: skip
    found = parse(table, table.text, date_format)
    assert found.columns == ("place", "text", *PARSED_COLUMNS)
    rows = found.order_by("place").to_pyarrow().to_pylist()
    return [tuple(row[name] for name in PARSED_COLUMNS) for row in rows]


def test_iso_dates_and_times():
    assert dict(zip(ISO, parsed(ISO), strict=True)) == ISO


def test_what_is_no_date_has_no_day():
    assert [text for text, row in zip(NO_DATES, parsed(NO_DATES), strict=True) if row[0]] == []


@pytest.mark.parametrize(
    ("date_format", "text", "expected"),
    [
        ("%d.%m.%Y", "5.3.2024", (date(2024, 3, 5), 0, None, False)),
        ("%d.%m.%Y", "05/03/2024", (None, 0, None, False)),
        ("%m/%d/%y", "3/5/68", (date(2068, 3, 5), 0, None, False)),
        ("%D", "3/5/69", (date(1969, 3, 5), 0, None, False)),
        ("%d %b %Y", "5 MAR 2024", (date(2024, 3, 5), 0, None, False)),
        ("%B %d, %Y", "december 31, 2024", (date(2024, 12, 31), 0, None, False)),
        ("%F %T", "2024-03-05 23:04:09", (date(2024, 3, 5), 83_049, None, True)),
        ("%F %R", "2024-03-05  23:04", (date(2024, 3, 5), 83_040, None, True)),
        ("%F %H", "2024-03-05 24", (None, 0, None, True)),
        ("%F %I %p", "2024-03-05 12 AM", (date(2024, 3, 5), 0, None, True)),
        ("%F %I %p", "2024-03-05 12 pm", (date(2024, 3, 5), 43_200, None, True)),
        ("%F %I %p", "2024-03-05 1 pm", (date(2024, 3, 5), 46_800, None, True)),
        ("%F %I %p", "2024-03-05 13 pm", (None, 0, None, True)),
        ("%F %I %p", "2024-03-05 0 am", (None, 0, None, True)),
        ("%F %T%z", "2024-03-05 00:00:01-01:30", (date(2024, 3, 5), 1, -5_400, True)),
        ("%F %T%z", "2024-03-05 00:00:01Z", (date(2024, 3, 5), 1, 0, True)),
        ("%F %T.%f", "2024-03-05 00:00:01.25", (date(2024, 3, 5), 1, None, True)),
        ("[%Y^%m^%d] 100%%", "[2024^03^05] 100%", (date(2024, 3, 5), 0, None, False)),
    ],
)
@pytest.mark.every(3)
def test_formats(date_format, text, expected):
    day, seconds, offset, timed = parsed([text], date_format)[0]
    if expected[0] is None:
        assert day is None
    else:
        assert (day, seconds, offset, timed) == expected


@pytest.mark.parametrize(
    ("date_format", "said"),
    [
        ("%d.%m", "day, month and year once each"),
        ("%m.%Y", "day, month and year once each"),
        ("%d.%Y", "day, month and year once each"),
        ("%d.%m.%Y %d", "day, month and year once each"),
        ("%d.%m.%Q", r"the code '%Q'; known codes are %Y, .*%F"),
        ("%d.%m.%Y%", "the code '%'"),
    ],
)
def test_formats_that_cannot_be_used(date_format, said):
    with pytest.raises(ParameterError, match=said):
        compile_format(date_format)


def test_a_twelve_hour_clock_needs_am_or_pm():
    with pytest.raises(ParameterError, match=r"%I .* needs %p"):
        parsed(["2024-03-05 1"], "%F %I")


def seconds(*when, zone="UTC"):
    return int(datetime(*when, tzinfo=ZoneInfo(zone)).timestamp())


def local_seconds(*when):
    return int(datetime(*when, tzinfo=UTC).timestamp())


TIMES = [
    (2024, 1, 15, 12, 0),
    (2024, 7, 15, 12, 0),
    (2024, 3, 31, 1, 30),
    (2024, 3, 31, 2, 30),  # does not occur in Berlin: the offset before the gap
    (2024, 3, 31, 3, 30),
    (2024, 10, 27, 1, 30),
    (2024, 10, 27, 2, 30),  # occurs twice: the first
    (2024, 10, 27, 3, 30),
]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "UTC"])
def test_local_times_become_utc(zone):
    table = ibis.memtable({"place": range(len(TIMES)), "at": [local_seconds(*t) for t in TIMES]})
    found = to_utc(table, "at", zone)
    assert found.columns == ("place", "at")
    rows = found.order_by("place").to_pyarrow().to_pydict()["at"]
    assert rows == [seconds(*when, zone=zone) for when in TIMES]


def test_the_local_day_of_utc_times():
    times = [seconds(2024, 6, 1, 22, 30), seconds(2024, 6, 1, 21, 59), -1]
    table = ibis.memtable({"place": [0, 1, 2], "at": times})
    start = date(1970, 1, 1)

    def days(zone):
        found = table.mutate(day=local_epoch_day(table.at, zone)).order_by("place")
        return [start + timedelta(days=day) for day in found.to_pyarrow().to_pydict()["day"]]

    assert days("Europe/Berlin") == [date(2024, 6, 2), date(2024, 6, 1), date(1970, 1, 1)]
    assert days("UTC") == [date(2024, 6, 1), date(2024, 6, 1), date(1969, 12, 31)]


def test_written_dates_are_read_by_each_format():
    table = ibis.memtable({"text": ["31.01.2024", "2024-01-31", "1 feb 24", "32.01.2024"]})
    formats = ["%d.%m.%Y", None, "%d %b %y"]
    found = with_written_dates(table, table.text, formats).to_pandas()
    read = [
        [str(one)[:10] if not pd.isna(one) else None for one in found[f"relmark_read_{place}"]]
        for place in range(3)
    ]
    assert read == [
        ["2024-01-31", None, None, None],
        [None, "2024-01-31", None, None],
        [None, None, "2024-02-01", None],
    ]
    assert list(found) == ["text", "relmark_read_0", "relmark_read_1", "relmark_read_2"]
    number = table.select(n=written_number(table.text, "%d.%m.%Y")).to_pandas()["n"]
    assert number[0] == 20240131


def test_a_format_is_text():
    with pytest.raises(ParameterError, match=r"a date_format is text such as .* found 3"):
        compile_format(3)
    assert digits_in("%d%m%y%H") == 8
    assert digits_in("%Y-%m") is None
    assert digits_in("%d%b%Y") is None
