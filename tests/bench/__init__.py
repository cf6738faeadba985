"""Measurements against named peers, as ratios in one run. No test: the times of a shared machine prove nothing."""
