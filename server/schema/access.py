"""Tables of people, sessions, keys and the audit."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Connection, LargeBinary, Table, Text, event
from sqlmodel import Field, SQLModel


class UserRow(SQLModel, table=True):
    """Somebody who may sign in; instants in UTC microseconds."""

    __tablename__ = "access_user"

    id: str = Field(primary_key=True, max_length=36)
    name: str = Field(unique=True, max_length=100)
    display_name: str = Field(default="", max_length=200)
    password_hash: str = Field(max_length=300)
    roles: str = Field(max_length=400)
    language: str = Field(default="", max_length=10)
    staff: str = Field(default="", max_length=200)
    is_active: bool = True
    must_change_password: bool = False
    version: int = 1
    created_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    updated_at: int = Field(sa_column=Column(BigInteger, nullable=False))


class SessionRow(SQLModel, table=True):
    """A signed-in browser: the hash of its cookie, never the cookie."""

    __tablename__ = "access_session"

    token_hash: str = Field(primary_key=True, max_length=64)
    user_id: str = Field(index=True, max_length=36)
    csrf_token: str = Field(max_length=64)
    is_proven: bool = False
    created_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    seen_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    expires_at: int = Field(sa_column=Column(BigInteger, nullable=False))


class SecondFactorRow(SQLModel, table=True):
    """What a person's authenticator app shares with us, sealed; ``confirmed_at`` is 0 while it is being set up."""

    __tablename__ = "access_second_factor"

    user_id: str = Field(primary_key=True, max_length=36)
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    confirmed_at: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    last_step: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))


class RecoveryCodeRow(SQLModel, table=True):
    """One code for the day on which the phone is lost: its hash, and when it was used."""

    __tablename__ = "access_recovery_code"

    code_hash: str = Field(primary_key=True, max_length=64)
    user_id: str = Field(index=True, max_length=36)
    used_at: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))


class DisplayRow(SQLModel, table=True):
    """A link for a screen on a wall: the hash of its token, and the one page that it shows."""

    __tablename__ = "access_display"

    id: str = Field(primary_key=True, max_length=36)
    token_hash: str = Field(unique=True, max_length=64)
    name: str = Field(max_length=200)
    shows: str = Field(max_length=40)
    language: str = Field(default="", max_length=10)
    created_by: str = Field(default="", max_length=64)
    created_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    expires_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    revoked_at: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    used_at: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))


class KeyRow(SQLModel, table=True):
    """An API key of a program: the hash of its secret, its role and its only source."""

    __tablename__ = "access_key"

    id: str = Field(primary_key=True, max_length=32)
    secret_hash: str = Field(max_length=64)
    name: str = Field(max_length=200)
    role: str = Field(max_length=40)
    source: str = Field(default="", max_length=200, index=True)
    created_by: str = Field(default="", max_length=64)
    created_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    expires_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    revoked_at: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    used_at: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))


class AuditRow(SQLModel, table=True):
    """One link of the audit chain; ``hash`` covers the row before and this one's canonical JSON."""

    __tablename__ = "access_audit"

    sequence: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    at: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))
    actor: str = Field(max_length=64, index=True)
    action: str = Field(max_length=80)
    subject: str = Field(default="", max_length=200)
    facts: str = Field(sa_column=Column(Text, nullable=False))
    hash: str = Field(max_length=64)


class ServerKeyRow(SQLModel, table=True):
    """A secret of this installation, such as the one that signs cursors."""

    __tablename__ = "access_server_key"

    name: str = Field(primary_key=True, max_length=40)
    value: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


_AUDIT: Table = AuditRow.__table__  # type: ignore[attr-defined]  # SQLModel gives every table class its Table

_SQLITE_TRIGGERS = tuple(
    f"CREATE TRIGGER IF NOT EXISTS access_audit_no_{verb.lower()} BEFORE {verb} ON access_audit "
    f"BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END"
    for verb in ("UPDATE", "DELETE")
)
_POSTGRESQL_TRIGGERS = (
    (
        "CREATE OR REPLACE FUNCTION access_audit_refuse() RETURNS trigger AS "
        "'BEGIN RAISE EXCEPTION ''the audit is append-only''; END' LANGUAGE plpgsql"
    ),
    (
        "CREATE OR REPLACE TRIGGER access_audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON access_audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION access_audit_refuse()"
    ),
)


def trigger_statements(dialect: str) -> tuple[str, ...]:
    """Give the statements that guard the audit against change, for migrations.

    Parameters
    ----------
    dialect : str
        ``sqlite`` or ``postgresql``.
    """
    return _SQLITE_TRIGGERS if dialect == "sqlite" else _POSTGRESQL_TRIGGERS


@event.listens_for(_AUDIT, "after_create")
def _guard(_table: Table, connection: Connection, **_options: object) -> None:
    for statement in trigger_statements(connection.dialect.name):
        connection.exec_driver_sql(statement)
