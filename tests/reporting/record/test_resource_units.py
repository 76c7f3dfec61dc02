import pytest

from relmark_research.reporting.record.resource_units import (
    format_memory_size,
    parse_duration,
    parse_memory_size,
)


@pytest.mark.parametrize(
    ("text", "length"), [("90 seconds", 90), ("1 minute", 60), ("1.5 hours", 5400)]
)
def test_durations_are_in_seconds(text, length):
    assert parse_duration(text) == length


@pytest.mark.parametrize("text", ["2 GB", "2.0gb", "2000 MB"])
def test_memory_sizes_are_in_bytes(text):
    assert parse_memory_size(text) == 2 * 10**9
    assert format_memory_size(2 * 10**9) == "2.0 GB"


@pytest.mark.parametrize("text", ["20", "0 MB", "2 parsecs", ""])
def test_other_texts_are_refused(text):
    with pytest.raises(ValueError, match="must be a memory size"):
        parse_memory_size(text)
    with pytest.raises(ValueError, match="must be a duration"):
        parse_duration(text)


def test_a_long_wrong_text_is_cut():
    for parse in (parse_duration, parse_memory_size):
        with pytest.raises(ValueError, match=r"found 'x{60}'"):
            parse("x" * 61)
