"""Long computations: in processes of their own, with progress, cancelled at any time, kept across restarts."""
