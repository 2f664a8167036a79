"""The present hospital in memory, folded from events by pure reducers."""
