"""Small tables in the shape that the package makes them, and Axes that leave no trace."""

import json
from collections.abc import Iterator

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tests.plots import pictures

mpl.use("Agg")


@pytest.fixture(scope="session")
def recorded_pictures() -> Iterator[dict[str, list[dict[str, str]]]]:
    """The pictures of all tests of plots; written at the end where they are written anew."""
    recorded = json.loads(pictures.FILE.read_text()) if pictures.FILE.is_file() else {}
    yield recorded
    if pictures.WRITE:
        lines = [f"{json.dumps(name)}: {json.dumps(recorded[name])}" for name in sorted(recorded)]
        pictures.FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")


@pytest.fixture(autouse=True)
def same_pictures(request, monkeypatch, recorded_pictures) -> Iterator[None]:
    """Every picture that a test draws is the one recorded."""
    figures: list[Figure] = []
    make = Figure.__init__

    def made(self, *arguments, **options) -> None:
        make(self, *arguments, **options)
        figures.append(self)

    monkeypatch.setattr(Figure, "__init__", made)
    yield
    found = pictures.pictures(figures)
    name = request.node.nodeid.removeprefix("tests/plots/")
    if pictures.WRITE:
        recorded_pictures.pop(name, None)
        recorded_pictures |= {name: found} if found else {}
    else:
        said = pictures.changed(name, found, recorded_pictures)
        assert not said, said


@pytest.fixture(autouse=True)
def fresh_matplotlib() -> Iterator[None]:
    import matplotlib.pyplot as plt

    plt.close("all")  # of a test outside this folder
    with mpl.rc_context():  # what a test leaks does not hide in the next one
        yield
    plt.close("all")


@pytest.fixture
def ax() -> Axes:
    return Figure(figsize=(7, 4)).subplots()


@pytest.fixture
def tested_forecasts() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "origin": pd.to_datetime(["1997-03-31", "1997-06-30", "1997-09-30"]),
            "expected": [1250.0, 1200.0, 1100.0],
            "low": [900.0, 900.0, 800.0],
            "high": [1700.0, 1600.0, 1500.0],
            "actual": [1300, 1310, 1550],
        }
    )


@pytest.fixture
def seasonal() -> pd.DataFrame:
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    relative = np.array([0.8, 0.7, 0.9, 1.0, 1.0, 0.9, 0.8, 0.75, 1.0, 1.2, 1.6, 1.35, 2.0])
    return pd.DataFrame(
        {
            "effect": [*months, "high season"],
            "group": ["month"] * 12 + ["event"],
            "relative": relative,
            "low": 0.9 * relative,
            "high": 1.1 * relative,
        }
    )


@pytest.fixture
def months() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "period": pd.date_range("1997-01-01", periods=4, freq="MS"),
            "new_customers": [7846, 8476, 7248, 100],
            "active_customers": [7846, 9633, 9524, 1600],
            "purchases": [8928, 11272, 11598, 1700],
            "value": [299060.17, 379590.03, 393155.27, 50000.0],
            "complete": [True, True, True, False],
        }
    )


@pytest.fixture
def repeats() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "purchases": [0, 1, 2, 3],
            "label": ["0", "1", "2", "3+"],
            "customers": [1411, 439, 214, 293],
            "share": [1411 / 2357, 439 / 2357, 214 / 2357, 293 / 2357],
        }
    )


@pytest.fixture
def shares() -> pd.DataFrame:
    customers = np.linspace(0.1, 1, 10)
    return pd.DataFrame({"customers_share": customers, "value_share": 1 - (1 - customers) ** 3})


@pytest.fixture
def kept() -> pd.DataFrame:
    return pd.DataFrame(
        [[1, 0.15, 0.12, 0.10], [1, 0.12, 0.11, np.nan], [1, 0.13, np.nan, np.nan]],
        index=["Jan 1997", "Feb 1997", "Mar 1997"],
        columns=[0, 1, 2, 3],
    )


@pytest.fixture
def scored() -> pd.DataFrame:
    return pd.DataFrame({"R": [1, 1, 2, 3, 3, 3], "F": [1, 1, 2, 1, 3, 3]})


@pytest.fixture
def segmented() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "segment": ["champions", "at risk", "asleep"],
            "customers": [453, 73, 458],
            "bought": [0.69, 0.21, 0.11],
            "bought_low": [0.64, 0.13, 0.08],
            "bought_high": [0.73, 0.31, 0.14],
        }
    )


@pytest.fixture
def mailed() -> pd.DataFrame:
    return pd.DataFrame({"customers": [19, 18, 19], "expected_rate": [0.1, 0.6, 0.3]})


@pytest.fixture
def retained() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "group": ["shop", "shop", "web", "web"],
            "time": [1, 2, 1, 2],
            "at_risk": [100, 80, 50, 30],
            "survival": [0.8, 0.7, 0.6, 0.3],
            "survival_low": [0.7, 0.6, 0.45, 0.2],
            "survival_high": [0.87, 0.78, 0.72, 0.45],
        }
    )


@pytest.fixture
def tracked() -> pd.DataFrame:
    actual, expected = np.array([10, 14, 12, 9]), np.array([11.0, 13.0, 11.0, 8.0])
    return pd.DataFrame(
        {
            "time": pd.to_datetime(["1997-03-31", "1997-06-30", "1997-09-30", "1997-12-31"]),
            "actual": actual,
            "expected": expected,
            "expected_low": expected - 3,
            "expected_high": expected + 3,
            "cumulative_actual": actual.cumsum(),
            "cumulative_expected": expected.cumsum(),
            "phase": ["calibration", "calibration", "holdout", "holdout"],
        }
    )


@pytest.fixture
def calibrated() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "frequency": ["0", "1", "2+"],
            "customers": [1411, 439, 507],
            "actual": [0.24, 0.70, 2.40],
            "expected": [0.20, 0.66, 2.30],
        }
    )


@pytest.fixture
def fitted() -> pd.DataFrame:
    return pd.DataFrame(
        {"purchases": ["0", "1", "2+"], "actual": [60, 30, 10], "expected": [62.0, 27.0, 11.0]}
    )


@pytest.fixture
def parameters() -> pd.DataFrame:
    """BG/NBD on CDNOW (Fader, Hardie and Lee 2005); intervals chosen for the test."""
    return pd.DataFrame(
        {
            "estimate": [0.243, 4.414, 0.793, 2.426],
            "low": [0.219, 3.731, 0.501, 1.372],
            "high": [0.269, 5.222, 1.255, 4.289],
        },
        index=["r", "alpha", "a", "b"],
    )


@pytest.fixture
def alive() -> pd.DataFrame:
    """P(alive) of the BG/NBD at the parameters of Fader, Hardie and Lee (2005), T = 39 weeks."""
    recency, frequency = np.arange(0.0, 40, 3), np.arange(0, 12)
    x, t_x = np.meshgrid(frequency, recency)
    r, alpha, a, b = 0.243, 4.414, 0.793, 2.426
    odds = a / (b + np.maximum(x, 1) - 1) * ((alpha + 39) / (alpha + t_x)) ** (r + x)
    return pd.DataFrame(1 / (1 + (x > 0) * odds), index=recency, columns=frequency)


@pytest.fixture
def alive_bins() -> pd.DataFrame:
    return pd.DataFrame(
        {"low": [0, 0.25, 0.5, 0.75], "high": [0.25, 0.5, 0.75, 1], "customers": [10, 20, 30, 140]}
    )


@pytest.fixture
def history() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "time": pd.date_range("1997-01-01", periods=5, freq="30D"),
            "p_alive": [1.0, 0.9, 0.7, 0.95, 0.8],
            "purchase": [True, False, False, True, False],
        }
    )


@pytest.fixture
def value_bins() -> pd.DataFrame:
    return pd.DataFrame({"low": [0, 10, 50], "high": [10, 50, 200], "customers": [40, 50, 5]})


@pytest.fixture
def deciles() -> pd.DataFrame:
    value = np.array([5000.0, 1500, 900, 700, 500, 400, 300, 250, 250, 200])
    return pd.DataFrame(
        {
            "decile": np.arange(1, 11),
            "value": value,
            "value_low": 0.9 * value,
            "value_high": 1.2 * value,
            "share": value / value.sum(),
        }
    )
