"""Annealing of admission plans: beds, theatres and nurses in one search over flat integer arrays."""
