"""What stock is, as values: items, packages, lots, places, movements and par levels."""
