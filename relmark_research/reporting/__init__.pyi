from .display import story
from .record.forecast_ledger import scored_forecasts

__all__ = ["scored_forecasts", "story"]
