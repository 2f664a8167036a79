"""Rows of what is kept about a device beside its state: incidents, agreements, meters, documents, steps, terms."""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, LargeBinary, Text, text
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
    # 0 once it was reported: what presses nobody any more comes last in the list.
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
    # Where a counter begins anew by itself: without it a fall would read as negative use.
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
    # Out of sight, never destroyed: evidence that somebody could delete would be none.
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


class DriftWatchRow(SQLModel, table=True):
    """A figure of a device that is charted; ``body`` is the watch as JSON."""

    __tablename__ = "assets_drift_watch"

    id: str = Field(primary_key=True, max_length=_ID)
    asset: str = Field(max_length=_ID, index=True)
    is_on: bool = True
    # How far samples were taken; those that come late are looked for some time behind it.
    read_until: int = _instant()
    body: str = _body()


class DriftPointRow(SQLModel, table=True):
    """One observation of a watch."""

    __tablename__ = "assets_drift_point"

    watch: str = Field(primary_key=True, max_length=_ID)
    at: int = Field(primary_key=True, sa_type=BigInteger)
    value: float = 0.0
    subject: str = Field(default="", max_length=200)


class DriftAlertRow(SQLModel, table=True):
    """One alarm of a watch, with the order that it opened; ``body`` is the alert as JSON."""

    __tablename__ = "assets_drift_alert"

    watch: str = Field(primary_key=True, max_length=_ID)
    at: int = Field(primary_key=True, sa_type=BigInteger)
    work_order: str = Field(default="", max_length=_ID, index=True)
    body: str = _body()


class AlternativeRow(SQLModel, table=True):
    """An alternative maintenance schedule of a model; ``body`` holds it with its evidence as JSON."""

    __tablename__ = "assets_alternative"

    id: str = Field(primary_key=True, max_length=_ID)
    model: str = Field(max_length=200, index=True)
    # One per model at most, so that going back has one interval to go back to.
    is_active: bool = Field(default=True, index=True)
    began_at: int = _instant()
    body: str = _body()


class ScenarioRow(SQLModel, table=True):
    """A replacement plan that was kept under a name; ``body`` is the scenario as JSON."""

    __tablename__ = "assets_scenario"

    name: str = Field(primary_key=True, max_length=_ID)
    saved_at: int = _instant()
    body: str = _body()


class ReplacementCaseRow(SQLModel, table=True):
    """What spoke for a device's replacement when that was counted last; ``body`` is the case as JSON."""

    __tablename__ = "assets_replacement_case"
    __table_args__ = (Index("assets_replacement_case_by_score", "score", "asset"),)

    asset: str = Field(primary_key=True, max_length=_ID)
    category: str = Field(max_length=_ID)
    score: float
    counted_at: int = _instant(index=True)
    body: str = _body()


class SetTypeRow(SQLModel, table=True):
    """Bill of instruments of one kind of set; ``body`` is the bill as JSON."""

    __tablename__ = "assets_set_type"

    id: str = Field(primary_key=True, max_length=_ID)
    body: str = _body()


class InstrumentRow(SQLModel, table=True):
    """One instrument with a mark of its own."""

    __tablename__ = "assets_instrument"

    id: str = Field(primary_key=True, max_length=_ID)
    kind: str = Field(max_length=_ID, index=True)
    name: str = Field(default="", max_length=200)
    most_cycles: int = 0


class SetContentRow(SQLModel, table=True):
    """An instrument lay in a set; ``end_at`` is 0 while it does, and one stay per instrument lasts."""

    __tablename__ = "assets_set_content"
    __table_args__ = (
        Index(
            "assets_set_content_open",
            "instrument",
            unique=True,
            sqlite_where=text("end_at = 0"),
            postgresql_where=text("end_at = 0"),
        ),
        Index("assets_set_content_set", "set_instance", "start_at"),
    )

    instrument: str = Field(primary_key=True, max_length=_ID)
    start_at: int = Field(primary_key=True, sa_type=BigInteger)
    set_instance: str = Field(max_length=_ID)
    end_at: int = _instant()


class AssemblyRow(SQLModel, table=True):
    """A set as it was put together; ``body`` is the assembly as JSON."""

    __tablename__ = "assets_assembly"

    set_instance: str = Field(primary_key=True, max_length=_ID)
    at: int = Field(primary_key=True, sa_type=BigInteger)
    body: str = _body()


class LifeStepRow(SQLModel, table=True):
    """A person said where a device stands in its life, and why."""

    __tablename__ = "assets_life_step"

    asset: str = Field(primary_key=True, max_length=_ID)
    at: int = Field(primary_key=True, sa_type=BigInteger)
    before: str = Field(max_length=30)
    after: str = Field(max_length=30)
    reason: str = Field(default="", max_length=500)
    actor: str = Field(default="", max_length=_ID)


class InstrumentFaultRow(SQLModel, table=True):
    """An instrument of a set was found faulty; ``mended_at`` is 0 while it is, and only one fault per mark lasts."""

    __tablename__ = "assets_instrument_fault"
    __table_args__ = (
        Index(
            "assets_instrument_fault_open",
            "instrument",
            unique=True,
            sqlite_where=text("mended_at = 0"),
            postgresql_where=text("mended_at = 0"),
        ),
    )

    instrument: str = Field(primary_key=True, max_length=_ID)
    found_at: int = Field(primary_key=True, sa_type=BigInteger)
    since_at: int = _instant()
    mended_at: int = _instant()
    body: str = _body()


class LimitsRow(SQLModel, table=True):
    """Limits of one kind as the hospital set them; ``body`` holds them as JSON."""

    __tablename__ = "assets_limits"

    of: str = Field(primary_key=True, max_length=20)
    set_at: int = _instant()
    actor: str = Field(default="", max_length=_ID)
    body: str = _body()
