import math

import pytest

from relmark_research.errors import ReportError
from relmark_research.reporting.recipe.alerts import Alert, fired_alerts, read_alerts
from relmark_research.reporting.record.manifest import KeyFigure, Manifest, NotebookRun


def run(value, name="total_clv", unit="USD", notebook="03_value", path="03_value.ipynb"):
    figure = KeyFigure(name, value, unit=unit)
    return NotebookRun(notebook, "done", key_figures=(figure,), path=path)


def manifest(*runs):
    return Manifest("r", "t", "i", "2026-11-21T18:00:00+00:00", notebooks=runs)


BEFORE = manifest(run(1000.0))


@pytest.mark.parametrize(
    ("rule", "now", "said"),
    [
        ({"falls_by": "10%"}, 899, "total_clv: fell from $1,000 to $899"),
        ({"falls_by": "10%"}, 900, "fell"),
        ({"falls_by": "10%"}, 901, ""),
        ({"falls_by": "10%"}, 1500, ""),
        ({"rises_by": "10%"}, 1100.01, "rose from $1,000 to $1,100"),
        ({"rises_by": 50}, 1050, "the alert is set at $50"),
        ({"rises_by": 50}, 1049, ""),
        ({"changes_by": "5%"}, 940, "changed"),
        ({"changes_by": "5%"}, 1060, "changed"),
        ({"changes_by": "0%"}, 1000, ""),
        ({"below": 950}, 940, "is $940.00, below $950.00."),
        ({"below": 950}, 950, ""),
        ({"above": 950}, 951, "is $951.00, above $950.00."),
        ({"above": 950}, math.nan, "has no value in this run."),
        ({"falls_by": "10%"}, math.nan, "has no value"),
    ],
)
def test_rules(rule, now, said):
    found = fired_alerts(read_alerts({"total_clv": rule}), BEFORE, manifest(run(now)))
    assert (found == ()) if said == "" else said in found[0]
    assert len(found) == (said != "")


def test_without_an_earlier_run_only_bounds_fire():
    rules = read_alerts({"total_clv": {"falls_by": "1%", "below": 2000}})
    assert len(fired_alerts(rules, None, manifest(run(1000)))) == 1


def test_a_negative_figure_falls_by_its_size():
    before, rules = manifest(run(-100.0)), read_alerts({"total_clv": {"falls_by": "10%"}})
    assert fired_alerts(rules, before, manifest(run(-111.0)))
    assert not fired_alerts(rules, before, manifest(run(-95.0)))


def test_an_unrecorded_figure_fires():
    found = fired_alerts(read_alerts({"total_clvs": {"below": 1}}), BEFORE, BEFORE)
    assert found == ("total_clvs: no notebook of this run recorded this key figure.",)


def test_another_unit_is_not_compared():
    rules = read_alerts({"total_clv": {"falls_by": "10%"}})
    assert fired_alerts(rules, manifest(run(9999, unit="EUR")), manifest(run(1))) == ()


def test_a_figure_may_be_named_with_its_notebook_or_its_case():
    both = manifest(run(1), run(1, notebook="03_value-north"), run(1, notebook="04", path=""))
    assert len(fired_alerts(read_alerts({"total_clv": {"below": 2}}), None, both)) == 3
    assert len(fired_alerts(read_alerts({"03_value.total_clv": {"below": 2}}), None, both)) == 2
    (said,) = fired_alerts(read_alerts({"03_value-north.total_clv": {"below": 2}}), None, both)
    assert said.startswith("03_value-north.total_clv: is")


@pytest.mark.parametrize(
    "rules",
    [
        {"falls_by": "much"},
        {"falls_by": -1},
        {"falls_by": True},
        {"below": "10%"},
        {"below": math.inf},
        {"above": math.nan},
        {"above": []},
        {},
    ],
)
def test_an_invalid_rule_is_refused(rules):
    with pytest.raises(ReportError, match=r"alerts\.x"):
        read_alerts({"x": rules})


def test_several_rules_of_a_figure_are_several_alerts():
    found = read_alerts({"a": {"below": 1, "rises_by": "2.5 %"}})
    assert set(found) == {Alert("a", "below", 1.0), Alert("a", "rises_by", 0.025, is_share=True)}
