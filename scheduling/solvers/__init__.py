"""Search for plans: annealing kernels and constraint programming."""
