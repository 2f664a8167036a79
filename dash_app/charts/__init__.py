"""Figures made from values; pure."""
