"""What was true, and what we knew, at any past instant."""
