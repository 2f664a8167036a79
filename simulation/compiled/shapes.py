"""Types of the arrays that the kernel is handed, in the order in which it takes them apart."""

from __future__ import annotations

from simulation.model.plan import Floats, Integers

KernelTables = tuple[
    Integers,
    Integers,
    Integers,
    Integers,
    Floats,
    Integers,
    Floats,
    Floats,
    Integers,
    Integers,
    Integers,
    Integers,
    Integers,
    Floats,
    Integers,
    Floats,
    Integers,
    Integers,
    Integers,
    Integers,
]
KernelPlan = tuple[Integers, Integers, Integers]
KernelMemory = tuple[Integers, Integers, Floats, Integers, Integers, Integers, Integers, Integers, Integers]
KernelResults = tuple[Floats, Integers, Floats, Integers, Integers, Integers]
