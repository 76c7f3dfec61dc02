from types import SimpleNamespace

import numpy as np
import pandas as pd

from relmark_research.formats import formatter
from relmark_research.narrative import report_09_satisfaction
from relmark_research.relationships import NetPromoterScore, retention_link

CASH = formatter("EUR")
ROWS = ["retention", "next year", "lifetime"]
POINT = SimpleNamespace(
    table=pd.DataFrame(
        {"value": [0.05, 12.0, 110.0], "low": [0.04, 9.0, 70.0], "high": [0.06, 15.0, 150.0],
         "link_variance_share": 0.8, "margin_variance_share": 0.2}, index=ROWS,
    ),
    by_score=pd.DataFrame(
        {"score": [5, 6], "value": [50.0, 200.0], "low": [30.0, 150.0], "high": [70.0, 250.0]}
    ),
)  # fmt: skip


def link(slope, n=4000, seed=2):
    rng = np.random.default_rng(seed)
    nps = rng.integers(0, 11, n)
    rate = 1 / (1 + np.exp(-slope * (nps - 5)))
    rows = {"customer_id": np.arange(n), "nps": nps, "retained": rng.random(n) < rate}
    return retention_link(pd.DataFrame(rows).astype({"retained": int}))


def test_no_link_is_no_finding():
    found = link(0.0)
    said = report_09_satisfaction.retention_heading(found.asymmetry(), found.summary(), 7)
    assert (said.verdict, said.text) == ("hint", "Retention is not shown to differ by the answer")


def test_a_straight_link_is_a_finding_without_a_knee():
    found = link(0.3)
    said = report_09_satisfaction.retention_heading(found.asymmetry(), found.summary(), 7)
    assert said.verdict == "finding"
    assert said.text == "Retention is higher for customers with higher answers"


def test_a_knee_is_a_finding_where_its_interval_leaves_out_0():
    gap = {"difference": 0.3, "low": 0.1, "high": 0.5}
    said = report_09_satisfaction.retention_heading(gap, link(0.3).summary(), 7)
    assert said.text.startswith("Retention falls faster with each point below 7")
    assert said.design == "observational"


def test_the_value_of_a_point_says_what_it_assumes():
    assert report_09_satisfaction.point_heading(POINT, CASH).verdict == "finding"
    said = report_09_satisfaction.point_paragraph(POINT, "W.", CASH, 0.1)
    assert [claim.design for claim in said].count("assumed") == 1
    assert "is assumed, as is the discount rate of 10.0%" in " ".join(c.text for c in said)
    unsure = SimpleNamespace(table=POINT.table.assign(low=-1.0))
    assert report_09_satisfaction.point_heading(unsure, CASH).verdict == "hint"


def test_advice_on_satisfaction_is_a_test():
    drivers = pd.DataFrame({"item": ["after_sales"]})
    said = report_09_satisfaction.satisfaction_step(POINT, drivers, CASH).text
    assert said.startswith("**Test calling customers who answer 6** about after sales")
    assert "about" not in report_09_satisfaction.satisfaction_step(POINT, None, CASH).text


def test_an_item_within_chance_is_not_named():
    drivers = pd.DataFrame({"item": ["speed"], "slope": [0.1], "low": [-0.1], "high": [0.3]})
    assert report_09_satisfaction.drivers_heading(drivers).text.startswith("No item")
    sure = report_09_satisfaction.drivers_heading(drivers.assign(low=0.05))
    assert sure.text == "The answer goes most with satisfaction with speed"


def test_the_score_is_counted_with_its_answers():
    score = NetPromoterScore(promoters=450, passives=300, detractors=250)
    said = report_09_satisfaction.nps_heading(score, 0.95)
    assert said.design == "counted"
    assert "20" in said.text
    assert "1,000 answers" in said.text
