"""The result of a total: per customer, in one line, and as HTML."""

import relmark_research as rm
from relmark_research.clv import TotalForecast

KNOWN = TotalForecast(1000.0, 900.0, 1100.0, level=0.95, n_customers=10, kind="prediction")
NO_LEVEL = TotalForecast(1000.0, None, None, level=None, n_customers=10)


def test_per_customer_divides_by_the_number_of_customers():
    assert KNOWN.per_customer == (100.0, 90.0, 110.0)
    assert NO_LEVEL.per_customer == (100.0, None, None)


def test_repr_has_the_interval_only_with_a_level():
    assert repr(KNOWN) == (
        "<TotalForecast: expected 1,000, low 900, high 1,100, level 0.95, customers 10>"
    )
    assert repr(NO_LEVEL) == "<TotalForecast: expected 1,000, customers 10>"


def test_html_has_a_row_per_quantity():
    html = KNOWN._repr_html_()
    assert html.startswith("<table><caption>Total forecast</caption>")
    assert '<th scope="row">interval</th><td>prediction</td>' in html


def test_kind_of_the_interval_is_recorded(bought, paid, cdnow):
    terms = {"margin": 0.3, "annual_discount_rate": 0.1, "horizon": "4 weeks"}
    draws = rm.clv.PredictionDraws(draws=20, seed=1)
    assert rm.total_value(bought, paid, cdnow, **terms).kind == "estimate"
    assert rm.total_value(bought, paid, cdnow, **terms, kind=draws).kind == "prediction"
    assert rm.clv.total_purchases(bought, cdnow, horizon="4 weeks").kind == "estimate"
