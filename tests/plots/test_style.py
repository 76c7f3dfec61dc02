"""Colours must be told apart by those who see no colour, on white and on near-black."""

from itertools import combinations

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from relmark_research.plots import style

NEAR_BLACK = "#14161a"


def slow_luminance(colour: str) -> float:
    """WCAG 2.2, written out once more."""
    total = 0.0
    for channel, weight in zip(to_rgb(colour), (0.2126, 0.7152, 0.0722), strict=True):
        linear = channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        total += weight * linear
    return total


def contrast(one: str, other: str) -> float:
    low, high = sorted([slow_luminance(one), slow_luminance(other)])
    return (high + 0.05) / (low + 0.05)


def lightness(colour: str) -> float:
    """CIE L*, 0 to 100: what is left of a colour in grey."""
    return 116 * np.cbrt(slow_luminance(colour)) - 16


def chroma(colour: tuple[float, ...] | str) -> float:
    channels = [round(255 * channel) for channel in to_rgb(colour)]
    return max(channels) - min(channels)


def test_luminance_agrees_with_the_published_definition() -> None:
    assert style.luminance("#ffffff") == pytest.approx(1)
    assert style.luminance("#000000") == 0
    for colour in (style.BLUE, style.ORANGE, style.TEXT):
        assert style.luminance(colour) == pytest.approx(slow_luminance(colour))


@pytest.mark.parametrize("paper", ["#ffffff", NEAR_BLACK])
def test_lines_stand_out_on_white_and_on_near_black(paper) -> None:
    for series in (*style.LINES, style.MODEL):
        assert contrast(series.colour, paper) >= 3, series


def test_lines_differ_in_dashes_and_markers_since_grey_hides_their_colours() -> None:
    for one, other in combinations(style.LINES, 2):
        assert one.line != other.line
        assert one.marker != other.marker
    assert style.OBSERVED.line != style.MODEL.line
    assert style.OBSERVED.marker != style.MODEL.marker


def test_neighbouring_areas_differ_in_grey() -> None:
    one, other = style.FILLS
    assert abs(lightness(one.colour) - lightness(other.colour)) >= 20
    assert style.MODEL_BAR.hatch != style.OBSERVED_BAR.hatch
    assert style.MODEL_BAR.hollow and not style.OBSERVED_BAR.hollow


def test_shades_darken_steadily() -> None:
    steps = [style.luminance(style.SHADES(place)) for place in np.linspace(0, 1, 101)]
    assert (np.diff(steps) < 0).all()
    assert lightness(style.SHADES(0.0)) - lightness(style.SHADES(1.0)) > 60


def test_every_colour_of_data_is_clearly_no_grey() -> None:
    """Reports map greys to ink and paper; data must not go with them."""
    paints = [series.colour for series in (*style.LINES, *style.FILLS, style.MODEL)]
    paints += [style.SKY, style.LINE_ON_LIGHT, style.LINE_ON_DARK]
    for paint in [*paints, *style.SHADES(np.linspace(0, 1, 256))]:
        assert chroma(paint) > 24, paint


@pytest.mark.parametrize("place", np.linspace(0, 1, 21))
def test_figures_in_cells_can_be_read(place) -> None:
    cell = style.SHADES(place)
    assert contrast(style.ink_on(cell), cell) >= 4.5


def test_the_two_signals_are_what_reports_look_for() -> None:
    assert (style.TEXT, style.GRID) == ("#1a1a1a", "#d9d9d9")
    settings = style.style()
    for name in ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"):
        assert settings[name] == style.TEXT
    assert settings["grid.color"] == style.GRID
    assert settings["figure.facecolor"] == "none"


def test_styled_gives_the_settings_back_even_after_an_error() -> None:
    before = dict(mpl.rcParams)
    with pytest.raises(RuntimeError), style.styled():
        assert mpl.rcParams["text.color"] == style.TEXT
        raise RuntimeError
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize(("grid", "seen"), [("x", "x"), ("y", "y"), ("both", "xy"), ("", "")])
def test_only_the_asked_grid_is_drawn(grid, seen) -> None:
    ax = Figure().subplots()
    style.dress(ax, grid=grid)
    for name, axis in (("x", ax.xaxis), ("y", ax.yaxis)):
        assert axis.get_gridlines()[0].get_visible() == (name in seen)


def test_a_canvas_is_the_given_axes_or_new_ones_of_their_size() -> None:
    given = Figure().subplots()
    with style.canvas(given, grid="x") as ax:
        assert ax is given
    assert not ax.spines["top"].get_visible()
    with style.canvas(None, size=(3, 2)) as new:
        assert new is not given
    assert new.figure.get_size_inches().tolist() == [3, 2]
    assert not new.spines["left"].get_visible()
