"""Rows of the device organ, and how they become values and back."""
