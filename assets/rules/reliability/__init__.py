"""Honest reliability statistics: censoring, truncation, repairable systems, intervals, silence below three events."""
