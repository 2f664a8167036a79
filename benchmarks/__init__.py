"""Measurements beside peers, each a script that prints its rows."""
