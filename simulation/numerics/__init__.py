"""Chance and laws of duration, the only arithmetic that both engines share."""
