"""The study of value bias on small logs whose answer is known."""

import pytest

from tests.clv.calendar.simulated_spend import Spend, spend_log
from tests.studies.value_bias import study


@pytest.mark.slow
def test_the_study_tells_drifting_from_constant_spend():
    sources = {
        "drifting": spend_log(Spend(trend=0.4), customers=300, seed=1),
        "constant": spend_log(Spend(), customers=300, seed=1),
    }
    table = study(sources, horizons=[26], origins=["2022-07-01", "2023-01-01", "2023-06-01"])
    assert table.loc[("drifting", 26), "error, constant"] > 0.2
    assert table.loc[("drifting", 26), "error, moving"] < 0.12
    assert abs(table.loc[("constant", 26), "bias, moving"]) < 0.1
    assert (table["origins"] == 3).all()
