"""The questions of a newcomer, and the files that answer them."""

import yaml

from tests.house.layout import PACKAGE

QUESTIONS = yaml.safe_load((PACKAGE.parent / "tests" / "house" / "questions.yml").read_text())


def test_there_are_thirty_questions():
    assert len(QUESTIONS) == 30
    assert len({each["question"] for each in QUESTIONS}) == 30


def test_every_answer_is_a_file():
    missing = [each["path"] for each in QUESTIONS if not (PACKAGE / each["path"]).is_file()]
    assert missing == []
