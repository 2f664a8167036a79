"""A deterministic 300-bed hospital to look at, to learn on and to test against.

``building`` and ``inhabitants`` say what exists, ``past`` writes thirty days of history, ``living`` runs a simulated
hospital whose hidden truth drives virtual readers and machines over the real protocols. Everything follows from a seed.
"""
