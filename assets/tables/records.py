"""Rows of what is kept about a device beside its state: incidents, agreements, meters, documents, steps, terms."""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, LargeBinary, Text
from sqlmodel import Field, SQLModel

_ID = 100


def _instant(*, index: bool = False) -> int:
    found: int = Field(default=0, sa_type=BigInteger, index=index)
    return found


def _body() -> str:
    found: str = Field(default="", sa_type=Text)
    return found


class IncidentRow(SQLModel, table=True):
    """Something happened with a device that harmed somebody, or might have; ``body`` is the incident as JSON."""

    __tablename__ = "assets_incident"

    id: str = Field(primary_key=True, max_length=_ID)
    asset: str = Field(max_length=_ID, index=True)
    is_open: bool = Field(default=True, index=True)
    aware_at: int = _instant()
    due_at: int = _instant(index=True)
    body: str = _body()


class AgreementRow(SQLModel, table=True):
    """A loan, rental, service contract or warranty; ``ends_on`` is a local day, empty while open."""

    __tablename__ = "assets_agreement"

    id: str = Field(primary_key=True, max_length=_ID)
    kind: str = Field(max_length=20, index=True)
    ends_on: str = Field(default="", max_length=10, index=True)
    body: str = _body()


class AgreementAssetRow(SQLModel, table=True):
    """A device that an agreement covers."""

    __tablename__ = "assets_agreement_asset"

    agreement: str = Field(primary_key=True, max_length=_ID)
    asset: str = Field(primary_key=True, max_length=_ID, index=True)


class MeterReadingRow(SQLModel, table=True):
    """One reading of a device's meter."""

    __tablename__ = "assets_meter_reading"

    asset: str = Field(primary_key=True, max_length=_ID)
    meter: str = Field(primary_key=True, max_length=40)
    at: int = Field(primary_key=True, sa_type=BigInteger)
    value: float = 0.0
    rollover_at: float | None = None
    is_reset: bool = False
    actor: str = Field(default="", max_length=_ID)


class TemplateRow(SQLModel, table=True):
    """A checklist for one kind of work, for devices of one category or all; ``body`` holds its steps as JSON."""

    __tablename__ = "assets_template"

    kind: str = Field(primary_key=True, max_length=30)
    category: str = Field(primary_key=True, max_length=_ID)
    version: int = 1
    body: str = _body()


class DocumentRow(SQLModel, table=True):
    """A photo or document of a device, work order, cycle or incident, with its content."""

    __tablename__ = "assets_document"
    __table_args__ = (Index("assets_document_subject", "subject", "at"),)

    id: str = Field(primary_key=True, max_length=_ID)
    subject: str = Field(max_length=200)
    name: str = Field(max_length=200)
    media_type: str = Field(max_length=60)
    size: int = 0
    sha256: str = Field(default="", max_length=64)
    note: str = Field(default="", max_length=500)
    actor: str = Field(default="", max_length=_ID)
    at: int = _instant()
    withdrawn_at: int = _instant()
    content: bytes = Field(default=b"", sa_type=LargeBinary)


class TermRow(SQLModel, table=True):
    """A term of a published device nomenclature that the hospital imported."""

    __tablename__ = "assets_term"

    system: str = Field(primary_key=True, max_length=20)
    version: str = Field(primary_key=True, max_length=40)
    code: str = Field(primary_key=True, max_length=20)
    term: str = Field(max_length=500)
    parent: str = Field(default="", max_length=20)


class ReprocessStepRow(SQLModel, table=True):
    """One step of reprocessing outside a machine's cycle: of an endoscope, or of a room under ultraviolet light."""

    __tablename__ = "assets_reprocess_step"

    subject: str = Field(primary_key=True, max_length=_ID)
    at: int = Field(primary_key=True, sa_type=BigInteger)
    step: str = Field(primary_key=True, max_length=30)
    actor: str = Field(default="", max_length=_ID)
    body: str = _body()
