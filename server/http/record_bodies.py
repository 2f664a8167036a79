"""What the routes of records about devices take and give; instants are ISO 8601 at this door."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec

from assets.model.agreements import AgreementKind
from assets.model.electrical import Method, Quantity
from assets.model.incidents import Incident, Severity
from assets.model.measurements import DecisionRule, Result
from assets.model.regions import OperationalState
from assets.model.work import WorkKind
from assets.service.documents import Document
from assets.service.life import LifeStep
from assets.service.measuring import Trace
from assets.service.meters import Usage
from server.http.asset_bodies import ChecklistStepTold, Count, Key, Note, Short, Words, instant

Value = Annotated[float, msgspec.Meta(ge=-1e15, le=1e15)]
Positive = Annotated[float, msgspec.Meta(gt=0, le=1e15)]
NotNegative = Annotated[float, msgspec.Meta(ge=0, le=1e15)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
LAST = 2**63 - 1


class PointTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One point of a calibration; ``as_left`` is left out if nothing was adjusted."""

    quantity: Key
    unit: Short = ""
    nominal: Value
    as_found: Value
    tolerance: Positive
    as_left: Value | None = None
    uncertainty: NotNegative = 0.0


class CalibrationTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A calibration."""

    id: Key
    points: Annotated[list[PointTold], msgspec.Meta(min_length=1, max_length=200)]
    at: Short = ""
    instrument: Short = ""
    certificate: Short = ""
    laboratory: Short = ""
    valid_until: Short = ""
    rule: DecisionRule = DecisionRule.SIMPLE


class MeasurementTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One measured value of a safety test: µA, or mΩ for protective earth."""

    quantity: Quantity
    subject: Key
    value: NotNegative
    method: Method = Method.NONE
    mains_v: NotNegative = 0.0
    nominal_v: NotNegative = 0.0


class SafetyTestTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An electrical safety test."""

    id: Key
    measurements: Annotated[list[MeasurementTold], msgspec.Meta(min_length=1, max_length=100)]
    at: Short = ""
    instrument: Short = ""
    visual_passed: bool = True
    functional_passed: bool = True


class ResultShown(msgspec.Struct, frozen=True, kw_only=True):
    """A calibration or safety test; ``is_flagged`` says that its instrument was out of tolerance at that time."""

    id: str
    asset: str
    kind: str
    instrument: str
    at: str
    is_passed: bool
    is_left_good: bool
    is_flagged: bool
    details: list[str]


def result_shown(result: Result) -> ResultShown:
    """Give a result as it is shown."""
    return ResultShown(
        id=result.id,
        asset=result.asset,
        kind=result.kind.value,
        instrument=result.instrument,
        at=instant(result.at),
        is_passed=result.is_passed,
        is_left_good=result.is_left_good,
        is_flagged=result.is_flagged,
        details=list(result.details),
    )


class ResultList(msgspec.Struct, frozen=True, kw_only=True):
    """Results of a device, the latest first."""

    results: list[ResultShown]


class SpanShown(msgspec.Struct, frozen=True, kw_only=True):
    """A time in doubt; ``after`` is empty if the instrument was never known good, ``until`` if it still is not."""

    after: str
    until: str


class TraceShown(msgspec.Struct, frozen=True, kw_only=True):
    """All results that the state of an instrument puts in doubt, and the devices that they belong to."""

    instrument: str
    spans: list[SpanShown]
    results: list[ResultShown]
    assets: list[str]


def trace_shown(trace: Trace) -> TraceShown:
    """Give a reverse trace as it is shown."""
    return TraceShown(
        instrument=trace.instrument,
        spans=[SpanShown(after=instant(max(a, 0)), until=instant(u) if u < LAST else "") for a, u in trace.spans],
        results=[result_shown(result) for result in trace.results],
        assets=sorted({result.asset for result in trace.results}),
    )


class IncidentTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something that happened with a device; no patient's name in it."""

    asset: Key
    severity: Severity
    description: Words
    happened_at: Short
    aware_at: Short = ""
    case_id: Short = ""
    evidence: Note = ""


class IncidentShown(msgspec.Struct, frozen=True, kw_only=True):
    """An incident with its clock."""

    id: str
    asset: str
    severity: str
    description: str
    evidence: str
    case_id: str
    happened_at: str
    aware_at: str
    due_at: str
    reported_at: str
    reference: str
    closed_at: str
    conclusion: str


def incident_shown(incident: Incident) -> IncidentShown:
    """Give an incident as it is shown."""
    return IncidentShown(
        id=incident.id,
        asset=incident.asset,
        severity=incident.severity.value,
        description=incident.description,
        evidence=incident.evidence,
        case_id=incident.case_id,
        happened_at=instant(incident.happened_at),
        aware_at=instant(incident.aware_at),
        due_at=instant(incident.due_at),
        reported_at=instant(incident.reported_at),
        reference=incident.reference,
        closed_at=instant(incident.closed_at),
        conclusion=incident.conclusion,
    )


class IncidentList(msgspec.Struct, frozen=True, kw_only=True):
    """Incidents, the most urgent first."""

    incidents: list[IncidentShown]


class AgreementTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A loan, rental, service contract or warranty."""

    kind: AgreementKind
    party: Key
    assets: Annotated[list[Key], msgspec.Meta(min_length=1, max_length=5000)]
    starts_on: date
    ends_on: date | None = None
    reference: Short = ""
    notice_days: Annotated[int, msgspec.Meta(ge=0, le=3650)] = 30
    cost: Count = 0
    per_days: Annotated[int, msgspec.Meta(ge=0, le=3650)] = 0
    response_hours: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0
    uptime_share: Share = 0.0
    terms: Note = ""


class EndTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The last day of an agreement."""

    on: date


class ReadingTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A meter as it was read; say so if it was reset or began anew since."""

    value: NotNegative
    at: Short = ""
    is_reset: bool = False
    rollover_at: Positive | None = None


class UsageShown(msgspec.Struct, frozen=True, kw_only=True):
    """Use of a device by one meter, with the number of readings that it rests on."""

    meter: str
    total: float
    per_day: float
    readings: int
    last_at: str
    is_unexplained: bool


def usage_shown(meter: str, usage: Usage) -> UsageShown:
    """Give the use of a device as it is shown."""
    return UsageShown(
        meter=meter,
        total=usage.total,
        per_day=usage.per_day,
        readings=usage.readings,
        last_at=instant(usage.last_at),
        is_unexplained=usage.is_unexplained,
    )


class UsageList(msgspec.Struct, frozen=True, kw_only=True):
    """Meters of a device."""

    meters: list[UsageShown]


class TemplateTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A checklist; ``version`` is the one that was seen, 0 for a new one, ``category`` empty for all."""

    kind: WorkKind
    steps: Annotated[list[ChecklistStepTold], msgspec.Meta(max_length=200)]
    category: Short = ""
    version: Count = 0


class DocumentShown(msgspec.Struct, frozen=True, kw_only=True):
    """A photo or document."""

    id: str
    subject: str
    name: str
    media_type: str
    size: int
    sha256: str
    note: str
    actor: str
    at: str


def document_shown(document: Document) -> DocumentShown:
    """Give a document as it is shown."""
    return DocumentShown(
        id=document.id,
        subject=document.subject,
        name=document.name,
        media_type=document.media_type,
        size=document.size,
        sha256=document.sha256,
        note=document.note,
        actor=document.actor,
        at=instant(document.at),
    )


class DocumentList(msgspec.Struct, frozen=True, kw_only=True):
    """What stands about a subject, the latest first."""

    documents: list[DocumentShown]


class MergeTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Two entries of one device: the first stays."""

    keep: Key
    drop: Key


class TermShown(msgspec.Struct, frozen=True, kw_only=True):
    """A term of a nomenclature."""

    system: str
    version: str
    code: str
    term: str
    parent: str


class LifeTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where a device stands in its life, and why."""

    state: OperationalState
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class LifeShown(msgspec.Struct, frozen=True, kw_only=True):
    """Where a device stands, what can be said of it next, and what was said; instants in UTC microseconds."""

    state: OperationalState
    next: list[OperationalState]
    steps: list[LifeStep]
