"""Par levels from what was used: demand, levels for a service, proposals with hysteresis, limits of money and space."""
