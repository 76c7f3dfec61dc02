import pytest

from relmark_research.errors import ConvergenceError, DataError, ParameterError
from relmark_research.narrative.attempts import attempted


def test_a_result_is_returned_without_a_reason():
    assert attempted(lambda: 7) == (7, "")


@pytest.mark.parametrize("kind", [DataError, ConvergenceError])
def test_too_little_data_is_a_reason_in_one_sentence(kind):
    def analysis() -> int:
        raise kind("expected 30 answers; found\n  7. Ask more customers.")

    assert attempted(analysis) == (None, "expected 30 answers; found 7")


def test_a_wrong_parameter_is_an_error():
    def analysis() -> int:
        raise ParameterError("a level is a probability.")

    with pytest.raises(ParameterError):
        attempted(analysis)
