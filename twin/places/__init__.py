"""The building as a graph: places, paths, closures, and walking seconds by mover."""
