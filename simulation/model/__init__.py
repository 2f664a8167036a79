"""The pathway as data: what patients do, with what, in which order, and how it is written in a file."""
