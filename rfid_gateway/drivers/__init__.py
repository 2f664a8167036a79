"""One driver per kind of device: it holds the line, asks and listens, and hands on values or a fault, never a guess.

A driver connects again by itself, with growing pauses, and tells its health. What it hears goes to a
:class:`driver.Listener`: tag readings, machine samples, and its own status.
"""
