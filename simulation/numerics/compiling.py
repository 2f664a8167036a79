"""How every function of the engines is compiled, said once."""

from __future__ import annotations

from numba import njit

# No lock, so that replications run in threads. Division by zero gives infinity rather than an exception, and arrays are
# not reference-counted: the kernel only borrows them, and counting costs more than the simulation itself.
compiled = njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
