"""What people who acted are called: members of staff by pseudonym, users by the name under which they sign in."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import cast

from dash_app.queries.names import staff_label
from dash_app.queries.port import HospitalPort
from twin.access import SYSTEM, Permission

USER_NAMES = "user_names"
"""Name of the service that gives names of users by their ids."""

SEES_NAMES = (
    Permission.PLANS_EDIT,
    Permission.PLANS_PUBLISH,
    Permission.STOCK_BUY,
    Permission.USERS_MANAGE,
    Permission.AUDIT_READ,
)
"""Whoever may do one of these works with other users and is told their sign-in names: two stand behind every order."""

NamesUsers = Callable[[Collection[str]], Mapping[str, str]]


def person_names(port: HospitalPort, actors: Collection[str]) -> dict[str, str]:
    """Give what people are called, by the ids under which they acted; an id stays where no name may be told.

    Parameters
    ----------
    port : HospitalPort
        The hospital, for the reader and the names.
    actors : Collection[str]
        Ids of users or staff; empty ones are left out.
    """
    me, state = port.actor(), port.state()
    wanted = {actor for actor in actors if actor}
    found = {actor: staff_label(state, actor) for actor in wanted}
    service = port.services.get(USER_NAMES)
    if service is not None and any(me.may(permission) for permission in SEES_NAMES):
        found |= cast("NamesUsers", service)(wanted)
    known = {one.id: one.name for one in (SYSTEM, me) if one.id in wanted}
    return found | known
