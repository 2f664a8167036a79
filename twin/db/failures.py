"""What a database driver's error means to the hospital: disk full, not there, or a fault of the statement."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError

from twin.errors import DiskFull, HospitalTwinError, StorageError, Unavailable

DISK_FULL_CURE = "Nothing acknowledged is lost and reading goes on; free disk space, then send again."

_FULL_SIGNS = ("database or disk is full", "disk i/o error", "file too large", "no space left on device")
# texts of libpq, psycopg and SQLite, which give no SQLSTATE for a connection that is lost
_GONE_SIGNS = (
    "server closed the connection",
    "connection is lost",
    "the connection is closed",
    "terminating connection",
    "connection refused",
    "connection failed",
    "could not connect",
    "connection timeout",
    "consuming input failed",
    "sending query and params failed",
    "database is locked",
)
_FULL_STATES = {"53100"}  # disk_full, PostgreSQL manual, appendix A
_GONE_STATES = {"57P01", "57P02", "57P03", "08000", "08001", "08003", "08004", "08006"}  # the same appendix


def storage_failure(error: BaseException) -> HospitalTwinError | None:
    """Give the storage error that a driver's error means, or None if it concerns one statement only.

    Parameters
    ----------
    error : BaseException
        What SQLAlchemy, psycopg, pysqlite3 or APSW raised.

    Returns
    -------
    HospitalTwinError or None
        :class:`DiskFull` or :class:`Unavailable`; both undo the whole shared transaction.
    """
    if isinstance(error, (DiskFull, Unavailable)):
        return error
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    # a use case may raise an error whose text names a full disk; only the driver is believed
    if isinstance(cause, HospitalTwinError) or not _is_from_driver(cause):
        return None
    state = getattr(cause, "sqlstate", None)
    text = str(cause).lower()
    if state in _FULL_STATES or any(sign in text for sign in _FULL_SIGNS) or type(cause).__name__ == "FullError":
        return DiskFull(f"The database cannot grow: {_first_line(cause)}. {DISK_FULL_CURE}")
    if state in _GONE_STATES or any(sign in text for sign in _GONE_SIGNS):
        return Unavailable(f"The database does not answer: {_first_line(cause)}. Send again; facts are stored once.")
    return None


def is_of_unique(error: BaseException) -> bool:
    """Tell whether a driver of SQLite says that a row of this key stands already.

    Parameters
    ----------
    error : BaseException
        What pysqlite3 or APSW raised; PostgreSQL's driver has a class of its own for it.
    """
    return _is_from_driver(error) and "UNIQUE constraint failed" in str(error)


def as_storage_error(error: BaseException) -> HospitalTwinError:
    """Give the storage error that failed a whole transaction.

    Parameters
    ----------
    error : BaseException
        What COMMIT or BEGIN raised.
    """
    known = error if isinstance(error, HospitalTwinError) else storage_failure(error)
    if known is not None:
        return known
    return StorageError(f"The transaction was undone: {_first_line(error)}. Send again; facts are stored once.")


def _is_from_driver(error: BaseException) -> bool:
    return type(error).__module__.split(".")[0] in {"psycopg", "pysqlite3", "apsw", "sqlite3", "sqlalchemy"} or (
        isinstance(error, OSError)
    )


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
