"""What-if experiments: one base and readable changes of it, run side by side with the same patients."""
