"""Comparison of credit rules: training runs of one small policy, over seeds."""
