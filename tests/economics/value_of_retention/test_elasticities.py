import pytest

from relmark_research.economics.value_of_retention.elasticities import (
    elasticities,
    one_way_sensitivity,
    value_elasticities,
)
from relmark_research.economics.value_of_retention.retention_value import margin_multiple
from relmark_research.errors import ParameterError

TIMINGS = ("first margin now", "just after a payment", "end of period")


@pytest.mark.parametrize("timing", TIMINGS)
@pytest.mark.parametrize("cost_share", [0.0, 0.4])
def test_elasticities_are_derivatives(timing, cost_share) -> None:
    r, d, step = 0.8, 0.12, 1e-6
    value = margin_multiple(r, d, timing=timing, payment="year")
    cost = cost_share * value

    def net(retention=r, rate=d, margin=1.0, paid=cost):
        return margin * margin_multiple(retention, rate, timing=timing, payment="year") - paid

    slopes = {
        "retention_rate": net(retention=r * (1 + step)) - net(retention=r * (1 - step)),
        "annual_margin": net(margin=1 + step) - net(margin=1 - step),
        "annual_discount_rate": net(rate=d * (1 + step)) - net(rate=d * (1 - step)),
        "acquisition_cost": net(paid=cost * (1 + step)) - net(paid=cost * (1 - step)),
    }
    table = value_elasticities(r, d, timing=timing, cost_share=cost_share, payment="year")
    for name, difference in slopes.items():
        assert table[name] == pytest.approx(difference / (2 * step) / net(), rel=1e-6, abs=1e-8)


def test_published_elasticities() -> None:
    """Gupta, Lehmann and Stuart: (1 + i) / (1 + i - r), 1, -i / (1 + i - r)."""
    table = value_elasticities(0.8, 0.12, timing="just after a payment", payment="year")
    assert table["retention_rate"] == pytest.approx(1.12 / 0.32)
    assert table["annual_discount_rate"] == pytest.approx(-0.12 / 0.32)


def test_invalid_input_raises() -> None:
    with pytest.raises(ParameterError, match="cost_share must be in"):
        value_elasticities(0.8, 0.1, timing="end of period", cost_share=1)


def test_one_driver_at_a_time_is_changed_by_a_share() -> None:
    drivers = {"small": 1.0, "rate": 0.8, "large": 10.0}

    def quantity(values):
        return values["large"] * values["rate"] ** 2 + values["small"]

    found = one_way_sensitivity(quantity, drivers, 0.1, rates=("rate",))
    assert found.index.tolist() == ["rate", "large", "small"]
    row = found.loc["large"]
    assert row.tolist() == pytest.approx([10, 9, 11, 6.76, 8.04, 1.28])
    with pytest.raises(ParameterError, match=r"rate is 0\.8; an increase of 25% gives 1, above 1"):
        one_way_sensitivity(quantity, drivers, 0.25, rates=("rate",))
    with pytest.raises(ParameterError, match="change"):
        one_way_sensitivity(quantity, drivers, 1.5)
    slopes = elasticities(quantity, drivers | {"small": 0.0})
    assert slopes == pytest.approx({"small": 0, "rate": 2, "large": 1})
