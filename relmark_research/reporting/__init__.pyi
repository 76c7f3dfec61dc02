from .display import story
from .record.forecast_ledger import scored_forecasts
from .record.outputs import key_figures

__all__ = ["key_figures", "scored_forecasts", "story"]
