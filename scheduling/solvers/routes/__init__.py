"""Rounds of people and carts, by the route search of PyVRP."""
