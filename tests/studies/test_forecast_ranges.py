"""Ranges of totals, as they would have been issued, hold as often as they say."""

import pytest

from tests.studies import forecast_ranges, logs

ORIGINS = 8  # per horizon of the whole study; all logs together have several hundred


@pytest.fixture(scope="module")
def cdnow():
    return logs.available()["CDNOW sample"]()


@pytest.mark.slow
@pytest.mark.parametrize("measure", ["purchases", "value"])
def test_ranges_hold_on_the_bundled_log(cdnow, measure):
    table = forecast_ranges.issued(cdnow, horizons=(13, 26), measure=measure, origins=6)
    ours = table[table["model"] == "combined"]
    assert len(ours) == 12
    assert ours["held"].mean() >= 0.9
    assert ours["error"].abs().mean() < 0.25


@pytest.mark.slow
def test_ranges_hold_on_all_logs():
    """The whole study, by `make studies DATA=DIR`."""
    if not logs.folder().is_dir():
        pytest.skip("no folder of data is named: make studies DATA=DIR")
    sources = {name: read() for name, read in logs.available().items()}
    table = forecast_ranges.study(sources, horizons=forecast_ranges.HORIZONS, origins=ORIGINS)
    found = forecast_ranges.summary(table)
    print(found.to_string(float_format=lambda value: f"{value:.3f}"))
    print(f"not there: {', '.join(logs.missing()) or 'none'}")
    for measure in ("purchases", "value"):
        row = found.loc[(measure, "all")]
        assert row["origins"] >= 60
        assert 0.90 <= row["held 95%"] <= 0.99
        assert 0.72 <= row["held 80%"] <= 0.88
        assert row["error"] <= 1.05 * row["its error"]
        assert row["score / its score"] <= 0.9
