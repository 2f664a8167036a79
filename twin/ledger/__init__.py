"""The append-only record of everything that happened, and the handlers that act on it."""
