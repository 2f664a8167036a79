"""One module for each page: its layout and its callbacks."""
