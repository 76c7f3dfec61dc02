import pytest

from relmark_research.economics.budget import equity_plot_tables


def test_tables_of_the_plots(position) -> None:
    curves, data = equity_plot_tables.curve_tables(position)
    assert curves["today"].sum() == 10 and len(data) == 120
    assert ((curves["rate_low"] <= curves["rate"]) & (curves["rate"] <= curves["rate_high"])).all()
    surface = equity_plot_tables.equity_surface(position.equity("web"))
    best = position.equity("web").optimum().customer_equity
    assert 0.99 * best < surface.to_numpy().max() <= best
    cloud = equity_plot_tables.optimum_draws(position, "web", draws=60)
    free = position.equity("web").optimum()
    assert cloud["acquisition_spend"].median() == pytest.approx(free.acquisition_spend, rel=0.1)
    table = equity_plot_tables.sensitivity_table(position)
    assert table.loc["margin", "elasticity"] == pytest.approx(
        (table.loc["margin", "equity_at_high"] / table["equity_today"].iloc[0] - 1) / 0.1, rel=1e-6
    )
    assert float(position.lines().equity(position.spend)) == pytest.approx(
        table["equity_today"].iloc[0]
    )
    fitted = equity_plot_tables.fit_table(position)
    assert (fitted["identification"] == "identified").all()
    assert (fitted["logit_aic_difference"] > 10).all()
    kept = equity_plot_tables.retention_table(position)
    curve = position.curve("web", "retention")
    spend = kept.loc["web", "required_spend"] + curve.spend
    assert float(curve.rate_at(spend)) == pytest.approx(curve.rate + 0.05)
