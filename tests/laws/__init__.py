"""Laws that hold for every interval of the package, whatever model or statistic it belongs to."""
