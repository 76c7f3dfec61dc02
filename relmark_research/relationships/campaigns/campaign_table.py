"""A table of campaigns as a firm has it: with the columns that it has, and with those that follow.

Only the arm is needed, and a response or a value. One campaign needs no column for it, a table
without customers has another one in each row, a customer with a value has responded. What a contact
costs and what a response is worth can be given instead of columns; then they are assumed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from relmark_research._repr import html_table, one_line
from relmark_research.errors import DataError, ParameterError, check_number, unknown_name
from relmark_research.relationships.campaigns.campaign_design import COLUMNS, CampaignColumns
from relmark_research.relationships.campaigns.mailing_plan import cells_before_campaign
from relmark_research.relationships.satisfaction.survey_answers import rows_until
from relmark_research.tables.options import ReadOptions
from relmark_research.tables.read_table import group_values, open_table, read_values
from relmark_research.tables.schemas import CAMPAIGNS, Column
from relmark_research.units import Day

if TYPE_CHECKING:
    from relmark_research.customers.log.transactions import TransactionLog

ContactCost = float | Mapping[str, float]
ONE_CAMPAIGN = "campaign"
_MAIN = {"campaign_id", "customer_id", "arm", "cost", "responded", "value_in_window"}


@dataclass(frozen=True, repr=False)
class CampaignTable:
    """A checked table of campaigns.

    Attributes
    ----------
    frame
        campaign_id, customer_id, arm, cost, responded, value_in_window, and the other columns.
    control
        The arm that was not contacted.
    covariates
        Columns from before the campaign, numbers or groups.
    has_customers
        Whether the table says who the customers are.
    has_value
        Whether the value of a response is known or given; otherwise it is counted as 1.
    cost_from
        Where the costs come from: ``"table"``, ``"assumed"``, or ``"none"`` where none is known.
    without_control
        Campaigns left out, because they have no control group or no other arm.
    """

    frame: pd.DataFrame
    control: str
    covariates: tuple[str, ...]
    has_customers: bool
    has_value: bool
    cost_from: str
    without_control: tuple[str, ...] = ()

    @property
    def numeric(self) -> tuple[str, ...]:
        """The covariates that are numbers."""
        kinds = pd.api.types.is_numeric_dtype
        return tuple(name for name in self.covariates if kinds(self.frame[name]))

    @property
    def columns(self) -> CampaignColumns:
        """The names for `campaign_uplift`, with the covariates that are numbers in every row."""
        full = tuple(name for name in self.numeric if self.frame[name].notna().all())
        return CampaignColumns(covariates=full, control=self.control)

    def until(self, day: Day | None, *, window_days: int = 0) -> CampaignTable:
        """Return the campaigns whose response window ended by a day; all without dates."""
        if day is None or "date" not in self.frame:
            return self
        return replace(self, frame=rows_until(self.frame, day, window_days=window_days))

    def with_history(self, log: TransactionLog | None) -> CampaignTable:
        """Return the table with each customer's recency, frequency and spend before the campaign.

        It is unchanged without a log, customers or days, or where it has such columns.
        """
        names = [name for name in ("recency", "frequency", "monetary") if name not in self.frame]
        if log is None or not self.has_customers or "date" not in self.frame or len(names) < 3:
            return self
        frame = cells_before_campaign(log, self.frame, bins=2, measures="RF").drop(columns="cell")
        found = tuple(name for name in names if name in frame)
        return replace(self, frame=frame, covariates=(*self.covariates, *found))

    def _rows(self) -> dict[str, object]:
        arms = self.frame["arm"].value_counts()
        return {
            "campaigns": self.frame["campaign_id"].nunique(),
            "rows": len(self.frame),
            "arms": ", ".join(f"{name} {n:,}" for name, n in arms.items()),
            "covariates": ", ".join(self.covariates) or "none",
        }

    def __repr__(self) -> str:
        return one_line("CampaignTable", self._rows())

    def _repr_html_(self) -> str:
        return html_table("Campaigns", self._rows())


def read_campaigns(
    table: Any,
    *,
    control: str = "control",
    covariates: Iterable[str] = (),
    contact_cost: ContactCost | None = None,
    response_value: float | None = None,
) -> CampaignTable:
    """Return the checked table of campaigns, with the columns that follow from others.

    Parameters
    ----------
    table
        One row per customer and campaign, as `read_table` takes it: with an arm, and with a
        response (1 or 0), a value, or both.
    control
        The arm that was not contacted.
    covariates
        Columns from before the campaign: numbers or groups. ``pre_value`` is one where it exists.
    contact_cost
        Cost of a contact, money >= 0: a number for each arm but the control, or one by arm. It is
        used where the table has no cost; None counts no cost.
    response_value
        Revenue of a response, money > 0, where the table has no value.

    Returns
    -------
    CampaignTable
        Campaigns without a control group, or without another arm, are left out and named.

    Raises
    ------
    DataError
        If a column is missing, a customer is twice in a campaign, or no campaign has a control.
    ParameterError
        If a cost or a value is out of its domain, or an arm is unknown.

    Examples
    --------
    >>> rows = pd.DataFrame({"arm": ["letter", "none"] * 2, "responded": [1, 0, 1, 1]})
    >>> found = read_campaigns(rows, control="none", contact_cost=0.5)
    >>> found.frame["cost"].tolist(), found.has_value, found.cost_from
    ([0.5, 0.0, 0.5, 0.0], False, 'assumed')
    """
    raw, names = _opened(table, covariates)
    has_cost, has_value = "cost" in raw, "value_in_window" in raw or response_value is not None
    has_customers = "customer_id" in raw
    frame = _completed(raw, control, contact_cost, response_value)
    frame, lone = _with_control(frame, control)
    frame = CampaignColumns(covariates=(), control=control).read(frame)
    frame = frame.assign(**{name: _numbers_or_groups(frame[name], table) for name in names})
    assumed = "none" if contact_cost is None else "assumed"
    cost_from = "table" if has_cost else assumed
    return CampaignTable(frame, control, names, has_customers, has_value, cost_from, lone)


def _opened(table: Any, covariates: Iterable[str]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the table as it stands, and the names of its covariates."""
    raw = open_table(table, CAMPAIGNS.relaxed())
    if "arm" not in raw:
        raise DataError(f"campaigns: {unknown_name('column', 'arm', raw.columns)}")
    if "responded" not in raw and "value_in_window" not in raw:
        raise DataError(
            "campaigns: expected a response (responded, 1 or 0) or a value (value_in_window); "
            f"found neither among {', '.join(map(str, raw.columns))}. Name the column of the "
            "outcome under columns."
        )
    given = ["pre_value"] * ("pre_value" in raw) + [str(name) for name in covariates]
    for name in given:
        if name not in raw:
            raise DataError(f"campaigns: {unknown_name('covariate', name, raw.columns)}")
        if name in _MAIN:
            raise ParameterError(
                f"covariates: {name} is no column from before the campaign. Leave it out."
            )
    return raw, tuple(dict.fromkeys(given))


def _completed(
    raw: pd.DataFrame, control: str, contact_cost: ContactCost | None, response_value: float | None
) -> pd.DataFrame:
    """Return the table with all of its standard columns."""
    known = {name: raw[name] for name in COLUMNS if name in raw}
    responded = known.get("responded")
    if responded is None:
        responded = (known["value_in_window"] > 0).astype(int)
    if response_value is not None:
        check_number("response_value", response_value, low=0, exclusive=True)
    worth = 1.0 if response_value is None else float(response_value)
    defaults = {
        "campaign_id": ONE_CAMPAIGN,
        "customer_id": [str(number) for number in range(1, len(raw) + 1)],
        "responded": responded,
        "value_in_window": responded * worth,
        "cost": _contact_costs(raw["arm"], control, contact_cost),
    }
    added = {name: value for name, value in defaults.items() if name not in known}
    return raw.assign(**added)


def _contact_costs(arm: pd.Series, control: str, cost: ContactCost | None) -> np.ndarray:
    contacted = (arm != control).to_numpy()
    if cost is None:
        return np.zeros(len(arm))
    if not isinstance(cost, Mapping):
        check_number("contact_cost", cost, low=0)
        return np.where(contacted, float(cost), 0.0)
    arms = [name for name in dict.fromkeys(arm) if name != control]
    for name, each in cost.items():
        check_number(f"contact_cost of {name}", each, low=0)
        if name not in arms:
            raise ParameterError(f"contact_cost: {unknown_name('arm', name, arms)}")
    missing = next((name for name in arms if name not in cost), None)
    if missing is not None:
        raise ParameterError(
            f"contact_cost: expected the cost of each arm; found none of {missing!r}. Add it."
        )
    return np.where(contacted, arm.map(dict(cost)).fillna(0.0).to_numpy(float), 0.0)


def _with_control(frame: pd.DataFrame, control: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the campaigns that have a control group and another arm, and the names of others."""
    is_control = frame["arm"] == control
    by_campaign = is_control.groupby(frame["campaign_id"]).agg(["sum", "size"])
    usable = (by_campaign["sum"] > 1) & (by_campaign["size"] - by_campaign["sum"] > 1)
    if not usable.any():  # the reader says which arms there are
        return frame, ()
    kept = frame[frame["campaign_id"].map(usable)]
    sizes = kept.groupby(["campaign_id", "arm"])["arm"].transform("size")
    kept = kept[sizes > 1].reset_index(drop=True)
    return kept, tuple(map(str, by_campaign.index[~usable]))


def _numbers_or_groups(values: pd.Series, table: Any) -> pd.Series:
    """Return a covariate as numbers where all of it are, and as groups otherwise."""
    if pd.api.types.is_numeric_dtype(values):
        return values.astype(float)
    if not values.drop_duplicates().astype(str).str.contains(r"\d").any():
        return group_values(values)
    given = table.get("options") if isinstance(table, Mapping) else None
    options = ReadOptions(**(given or {}))
    try:
        column = Column(str(values.name), "number", "a covariate")
        numbers = read_values(values, column, options=options)
    except DataError:
        return group_values(values)
    return pd.Series(numbers.astype(float), values.index)
