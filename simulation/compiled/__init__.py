"""The fast engine: flat tables and one generic kernel compiled to machine code."""
