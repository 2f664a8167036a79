"""Rosters by constraint programming and a search over neighbourhoods of it."""
