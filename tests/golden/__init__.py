"""The regression net: every figure of version 0.1, held against what the code says now."""
