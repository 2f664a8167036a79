"""Files in and out: published problem formats and the spreadsheets of a hospital."""
