"""How tasks and plans are stored."""
