"""Measurements against named peers, as ratios in one run. No test: a shared machine's times prove nothing by themselves."""
