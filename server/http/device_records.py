"""Records about devices over HTTP: measurements, incidents, agreements, meters, checklists, documents, duplicates."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from fastapi import Query
from sqlmodel import Session
from starlette.responses import Response

from assets.model.agreements import Agreement
from assets.model.electrical import Measurement
from assets.model.incidents import Incident
from assets.model.measurements import Calibration, CalibrationPoint, SafetyTest
from assets.rules.due_dates import MeterReading, local_day
from assets.rules.emdn import read_emdn
from assets.service import agreements, documents, incidents, measuring, merging, meters, nomenclature, templates
from assets.tables.register import load_asset
from server.doors.context import CallDep
from server.doors.pages import Limit, PathText, Text
from server.doors.router import Router
from server.http import asset_bodies
from server.http import record_bodies as bodies
from server.http.assets import act_of
from server.http.history import parse_instant
from server.http.register_bodies import AssetShown, asset_shown
from twin.access import Permission
from twin.errors import DecodeError, FieldError, FieldProblem

router = Router("/v1", tag="device records")

Days = Annotated[int, Query(ge=0, le=3650, description="How many days ahead.")]
PHOTO_TYPES = ("application/pdf", "image/png", "image/jpeg", "image/webp", "text/plain", "text/csv")


def _instant_or(text: str, field: str, default: int) -> int:
    return parse_instant(text, field) if text else default


@router.post(
    "/assets/{asset}/calibrations",
    permission=Permission.WORK_ORDERS_WRITE,
    takes=bodies.CalibrationTold,
    gives=bodies.ResultShown,
    status=201,
)
async def record_calibration(call: CallDep, asset: PathText) -> bodies.ResultShown:
    """Keep a calibration; one that found an instrument out of tolerance flags what it measured since."""
    told, act = call.read(bodies.CalibrationTold), act_of(call)
    calibration = Calibration(
        id=told.id,
        asset=asset,
        at=_instant_or(told.at, "at", call.now),
        points=tuple(CalibrationPoint(**msgspec.structs.asdict(point)) for point in told.points),
        instrument=told.instrument,
        certificate=told.certificate,
        laboratory=told.laboratory,
        valid_until=_instant_or(told.valid_until, "valid_until", 0),
        rule=told.rule,
    )
    return await call.hospital.write(
        lambda session: bodies.result_shown(measuring.record_calibration(session, act=act, calibration=calibration))
    )


@router.post(
    "/assets/{asset}/safety-tests",
    permission=Permission.WORK_ORDERS_WRITE,
    takes=bodies.SafetyTestTold,
    gives=bodies.ResultShown,
    status=201,
)
async def record_safety_test(call: CallDep, asset: PathText) -> bodies.ResultShown:
    """Keep an electrical safety test after IEC 62353; a failed one forbids use."""
    told, act = call.read(bodies.SafetyTestTold), act_of(call)
    test = SafetyTest(
        id=told.id,
        asset=asset,
        at=_instant_or(told.at, "at", call.now),
        instrument=told.instrument,
        measurements=tuple(Measurement(**msgspec.structs.asdict(one)) for one in told.measurements),
        visual_passed=told.visual_passed,
        functional_passed=told.functional_passed,
    )
    return await call.hospital.write(
        lambda session: bodies.result_shown(measuring.record_safety_test(session, act=act, test=test))
    )


@router.get("/assets/{asset}/results", permission=Permission.DEVICES_READ, gives=bodies.ResultList)
def list_results(call: CallDep, asset: PathText, limit: Limit = 100) -> bodies.ResultList:
    """Give calibrations and safety tests of a device, the latest first."""
    with call.hospital.read() as session:
        load_asset(session, asset)
        found = measuring.results_of(session, asset=asset, limit=limit)
    return bodies.ResultList(results=[bodies.result_shown(result) for result in found])


@router.get("/assets/{asset}/reverse-trace", permission=Permission.DEVICES_READ, gives=bodies.TraceShown)
def trace_instrument(call: CallDep, asset: PathText) -> bodies.TraceShown:
    """Give every result that the state of this instrument puts in doubt."""
    with call.hospital.read() as session:
        return bodies.trace_shown(measuring.trace_of(session, instrument=asset))


@router.get("/incidents", permission=Permission.DEVICES_READ, gives=bodies.IncidentList)
def list_incidents(
    call: CallDep, limit: Limit = 100, asset: Text = "", is_open: bool | None = None
) -> bodies.IncidentList:
    """List incidents, the most urgent first."""
    with call.hospital.read() as session:
        found = incidents.list_incidents(session, asset=asset, is_open=is_open, limit=limit)
    return bodies.IncidentList(incidents=[bodies.incident_shown(incident) for incident in found])


@router.post(
    "/incidents", permission=Permission.DEVICES_READ, takes=bodies.IncidentTold, gives=bodies.IncidentShown, status=201
)
async def report_incident(call: CallDep) -> bodies.IncidentShown:
    """Report an incident; its clock runs and the device must not be used until it is closed."""
    told, act = call.read(bodies.IncidentTold), act_of(call)
    zone = ZoneInfo(call.hospital.settings.time_zone)
    incident = Incident(
        id=f"incident:{act.key}",
        asset=told.asset,
        severity=told.severity,
        description=told.description,
        happened_at=parse_instant(told.happened_at, "happened_at"),
        aware_at=_instant_or(told.aware_at, "aware_at", call.now),
        case_id=told.case_id,
        evidence=told.evidence,
    )
    return await call.hospital.write(
        lambda session: bodies.incident_shown(incidents.report_incident(session, act=act, incident=incident, zone=zone))
    )


@router.post(
    "/incidents/{incident}/report",
    permission=Permission.DEVICES_WRITE,
    takes=asset_bodies.WordsTold,
    gives=bodies.IncidentShown,
    status=201,
)
async def note_report(call: CallDep, incident: PathText) -> bodies.IncidentShown:
    """Note the reference under which it was reported; this stops the clock."""
    told, act = call.read(asset_bodies.WordsTold), act_of(call)
    return await call.hospital.write(
        lambda session: bodies.incident_shown(
            incidents.note_report(session, act=act, incident_id=incident, reference=told.text)
        )
    )


@router.post(
    "/incidents/{incident}/closing",
    permission=Permission.DEVICES_WRITE,
    takes=asset_bodies.WordsTold,
    gives=bodies.IncidentShown,
    status=201,
)
async def close_incident(call: CallDep, incident: PathText) -> bodies.IncidentShown:
    """Close an incident with its conclusion."""
    told, act = call.read(asset_bodies.WordsTold), act_of(call)
    return await call.hospital.write(
        lambda session: bodies.incident_shown(
            incidents.close_incident(session, act=act, incident_id=incident, conclusion=told.text)
        )
    )


class AgreementList(msgspec.Struct, frozen=True, kw_only=True):
    """Agreements by id."""

    agreements: list[Agreement]


class RunningOutList(msgspec.Struct, frozen=True, kw_only=True):
    """What runs out, the most urgent first."""

    running_out: list[agreements.RunningOut]


@router.get("/agreements", permission=Permission.DEVICES_READ, gives=AgreementList)
def list_agreements(call: CallDep, asset: Text = "", limit: Limit = 200) -> AgreementList:
    """List agreements, about one device or all."""
    with call.hospital.read() as session:
        return AgreementList(agreements=agreements.agreements_of(session, asset=asset, limit=limit))


@router.get("/agreements/running-out", permission=Permission.DEVICES_READ, gives=RunningOutList)
def list_running_out(call: CallDep, days: Days = 0) -> RunningOutList:
    """Give loans, rentals, contracts and warranties on which somebody must act."""
    zone = ZoneInfo(call.hospital.settings.time_zone)
    with call.hospital.read() as session:
        found = agreements.running_out(session, today=local_day(call.now, zone), zone=zone, days=days)
    return RunningOutList(running_out=found)


class CostShown(msgspec.Struct, frozen=True, kw_only=True):
    """What an agreement has cost up to and including a day, integer minor units; a begun period counts whole."""

    agreement: str
    until_on: date
    cost: int


@router.get("/agreements/{agreement}/cost", permission=Permission.DEVICES_READ, gives=CostShown)
def read_cost(call: CallDep, agreement: PathText, until_on: Text = "") -> CostShown:
    """Give what a loan, rental or contract has cost until a day; until today if none is given."""
    zone = ZoneInfo(call.hospital.settings.time_zone)
    try:
        day = date.fromisoformat(until_on) if until_on else local_day(call.now, zone)
    except ValueError as error:
        message = f"{until_on[:40]!r} is no date."
        raise FieldError(
            FieldProblem(field="until_on", place="/query", message=message, cure="Use YYYY-MM-DD.")
        ) from error
    with call.hospital.read() as session:
        found = agreements.get_agreement(session, agreement_id=agreement)
    return CostShown(agreement=agreement, until_on=day, cost=found.cost_until(day))


@router.put("/agreements/{agreement}", permission=Permission.DEVICES_WRITE, takes=bodies.AgreementTold, gives=Agreement)
async def save_agreement(call: CallDep, agreement: PathText) -> Agreement:
    """Keep an agreement, new or changed."""
    told, act = call.read(bodies.AgreementTold), act_of(call)
    try:
        kept = Agreement(id=agreement, **{**msgspec.structs.asdict(told), "assets": tuple(told.assets)})
    except ValueError as error:
        raise DecodeError(f"{error}", code="agreement.terms") from error
    return await call.hospital.write(lambda session: agreements.save_agreement(session, act=act, agreement=kept))


@router.post(
    "/agreements/{agreement}/end",
    permission=Permission.DEVICES_WRITE,
    takes=bodies.EndTold,
    gives=Agreement,
    status=201,
)
async def end_agreement(call: CallDep, agreement: PathText) -> Agreement:
    """End an agreement: the device went back, or the contract was given up."""
    told, act = call.read(bodies.EndTold), act_of(call)
    return await call.hospital.write(
        lambda session: agreements.end_agreement(session, act=act, agreement_id=agreement, on=told.on)
    )


@router.get("/assets/{asset}/meters", permission=Permission.DEVICES_READ, gives=bodies.UsageList)
def read_meters(call: CallDep, asset: PathText) -> bodies.UsageList:
    """Give a device's meters with the use since their first reading."""
    with call.hospital.read() as session:
        load_asset(session, asset)
        found = meters.meters_of(session, asset=asset)
    return bodies.UsageList(meters=[bodies.usage_shown(name, usage) for name, usage in found.items()])


@router.post(
    "/assets/{asset}/meters/{meter}",
    permission=Permission.TASKS_DO,
    takes=bodies.ReadingTold,
    gives=bodies.UsageShown,
    status=201,
)
async def record_reading(call: CallDep, asset: PathText, meter: PathText) -> bodies.UsageShown:
    """Keep a reading of a meter."""
    told, act = call.read(bodies.ReadingTold), act_of(call)
    reading = MeterReading(value=told.value, rollover_at=told.rollover_at, is_reset=told.is_reset)
    read = meters.ReadMeter(asset=asset, meter=meter[:40], at=_instant_or(told.at, "at", call.now), reading=reading)
    return await call.hospital.write(
        lambda session: bodies.usage_shown(read.meter, meters.record_reading(session, act=act, read=read))
    )


class TemplateList(msgspec.Struct, frozen=True, kw_only=True):
    """Checklists by kind of work and category."""

    templates: list[templates.Template]


@router.get("/checklists", permission=Permission.DEVICES_READ, gives=TemplateList)
def list_templates(call: CallDep) -> TemplateList:
    """List checklists."""
    with call.hospital.read() as session:
        return TemplateList(templates=templates.list_templates(session))


@router.put("/checklists", permission=Permission.WORK_ORDERS_WRITE, takes=bodies.TemplateTold, gives=templates.Template)
async def save_template(call: CallDep) -> templates.Template:
    """Keep a checklist; open work orders keep the steps that they were opened with."""
    told, act = call.read(bodies.TemplateTold), act_of(call)
    template = templates.Template(
        kind=told.kind,
        category=told.category,
        steps=tuple(step.to_step() for step in told.steps),
        version=told.version,
    )
    return await call.hospital.write(lambda session: templates.save_template(session, act=act, template=template))


@router.get("/documents", permission=Permission.DEVICES_READ, gives=bodies.DocumentList)
def list_documents(call: CallDep, subject: Text) -> bodies.DocumentList:
    """List photos and documents of a device, work order, cycle or incident."""
    with call.hospital.read() as session:
        found = documents.documents_of(session, subject=subject)
    return bodies.DocumentList(documents=[bodies.document_shown(one) for one in found])


@router.post(
    "/documents",
    permission=Permission.TASKS_DO,
    takes=bytes,
    takes_media=PHOTO_TYPES,
    gives=bodies.DocumentShown,
    status=201,
)
async def attach_document(call: CallDep, subject: Text, name: Text, note: Text = "") -> bodies.DocumentShown:
    """Keep a photo or document, sent as the body itself."""
    media = call.request.headers.get("content-type", "").split(";")[0].strip().lower()
    attachment = documents.Attachment(subject=subject, name=name, media_type=media, content=call.body, note=note)
    act = act_of(call)
    return await call.hospital.write(
        lambda session: bodies.document_shown(documents.attach(session, act=act, attachment=attachment))
    )


@router.get("/documents/{document}", permission=Permission.DEVICES_READ, media="application/octet-stream")
def read_document(call: CallDep, document: PathText) -> Response:
    """Give the content of a document as a download; a browser runs nothing of it."""
    with call.hospital.read() as session:
        found, content = documents.content_of(session, document_id=document)
    kind = "inline" if found.media_type.startswith("image/") else "attachment"
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in found.name)
    headers = {
        "content-disposition": f'{kind}; filename="{plain}"',
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; sandbox",
        "etag": f'"{found.sha256}"',
    }
    return Response(content, media_type=found.media_type, headers=headers)


@router.delete("/documents/{document}", permission=Permission.TASKS_DO, status=204)
async def withdraw_document(call: CallDep, document: PathText) -> None:
    """Take a document out of sight; it is not destroyed."""
    act = act_of(call)
    await call.hospital.write(lambda session: documents.withdraw(session, act=act, document_id=document))


class DuplicateList(msgspec.Struct, frozen=True, kw_only=True):
    """Entries that are probably one device."""

    duplicates: list[merging.Duplicate]


@router.get("/assets-duplicates", permission=Permission.DEVICES_READ, gives=DuplicateList)
def list_duplicates(call: CallDep, limit: Limit = 200) -> DuplicateList:
    """List register entries that are probably one device."""
    with call.hospital.read() as session:
        return DuplicateList(duplicates=merging.find_duplicates(session, limit=limit))


@router.post(
    "/assets-duplicates/merge",
    permission=Permission.DEVICES_WRITE,
    takes=bodies.MergeTold,
    gives=AssetShown,
    status=201,
)
async def merge_assets(call: CallDep) -> AssetShown:
    """Make two entries one; the history of both stays."""
    told, act = call.read(bodies.MergeTold), act_of(call)

    def use_case(session: Session) -> AssetShown:
        merging.merge_assets(session, act=act, keep=told.keep, drop=told.drop)
        return asset_shown(load_asset(session, told.keep))

    return await call.hospital.write(use_case)


class TermList(msgspec.Struct, frozen=True, kw_only=True):
    """Terms of nomenclatures."""

    terms: list[bodies.TermShown]


@router.get("/nomenclature", permission=Permission.DEVICES_READ, gives=TermList)
def search_terms(call: CallDep, text: Text, limit: Limit = 50) -> TermList:
    """Find terms by the beginning of their code, or a word."""
    with call.hospital.read() as session:
        found = nomenclature.search_terms(session, text=text, limit=limit)
        return TermList(
            terms=[
                bodies.TermShown(system=t.system, version=t.version, code=t.code, term=t.term, parent=t.parent)
                for t in found
            ]
        )


@router.post(
    "/nomenclature/emdn",
    permission=Permission.DEVICES_WRITE,
    takes=str,
    takes_media=("text/csv",),
    gives=nomenclature.TermImport,
    status=201,
)
async def import_emdn(call: CallDep, version: Text, is_dry_run: bool = False) -> nomenclature.TermImport:
    """Import a version of the EMDN as the Commission publishes it; a dry run only says what would change."""
    try:
        text = call.body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DecodeError("This is no UTF-8 text.", code="file.encoding", offset=error.start) from error
    terms, act = read_emdn(text, source="body"), act_of(call)
    return await call.hospital.write(
        lambda session: nomenclature.import_terms(session, act=act, version=version, terms=terms, is_dry_run=is_dry_run)
    )
