"""What is to be planned and what a plan is, as values."""
