"""The metadata of all packages' tables: what a fresh database is made of and what migrations are compared with."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil

from sqlalchemy import MetaData
from sqlmodel import SQLModel

TABLE_MODULES = (
    "twin.ledger.tables",
    "twin.history.tables",
    "twin.telemetry.tables",
    "assets.tables.records",
    "assets.tables.rows",
    "inventory.tables",
    "scheduling.tables",
    "interop.tables",
    "server.schema.access",
    "server.schema.doors",
    "server.schema.gateways",
    "server.schema.jobs",
    "server.schema.runs",
    "server.schema.watches",
)
"""Every module that declares tables; a package without tables of its own is left out when it has no such module."""


def _exists(name: str) -> bool:
    package, _, _module = name.rpartition(".")
    return importlib.util.find_spec(package) is not None and importlib.util.find_spec(name) is not None


def full_metadata() -> MetaData:
    """Give the metadata with the tables of all packages."""
    for name in TABLE_MODULES:
        if _exists(name):
            module = importlib.import_module(name)
            for found in pkgutil.iter_modules(getattr(module, "__path__", ())):
                importlib.import_module(f"{name}.{found.name}")
    return SQLModel.metadata
