"""How good were the forecasts, and how far off may the next one be?"""
