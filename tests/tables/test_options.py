"""Options are checked when they are made, before any row is read."""

import pytest

import relmark_research as rm
from relmark_research.errors import ParameterError


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
