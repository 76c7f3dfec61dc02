"""Which public functions need no example of a table, and why."""

FACES = ("", "customers", "clv", "economics", "ladder", "relationships", "simulation", "teaching")
"""Modules with public names; the methods of `plots` take tables of the package, unchanged."""

TABLE_TYPES = ("DataFrame", "Series", "Any", "ArrayLike", "Iterable[object]")

TAKES_NO_TABLE: dict[str, tuple[str, ...]] = {
    "the tables are read by CalendarEffects.fit": ("clv.CalendarOptions",),
    "a result, which the package makes itself": (
        "Split", "Table", "Table.rows", "customers.CustomerLinks", "customers.RetentionCurve",
        "clv.Backtest", "clv.LifetimesComparison", "clv.ModelComparison", "clv.ModelSelection",
        "clv.SpendDependence", "clv.TotalForecast", "clv.ValueBias",
        "clv.SpendFrequencyCorrelation", "economics.BudgetRecommendation", "economics.Claim",
        "economics.ConstantRetentionBias", "economics.LevelChoice", "economics.LevelPolicy",
        "economics.Recommendations",
        "economics.BookRetention", "economics.CurveMemory", "economics.JointResponse",
        "economics.ResponseWithMemory",
        "economics.SpendLedger", "economics.SpendingPosition", "ladder.Drivers",
        "ladder.FirstPassage", "ladder.LadderHistory", "ladder.LadderValue", "ladder.Projection",
        "relationships.CampaignTable",
        "relationships.MailingPlan", "relationships.PartnerData", "relationships.PathEstimate",
        "relationships.PointValue", "relationships.Prospects", "relationships.QiniCurve",
        "relationships.QualityScores", "relationships.RetentionLink", "relationships.WeakPartners",
    ),
    "numbers, rules, a fit or an answer, no table": (
        "LoyaltyLadder", "ResponseCurve.rate_at", "ResponseCurve.slope_at",
        "economics.LogitCurve.rate_at", "economics.LogitCurve.slope_at", "customers.segment_rules",
        "economics.PaymentTerms.value", "economics.adstock",
        "clv.CovariateFit.likelihood_ratio_test", "clv.TimeVaryingFit.likelihood_ratio_test",
        "clv.SpendAverage.log_variance",
        "clv.dropout_upper_bound", "clv.from_lifetimes", "clv.to_lifetimes",
        "ladder.Evidence.parse", "ladder.Rule.parse", "ladder.RuleSet.parse", "teaching.check",
        "teaching.figure", "teaching.slider",
    ),
    "the table is read by CustomerSummary.of, as in forecast": (
        "clv.compare_with_lifetimes", "clv.CovariateFit.estimates_gradient",
        "clv.CovariateFit.models_for", "clv.CovariateFit.at_maximum",
        "clv.TimeVaryingFit.at_maximum", "BGCNBD.fit", "MBGCNBD.fit",
        "clv.TimeVaryingFit.estimates_gradient", "clv.TimeVaryingFit.model_for",
        "clv.TimeVaryingFit.models_for",
    ),
    "a log, and segments that are joined by customer_id; see tests of customer_tables": (
        "customer_table",
    ),
    "the table with dates is read as fit_covariates reads it; see tests of _dated_table": (
        "clv.TimeVaryingFit.on",
    ),
    "Series with an index of pandas Periods, as SpendLedger.firm gives": (
        "economics.response_with_memory",
    ),
    "CustomerSummary.from_days takes the days of a log's own query": (
        "CustomerSummary.from_days",
    ),
    "a base class, whose fit is that of its models": (
        "clv.ContractModel.fit", "clv.Model.fit", "clv.PurchaseModel.fit", "clv.SpendModel.fit",
    ),
    "no model to be fitted: the survivor of BGBB is a part of its formulas": (
        "clv.BGBBSurvivor.fit", "clv.ClockModel.fit",
    ),
    "a table of the simulation, made and used within one run": (
        "simulation.SimulatedFirm", "simulation.Truth.dates", "simulation.prospects_table",
        "simulation.run_campaigns", "simulation.simulate_orders", "simulation.survey_table",
    ),
}  # fmt: skip
"""Functions by the reason."""
