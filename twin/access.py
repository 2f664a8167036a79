"""Who may do what: permissions, roles and actors, as values.

Every route, page callback and socket names one permission; what names none is refused. ``server`` signs people in and
hands the :class:`Actor` down; services ask :meth:`Actor.require`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from twin.errors import Forbidden


class Permission(StrEnum):
    """One thing that an actor may do; named ``subject:verb``."""

    SELF = "self:use"
    OVERVIEW_READ = "overview:read"
    PLACES_READ = "places:read"
    PLACES_WRITE = "places:write"
    BEDS_WRITE = "beds:write"
    DEVICES_READ = "devices:read"
    DEVICES_WRITE = "devices:write"
    WORK_ORDERS_WRITE = "work_orders:write"
    LOADS_RELEASE = "loads:release"
    STOCK_READ = "stock:read"
    STOCK_MOVE = "stock:move"
    STOCK_ADJUST = "stock:adjust"
    STOCK_PLAN = "stock:plan"
    STOCK_BUY = "stock:buy"
    SUBSTITUTES_APPROVE = "substitutes:approve"
    TASKS_READ = "tasks:read"
    TASKS_DO = "tasks:do"
    TASKS_ASSIGN = "tasks:assign"
    SIMULATION_READ = "simulation:read"
    SIMULATION_RUN = "simulation:run"
    PLANS_READ = "plans:read"
    PLANS_EDIT = "plans:edit"
    PLANS_PUBLISH = "plans:publish"
    ENCOUNTERS_READ = "encounters:read"
    ENCOUNTERS_WRITE = "encounters:write"
    IDENTITY_REVEAL = "identity:reveal"
    QUEUES_READ = "queues:read"
    QUEUES_CALL = "queues:call"
    ALARMS_READ = "alarms:read"
    ALARMS_ACT = "alarms:act"
    ALARMS_CONFIGURE = "alarms:configure"
    EVENTS_READ = "events:read"
    EVENTS_WRITE = "events:write"
    TELEMETRY_READ = "telemetry:read"
    TELEMETRY_WRITE = "telemetry:write"
    GATEWAYS_READ = "gateways:read"
    GATEWAYS_CONFIGURE = "gateways:configure"
    MACHINES_COMMAND = "machines:command"
    INTERFACES_READ = "interfaces:read"
    INTERFACES_OPERATE = "interfaces:operate"
    FHIR_READ = "fhir:read"
    FHIR_WRITE = "fhir:write"
    EPCIS_CAPTURE = "epcis:capture"
    EPCIS_QUERY = "epcis:query"
    IMPORT_RUN = "import:run"
    EXPORT_RUN = "export:run"
    USERS_MANAGE = "users:manage"
    AUDIT_READ = "audit:read"
    SYSTEM_OPERATE = "system:operate"


class Role(StrEnum):
    """A named set of permissions that a person or a program holds."""

    ADMINISTRATOR = "administrator"
    LOGISTICS = "logistics"
    BIOMED = "biomed"
    PLANNER = "planner"
    NURSE = "nurse"
    AUDITOR = "auditor"
    SYSADMIN = "sysadmin"
    SERVICE_GATEWAY = "service:gateway"
    SERVICE_HIS = "service:his"


_P = Permission
_EVERYONE = frozenset({_P.SELF})
_STAFF = _EVERYONE | {
    _P.OVERVIEW_READ,
    _P.PLACES_READ,
    _P.DEVICES_READ,
    _P.STOCK_READ,
    _P.TASKS_READ,
    _P.QUEUES_READ,
    _P.ALARMS_READ,
    _P.EXPORT_RUN,
}

PERMISSIONS_BY_ROLE: dict[Role, frozenset[Permission]] = {
    Role.ADMINISTRATOR: _STAFF
    | {
        _P.SIMULATION_READ,
        _P.SIMULATION_RUN,
        _P.PLANS_READ,
        _P.PLANS_PUBLISH,
        _P.ENCOUNTERS_READ,
        _P.ALARMS_ACT,
        _P.TASKS_ASSIGN,
        _P.PLACES_WRITE,
        _P.BEDS_WRITE,
        _P.EVENTS_READ,
        _P.TELEMETRY_READ,
        _P.GATEWAYS_READ,
        _P.INTERFACES_READ,
        _P.STOCK_BUY,
    },
    Role.LOGISTICS: _STAFF
    | {
        _P.STOCK_MOVE,
        _P.STOCK_ADJUST,
        _P.STOCK_PLAN,
        _P.STOCK_BUY,
        _P.TASKS_DO,
        _P.TASKS_ASSIGN,
        _P.ALARMS_ACT,
        _P.IMPORT_RUN,
        _P.EPCIS_QUERY,
    },
    Role.BIOMED: _STAFF
    | {
        _P.DEVICES_WRITE,
        _P.WORK_ORDERS_WRITE,
        _P.LOADS_RELEASE,
        _P.TELEMETRY_READ,
        _P.GATEWAYS_READ,
        _P.GATEWAYS_CONFIGURE,
        _P.MACHINES_COMMAND,
        _P.ALARMS_ACT,
        _P.TASKS_DO,
        _P.IMPORT_RUN,
        _P.EVENTS_READ,
        _P.EPCIS_QUERY,
    },
    Role.PLANNER: _STAFF
    | {
        _P.SIMULATION_READ,
        _P.SIMULATION_RUN,
        _P.PLANS_READ,
        _P.PLANS_EDIT,
        _P.PLANS_PUBLISH,
        _P.ENCOUNTERS_READ,
        _P.EVENTS_READ,
        _P.IMPORT_RUN,
    },
    Role.NURSE: _STAFF
    | {
        _P.ENCOUNTERS_READ,
        _P.QUEUES_CALL,
        _P.STOCK_MOVE,
        _P.TASKS_DO,
        _P.ALARMS_ACT,
        _P.LOADS_RELEASE,
        _P.SUBSTITUTES_APPROVE,  # clinical authority: who stores goods does not say what may stand in for them
        _P.PLANS_READ,
        _P.IDENTITY_REVEAL,
        _P.ENCOUNTERS_WRITE,
        _P.BEDS_WRITE,
    },
    Role.AUDITOR: _EVERYONE | {_P.AUDIT_READ, _P.EVENTS_READ, _P.EXPORT_RUN, _P.FHIR_READ},
    Role.SYSADMIN: _STAFF
    | {
        _P.USERS_MANAGE,
        _P.AUDIT_READ,
        _P.SYSTEM_OPERATE,
        _P.PLACES_WRITE,
        _P.BEDS_WRITE,
        _P.GATEWAYS_READ,
        _P.GATEWAYS_CONFIGURE,
        _P.INTERFACES_READ,
        _P.INTERFACES_OPERATE,
        _P.IMPORT_RUN,
        _P.EVENTS_READ,
        _P.ALARMS_ACT,
        _P.ALARMS_CONFIGURE,
        _P.TELEMETRY_READ,
        _P.DEVICES_WRITE,
        _P.STOCK_PLAN,
    },
    Role.SERVICE_GATEWAY: frozenset({_P.EVENTS_WRITE, _P.TELEMETRY_WRITE}),
    Role.SERVICE_HIS: frozenset(
        {
            _P.EVENTS_WRITE,
            _P.ENCOUNTERS_WRITE,
            _P.ENCOUNTERS_READ,
            _P.FHIR_READ,
            _P.FHIR_WRITE,
            _P.EPCIS_CAPTURE,
            _P.EPCIS_QUERY,
        }
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A person or a program that acts, and what it may do.

    Parameters
    ----------
    id : str
        User id or key id; enters events as ``actor`` and the audit.
    name : str
        What screens show.
    roles : frozenset[Role]
        Roles held.
    source : str, optional
        The only event source that a service key may write for; empty for people.
    staff : str, optional
        Id of the member of staff that a user is: tasks are given to staff. Empty for programs and for users who do
        none.
    """

    id: str
    name: str
    roles: frozenset[Role]
    source: str = ""
    staff: str = ""
    permissions: frozenset[Permission] = field(init=False)

    def __post_init__(self) -> None:
        """Gather the permissions of all roles."""
        # once: a request asks several times
        held = frozenset().union(*(PERMISSIONS_BY_ROLE[role] for role in self.roles))
        object.__setattr__(self, "permissions", held)

    @property
    def hands(self) -> str:
        """Under which id tasks are done: the member of staff, else the user."""
        return self.staff or self.id

    def may(self, permission: Permission) -> bool:
        """Tell whether the actor holds a permission."""
        return permission in self.permissions

    def require(self, permission: Permission) -> None:
        """Let pass who holds a permission.

        Raises
        ------
        Forbidden
            If the actor does not hold it.
        """
        if permission not in self.permissions:
            raise Forbidden(permission.value)


SYSTEM = Actor(id="system", name="Hospital Twin", roles=frozenset(Role))
