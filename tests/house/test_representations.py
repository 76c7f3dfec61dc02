"""Every result that a public function returns shows itself in a few lines, as text and as HTML."""

import pytest

import relmark_research as rm
from tests.house.test_public_names import _public_names

NAMES = _public_names()
PLAIN = {  # their fields are all there is to show, and they are short
    "AnnualRate",
    "CampaignColumns",
    "Effect",
    "Evidence",
    "GlossaryEntry",
    "Horizon",
    "Period",
    "RelationshipLevel",
    "Rule",
    "RuleSet",
    "Term",
    "TimeUnit",
}


def _results() -> list[type]:
    """Return the classes of ours that public functions, and methods of their results, return."""
    todo = [getattr(folder, name) for folder in (rm, *NAMES._packages()) for name in folder.__all__]
    found: list[type] = []
    for each in todo:
        for kind in NAMES._returned(each):
            if kind.__module__.startswith("relmark_research.") and kind not in found:
                found.append(kind)
                todo.append(kind)
    return found


@pytest.mark.parametrize("kind", _results(), ids=lambda kind: kind.__name__)
def test_a_result_has_a_short_representation(kind: type):
    if kind.__name__ in PLAIN or issubclass(kind, rm.clv.Model):
        return
    assert hasattr(kind, "_repr_html_")
    assert not hasattr(kind.__repr__, "__wrapped__"), "the repr that a dataclass makes"


@pytest.fixture(scope="module")
def results() -> list[object]:
    log = rm.load_cdnow()
    split = log.split(at="1997-09-30")
    purchases, spend = rm.BGNBD.fit(split.calibration), rm.GammaGamma.fit(split.calibration)
    terms = {"horizon": "26 weeks", "margin": 0.3, "annual_discount_rate": 0.1, "level": 0.95}
    history = rm.PURCHASE_LADDER.assign(log)
    estimate = rm.estimate_transitions(history)
    return [
        log,
        split,
        split.calibration,
        purchases,
        spend,
        purchases.profile("r"),
        rm.total_value(purchases, spend, split.calibration, **terms),
        rm.clv.holdout_score(purchases, split),
        rm.clv.purchase_regularity(log),
        rm.clv.spend_frequency_correlation(split.calibration),
        rm.retention_curve(log),
        rm.LOYALTY_LADDER,
        history,
        estimate,
        estimate.project(periods=4),
    ]


def test_representations_fit_a_screen_and_hide_arrays(results: list[object]):
    for result in results:
        text = repr(result)
        assert len(text) <= 500, text
        assert text.count("\n") <= 8, text
        assert "array(" not in text, text
        html = result._repr_html_()
        assert html.count("<tr>") <= 15, html
