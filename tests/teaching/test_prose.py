"""Numbers in a sentence that need a source."""

import pytest

from tests.teaching.prose import bare_figures, fixed_prose, numbers_of


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Half of them left within 13 weeks.", []),
        ("It rose by 0.25 in a year.", ["0.25"]),
        ("Loyal customers spend 67% more.", ["67%"]),
        ("Loyal customers spend 67 percent more [Reichheld & Sasser 1990].", []),
        ("That costs $12.50, or 9,500 a year.", ["$12.50", "9,500"]),
        ("It was found in 1997. There were 23570 of them.", ["23570"]),
        ("A sourced 0.25 [Ours 2005]. And then 0.75 without.", ["0.75"]),
        ("The formula $r = 0.25$ and `alpha = 4.41` are no prose.", []),
        ("As in Exercise 3.2 above.", []),
    ],
)
def test_bare_figures(text, found):
    assert bare_figures(text) == found


def test_numbers_of_the_table_are_known():
    known = numbers_of("| 0 | 80 | 0.25 |")
    assert bare_figures("A share of 0.25 of them.", known) == []
    assert bare_figures("A share of 25% of them.", known) == ["25%"]


def test_fixed_text_of_a_code_cell_counts():
    said = fixed_prose('say(f"It is {0.25:.0%} of all, far above 12.5% elsewhere.")')
    assert bare_figures(said) == ["12.5%"]
