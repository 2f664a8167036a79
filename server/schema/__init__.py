"""Every table of the hospital: the server's own ones, and the metadata that gathers all packages' tables."""
