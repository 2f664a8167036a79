"""How a hospital starts from its own files: event logs, and spreadsheets of places, assets, items and staff.

Each import has a dry run that shows what was understood, names every problem with its row and cure, and stores all or
nothing.
"""
