"""One module per theme: what each event does to the tables; pure, and independent of the order of arrival."""
