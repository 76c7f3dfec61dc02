import re
from xml.etree import ElementTree

import matplotlib as mpl
import pytest
from matplotlib import pyplot

from relmark_research.reporting.display import _svg


@pytest.fixture
def draw():
    """Return the SVG of a small figure whose ink, data and text colours are given."""

    def make(name="decline", ink="black", text="black", data="#0072b2", words="note"):
        with mpl.rc_context({"text.color": ink, "axes.labelcolor": ink, "xtick.color": ink}):
            figure, ax = pyplot.subplots()
            ax.plot([0, 1], [0, 1], color=data, marker="o")
            ax.text(0.5, 0.5, words, color=text)
            ax.set_xlabel("Weeks")
        drawn = _svg.draw(figure, name)
        svg = _svg.inline_svg(drawn, name=name, alt="A <rising> line")
        pyplot.close(figure)
        return svg

    return make


def text_style(svg, words):
    root = ElementTree.fromstring(svg)
    return next(text.get("style", "") for text in root.iter("text") if text.text == words)


def test_it_has_a_title_for_screen_readers(draw):
    root = ElementTree.fromstring(draw())
    title = root.find("title")
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == title.get("id")
    assert title.text == "A <rising> line"


def test_the_same_drawing_gives_the_same_bytes(draw):
    assert draw() == draw()


def test_figures_share_no_id(draw):
    first, second = (set(re.findall(r'\bid="([^"]+)"', draw(name))) for name in ("one", "two"))
    assert first
    assert not first & second


def test_every_reference_has_its_target(draw):
    svg = draw()
    ids = set(re.findall(r'\bid="([^"]+)"', svg))
    used = set(re.findall(r'href="#([^"]+)"', svg)) | set(re.findall(r"url\(#([^)]+)\)", svg))
    assert used
    assert used <= ids


def test_text_that_looks_like_markup_is_escaped(draw):
    assert text_style(draw(words='id="x" url(#y)'), 'id="x" url(#y)') is not None


def test_no_style_leaks_into_the_page(draw):
    svg = draw()
    for foreign in ("<style", "<metadata", "<?xml", "xmlns", "DejaVu", "dc:date"):
        assert foreign not in svg


def test_greys_follow_the_theme_and_data_colours_do_not_change(draw):
    svg = draw(data="#0072b2")
    assert "#0072b2" in svg
    assert "#000000" not in svg
    assert "var(--ink)" in svg
    assert "color-mix(in srgb, var(--ink) 50%, var(--paper))" in draw(data="#808080")
    assert "#e3eff8" in draw(data="#e3eff8")  # the pale end of a colour map is data


def test_text_is_legible(draw):
    assert "fill: var(--ink)" in text_style(draw(text="#1a1a1a"), "note")
    assert "fill: var(--soft)" in text_style(draw(text="#777777"), "note")
    assert "color-mix(in srgb, #e69f00 58%, var(--ink))" in text_style(draw(text="#e69f00"), "note")


def test_black_and_white_on_coloured_cells_do_not_change(draw):
    assert "fill: #ffffff" in text_style(draw(text="white"), "note")
    assert "fill: #000000" in text_style(draw(ink="#1a1a1a"), "note")
    assert "fill" not in text_style(draw(ink="black"), "note")  # here black is the ink itself


def test_text_is_in_the_typeface_of_the_page(draw):
    svg = draw()
    assert "var(--rm-sans" in svg
    assert "calc(10px * var(--rm-type, 1))" in text_style(svg, "Weeks")
