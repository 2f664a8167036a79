"""The HTTP routes, one module per part of the hospital; every module's ``router`` is served."""
