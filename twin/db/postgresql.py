"""PostgreSQL as the hospital needs it: psycopg 3, one core at a time, readers that cannot write."""

from __future__ import annotations

from sqlalchemy.engine import URL, Engine, create_engine, make_url


def driver_url(text: str) -> URL:
    """Give a database URL that uses psycopg 3, whatever spelling the setting has.

    Parameters
    ----------
    text : str
        ``postgresql://…`` or ``postgres://…``.

    Examples
    --------
    >>> driver_url("postgresql://twin@db/hospital").drivername
    'postgresql+psycopg'
    """
    return make_url(text.replace("postgres://", "postgresql://", 1)).set(drivername="postgresql+psycopg")


def write_engine(url: URL) -> Engine:
    """Give the engine of the writer's connection.

    Parameters
    ----------
    url : URL
        From :func:`driver_url`.
    """
    return create_engine(url, pool_size=1, max_overflow=2)


def read_engine(url: URL) -> Engine:
    """Give the engine of connections that can only read.

    Parameters
    ----------
    url : URL
        From :func:`driver_url`.
    """
    return create_engine(
        url,
        pool_size=8,
        max_overflow=8,
        pool_pre_ping=True,
        isolation_level="REPEATABLE READ",
        execution_options={"postgresql_readonly": True},
    )
