"""Sentences of runs: one for each claim, none unseen."""

from tests.sentences.printing import WITHOUT, lines, summary, unsupported
from tests.sentences.records import Run, Sentence, sentences

CLAIM = {
    "text": "It pays", "design": "randomised", "verdict": "finding", "advice": "do",
    "estimate": 0.2, "low": 0.1, "high": 0.3, "holdout": None, "source": "campaigns",
    "assumptions": ["an assumed margin of 30%"],
}  # fmt: skip


def made(*found: Sentence) -> Run:
    left = (("09_campaigns", "Left out: Who pays?"),)
    return Run({"09_campaigns": "done"}, {"09_campaigns": ""}, found, left)


def test_a_record_has_a_sentence_for_each_claim():
    record = {"kind": "say", "text": "It pays It pays", "claims": [CLAIM, CLAIM]}
    assert [each.text for each in sentences("09_campaigns", record)] == ["It pays"] * 2
    (bare,) = sentences("09_campaigns", {"kind": "finding", "text": "It pays"})
    assert bare.claim == {}
    assert sentences("09_campaigns", {"kind": "key_figure", "text": "5"}) == []


def test_a_sentence_is_printed_with_its_claim():
    printed = list(lines(made(Sentence("09_campaigns", "say", "It pays", CLAIM))))
    assert printed == [
        "== 09_campaigns: done",
        "[09 say] randomised, finding; advice: do; 0.2 (0.1 to 0.3); from campaigns; "
        "assumed: an assumed margin of 30%\n    It pays",
        "[left out]\n    Left out: Who pays?",
    ]


def test_a_sentence_without_a_claim_is_named():
    run = made(Sentence("09_campaigns", "say", "It pays", {}))
    assert f"[09 say] {WITHOUT}\n    It pays" in list(lines(run))
    assert len(unsupported(run)) == 1
    assert summary("CDNOW", run) == f"CDNOW: 1 sentences ({WITHOUT} 1)"
