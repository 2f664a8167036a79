"""SQLite or PostgreSQL, one writer with group commit, many readers."""
