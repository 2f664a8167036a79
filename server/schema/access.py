"""Tables of people, sessions, keys and the audit."""

from __future__ import annotations

from sqlalchemy import DDL, BigInteger, Column, LargeBinary, Table, Text, event
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
    is_active: bool = True
    version: int = 1
    created_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    updated_at: int = Field(sa_column=Column(BigInteger, nullable=False))


class SessionRow(SQLModel, table=True):
    """A signed-in browser: the hash of its cookie, never the cookie."""

    __tablename__ = "access_session"

    token_hash: str = Field(primary_key=True, max_length=64)
    user_id: str = Field(index=True, max_length=36)
    csrf_token: str = Field(max_length=64)
    created_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    seen_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    expires_at: int = Field(sa_column=Column(BigInteger, nullable=False))


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


def _forbid_changes(table: Table) -> None:
    name = table.name
    for verb in ("UPDATE", "DELETE"):
        sqlite = DDL(
            f"CREATE TRIGGER {name}_no_{verb.lower()} BEFORE {verb} ON {name} "
            f"BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END"
        )
        event.listen(table, "after_create", sqlite.execute_if(dialect="sqlite"))
    function = DDL(
        f"CREATE FUNCTION {name}_refuse() RETURNS trigger AS "
        f"'BEGIN RAISE EXCEPTION ''the audit is append-only''; END' LANGUAGE plpgsql"
    )
    trigger = DDL(
        f"CREATE TRIGGER {name}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {name} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {name}_refuse()"
    )
    event.listen(table, "after_create", function.execute_if(dialect="postgresql"))
    event.listen(table, "after_create", trigger.execute_if(dialect="postgresql"))
    drop = DDL(f"DROP FUNCTION IF EXISTS {name}_refuse()")
    event.listen(table, "after_drop", drop.execute_if(dialect="postgresql"))


_forbid_changes(AuditRow.__table__)  # type: ignore[attr-defined]  # SQLModel gives every table class its Table
