"""The record of pictures notices what changes in one."""

import pytest
from matplotlib.figure import Figure

from tests.plots.pictures import changed, is_empty, picture


@pytest.fixture(autouse=True)
def same_pictures():
    """The pictures of these tests are not recorded."""


def drawn(**how):
    ax = Figure().subplots()
    ax.plot([1, 2, 3], [1.0, 4.0, 2.0], **how)
    ax.bar([1, 2], [3, 4])
    ax.set_xlabel("weeks")
    return ax


CHANGES = {
    "lines": lambda ax: ax.lines[0].set_color("#cc0000"),
    "texts": lambda ax: ax.set_xlabel("months"),
    "areas": lambda ax: ax.patches[0].set_height(2.9),
    "marks": lambda ax: ax.scatter([1], [1]),
    "ticks": lambda ax: ax.set_xticks([1, 2]),
    "frame": lambda ax: ax.set_ylim(0, 9),
}


@pytest.mark.parametrize("part", CHANGES)
def test_a_change_is_noticed_where_it_is(part):
    before, ax = picture(drawn()), drawn()
    CHANGES[part](ax)
    after = picture(ax)
    assert part in {name for name in before if before[name] != after[name]}


def test_the_same_picture_is_the_same():
    assert picture(drawn()) == picture(drawn())


def test_the_place_of_a_name_beside_an_axis_counts():
    ax = drawn()
    ax.yaxis.set_label_coords(0.0, 1.03)
    assert picture(ax)["texts"] != picture(drawn())["texts"]


def test_words_say_what_differs():
    was, now = picture(drawn()), picture(drawn(lw=7))
    assert changed("a test", [was], {"a test": [was]}) == ""
    assert "a test has other lines" in changed("a test", [now], {"a test": [was]})
    assert "draws 1 pictures, 0 are recorded" in changed("a test", [now], {})


def test_axes_without_anything_on_them_are_no_picture():
    assert is_empty(Figure().subplots())
    assert not is_empty(drawn())
