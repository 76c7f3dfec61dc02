"""How results show themselves: text is escaped, numbers are rounded."""

import math
from dataclasses import dataclass

import numpy as np
import pytest

from relmark_research._repr import html_table, one_line, short_repr, shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234.5678, "1,235"),
        (0.123456, "0.1235"),
        (12.0, "12"),
        (np.float64(-0.5), "-0.5"),
        (math.nan, "missing"),
        (math.inf, "inf"),
        (None, "none"),
        (True, "True"),
        ("BGNBD", "BGNBD"),
    ],
)
def test_values_are_short(value, text):
    assert shown(value) == text


def test_html_is_escaped():
    html = html_table("<b>", {"a & b": "<script>"})
    assert "<script>" not in html
    assert "<caption>&lt;b&gt;</caption>" in html
    assert '<th scope="row">a &amp; b</th><td>&lt;script&gt;</td>' in html


def test_rows_may_have_several_values():
    rows = [("", "low", "high"), ("r", 0.2, 0.3)]
    assert '<th scope="row">r</th><td>0.2</td><td>0.3</td>' in html_table("Fit", rows)
    assert one_line("Fit", rows[1:]) == "<Fit: r 0.2 0.3>"


@short_repr
@dataclass(frozen=True, repr=False)
class Measured:
    mean: float
    draws: np.ndarray

    def _summary(self):
        return {"mean": self.mean}


@short_repr
@dataclass(frozen=True, repr=False)
class Plain:
    low: float
    high: float


def test_a_result_shows_its_summary_or_its_fields():
    result = Measured(mean=0.123456, draws=np.arange(1000.0))
    assert repr(result) == "<Measured: mean 0.1235>"
    assert result._repr_html_().count("<tr>") == 1
    assert repr(Plain(low=1.0, high=2.0)) == "<Plain: low 1, high 2>"
