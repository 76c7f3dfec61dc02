import pandas as pd

from relmark_research.formats import formatter
from relmark_research.narrative import report_09_funnel
from relmark_research.relationships import stage_conversion

COUNTS = pd.DataFrame({"stage": ["met", "offer", "won"], "count": [200, 80, 20]})
BOTH = pd.concat([COUNTS.assign(group="Web"), COUNTS.assign(group="Messe", count=[100, 60, 40])])


def last(funnel):
    won = funnel[funnel["stage"] == "won"]
    return won.sort_values("cumulative_conversion", ascending=False)


def test_the_best_and_the_worst_group_are_in_the_heading():
    said = report_09_funnel.funnel_heading(last(stage_conversion(BOTH))).text
    assert said == (
        "40.0% of prospects from Messe reach the stage “won”, 10.0% of prospects from Web"
    )
    one = report_09_funnel.funnel_heading(last(stage_conversion(COUNTS))).text
    assert one == "10.0% of the prospects reach the stage “won”"


def test_the_largest_loss_is_named_with_its_group():
    funnel = stage_conversion(BOTH)
    said = " ".join(c.text for c in report_09_funnel.funnel_paragraph(funnel, "W.", dated=False))
    assert "to “won” from Web: 75% (" in said
    assert "to date" in said
    assert "from" not in report_09_funnel.funnel_step(stage_conversion(COUNTS)).text
    assert "for prospects from Web: 75.0%" in report_09_funnel.funnel_step(funnel).text


def test_the_key_figure_has_the_name_of_the_stage():
    assert report_09_funnel.won_label(last(stage_conversion(COUNTS))) == "Won"
    assert report_09_funnel.won_label(last(stage_conversion(BOTH))) == "Won, from Messe"


def test_the_latest_period_with_follow_up_is_said():
    trend = pd.DataFrame({"share": [0.2, 0.3, None]})
    said = report_09_funnel.trend_heading(trend, "won", 90).text
    assert said == "30.0% of the latest prospects reach “won” within 90 days"


def test_costs_of_groups_without_a_customer_won_are_left_out():
    costs = pd.DataFrame(
        {"group": ["Web", "Messe"], "acquisition_cost": [20.0, None], "low": [15.0, None],
         "high": [25.0, None]}
    )  # fmt: skip
    said = report_09_funnel.costs_paragraph(costs, formatter("EUR")).text
    assert "Web €20" in said
    assert "Messe" not in said
    nobody = report_09_funnel.costs_paragraph(costs[1:], formatter("EUR")).text
    assert nobody.startswith("No customer was won")
