"""The catalogue of device models as people edit it."""

from __future__ import annotations

from sqlmodel import Session

from assets.model.register import DeviceModel
from assets.service.act import Act
from assets.tables import register
from twin.access import Permission
from twin.errors import FieldError, FieldProblem
from twin.gs1.keys import check_digit


def save(session: Session, *, act: Act, model: DeviceModel) -> DeviceModel:
    """Keep a catalogue entry, new or changed.

    Raises
    ------
    FieldError
        If a UDI-DI of fourteen digits has a wrong check digit: no notice would ever find its devices.
    """
    act.actor.require(Permission.DEVICES_WRITE)
    for index, identifier in enumerate(model.device_identifiers):
        if identifier.isdigit() and len(identifier) == 14 and check_digit(identifier[:-1]) != identifier[-1]:
            message = f"{identifier} has check digit {identifier[-1]}, expected {check_digit(identifier[:-1])}."
            problem = FieldProblem(
                field="device_identifiers", place=f"device_identifiers/{index}", message=message, cure="Scan it again."
            )
            raise FieldError(problem)
    register.save_model(session, model)
    return model


def all_models(session: Session) -> list[DeviceModel]:
    """Give all catalogue entries by id."""
    return register.list_models(session)
