"""Short representations of fits and their parts, in text and in HTML."""

import pandas as pd

import relmark_research as rm


def test_a_fit_shows_estimates_intervals_and_convergence(bought, homogeneous):
    assert repr(bought).startswith("<Fit of BGNBD: customers 2,357, r 0.2426 (95% interval 0.2")
    assert "search converged: the likelihood is at its maximum" in repr(bought)
    assert "a not identified by the data" in repr(homogeneous)
    assert "array(" not in repr(bought)


def test_html_is_one_small_table_with_escaped_text(bought):
    html = bought._repr_html_()
    assert html.startswith("<table><caption>Fit of BGNBD</caption>")
    assert html.count("<tr>") == 7
    assert "<td>2,357</td>" in html


def test_a_profile_shows_its_ends_and_names_an_open_one(bought, homogeneous):
    assert repr(bought.profile("r")).startswith("<Profile: parameter r, level 95%, low 0.2")
    assert "high no upper bound" in repr(homogeneous.profile("a"))
    assert homogeneous.profile("a")._repr_html_().count("<tr>") == 4


def test_a_fit_with_covariates_shows_its_formulas_and_test(cdnow):
    table = cdnow.table.assign(early=(cdnow.T > 34).astype(float))
    fit = rm.clv.fit_covariates(rm.BGNBD, rm.CustomerSummary(table, unit="week"), rate="early")
    assert repr(fit).startswith("<Fit of BGNBD with covariates: customers 2,357, rate early,")
    assert fit._repr_html_().count("<tr>") == 5
    test = fit.likelihood_ratio_test(rm.BGNBD.fit(pd.DataFrame(cdnow.table)))
    assert repr(test).startswith("<Likelihood-ratio test: statistic ")
    assert "<td>1</td>" in test._repr_html_()


def test_models_show_their_names():
    assert repr(rm.clv.MODELS).startswith("<Models: BGBB, BGCNBD, BGNBD,")
