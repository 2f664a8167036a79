"""Holding back the collector of garbage while hundreds of thousands of objects are made that are none."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_RARELY = (50_000, 20, 50)  # new objects, young lots and middle lots between two looks


@contextmanager
def without_collecting() -> Iterator[None]:
    """Hold back the collector; each tenth of new objects would wake it, and it would look through all of them."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


@contextmanager
def collecting_rarely() -> Iterator[None]:
    """Spare what stands already, and look for garbage in larger lots.

    A hospital at work holds a million objects that stay. Looking through all of them takes a quarter of a second, in
    whichever thread happens to make an object then, and by default a flood of events asks for it every few seconds.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*_RARELY)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
