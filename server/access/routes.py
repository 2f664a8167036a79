"""Routes of sign-in, users, keys and the audit."""

from __future__ import annotations

from typing import Annotated

import msgspec
from sqlmodel import Session, col, select
from starlette.responses import Response

from server.access import keys, users
from server.access.forms import session_answer
from server.access.keys import NewKey
from server.access.passwords import check_password
from server.access.service import Access, WrongPassword
from server.access.users import NewUser, UserChange
from server.audit import chain as audit
from server.audit.seal import SealedHead, seal
from server.doors.context import SESSION_KEY, Call, CallDep
from server.doors.pages import CursorText, Limit, PathText, Text
from server.doors.router import PUBLIC, SELF, Router
from server.doors.versions import etag_of, require_version
from server.schema.access import AuditRow, KeyRow, UserRow
from twin.access import Permission, Role
from twin.clock import to_text
from twin.errors import FieldError, FieldProblem, NotFound, Refused

router = Router("/v1", tag="access")

Line = Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\x00-\x1f]*$")]
Secret = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class SignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Name and password; `code` of the app, and a `new_password` of one's own, where the answer asks for them."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    password: Secret
    code: Annotated[str, msgspec.Meta(max_length=40)] = ""
    new_password: Annotated[str, msgspec.Meta(max_length=200)] = ""


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Who is signed in; ``csrf_token`` goes into X-CSRF-Token where a browser sends no Origin."""

    id: str
    name: str
    roles: list[str]
    permissions: list[str]
    csrf_token: str = ""


class PasswordChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The old and the new password."""

    old: Secret
    new: Secret


class UserView(msgspec.Struct, frozen=True, kw_only=True):
    """A user as administrators see it."""

    id: str
    name: str
    display_name: str
    roles: list[str]
    language: str
    is_active: bool
    staff: str
    version: int
    created_at: str
    updated_at: str


class UserPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of users."""

    users: list[UserView]
    next: str = ""


class UserAdd(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A user to add."""

    name: Annotated[str, msgspec.Meta(min_length=2, max_length=64)]
    password: Secret
    roles: Annotated[list[str], msgspec.Meta(min_length=1, max_length=20)]
    display_name: Line = ""


class UserEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What to change of a user; what is left out stays."""

    display_name: Line | None = None
    roles: Annotated[list[str], msgspec.Meta(min_length=1, max_length=20)] | None = None
    is_active: bool | None = None
    password: Secret | None = None
    staff: Line | None = None


class KeyView(msgspec.Struct, frozen=True, kw_only=True):
    """An API key without its secret."""

    id: str
    name: str
    role: str
    source: str
    created_at: str
    expires_at: str
    is_revoked: bool
    used_at: str = ""


class KeyPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of keys."""

    keys: list[KeyView]
    next: str = ""


class KeyAdd(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A key to make."""

    name: Line
    role: str
    source: Line = ""
    days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 365


class KeyMade(msgspec.Struct, frozen=True, kw_only=True):
    """A key that was just made; ``secret_text`` is shown this once."""

    key: KeyView
    secret_text: str


class AuditView(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the audit."""

    sequence: int
    at: str
    actor: str
    action: str
    subject: str
    facts: msgspec.Raw
    hash: str


class AuditPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the audit, oldest first."""

    rows: list[AuditView]
    next: str = ""


class AuditVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the audit is what was written."""

    is_intact: bool
    rows: int
    hash: str
    problem: str = ""


def access_of(call: Call) -> Access:
    """Give the access service of the hospital that is served."""
    access: Access = call.request.app.state.access
    return access


def _user_view(row: UserRow) -> UserView:
    return UserView(
        id=row.id,
        name=row.name,
        display_name=row.display_name,
        roles=row.roles.split(),
        language=row.language,
        is_active=row.is_active,
        staff=row.staff,
        version=row.version,
        created_at=to_text(row.created_at),
        updated_at=to_text(row.updated_at),
    )


def _user_answer(row: UserRow, status: int = 200) -> Response:
    body = msgspec.json.encode(_user_view(row))
    return Response(body, status, headers={"etag": etag_of(row.version)}, media_type="application/json")


def _key_view(row: KeyRow) -> KeyView:
    return KeyView(
        id=row.id,
        name=row.name,
        role=row.role,
        source=row.source,
        created_at=to_text(row.created_at),
        expires_at=to_text(row.expires_at),
        is_revoked=bool(row.revoked_at),
        used_at=to_text(row.used_at) if row.used_at else "",
    )


def _me(call: Call) -> Me:
    actor = call.actor
    token = access_of(call).sessions.csrf_token_of(str(call.request.scope.get(SESSION_KEY, "")))
    return Me(
        id=actor.id, name=actor.name, roles=sorted(actor.roles), permissions=sorted(actor.permissions), csrf_token=token
    )


@router.post("/auth/sign-in", permission=PUBLIC, takes=SignIn, gives=Me)
async def sign_in(call: CallDep) -> Response:
    """Sign in with name and password; answers with a session cookie, or with what is needed besides."""
    told, access = call.read(SignIn), access_of(call)
    address = call.request.client.host if call.request.client else ""
    begun = await access.sign_in(told.name, told.password, address=address)
    signed_in = await access.steps.settle(begun, code=told.code, new_password=told.new_password)
    actor = signed_in.session.actor
    body = Me(
        id=actor.id,
        name=actor.name,
        roles=sorted(actor.roles),
        permissions=sorted(actor.permissions),
        csrf_token=signed_in.session.csrf_token,
    )
    response = Response(msgspec.json.encode(body), media_type="application/json", headers={"cache-control": "no-store"})
    return session_answer(response, signed_in, call.hospital.settings)


@router.get("/auth/me", permission=SELF, gives=Me)
async def get_me(call: CallDep) -> Me:
    """Tell who is signed in and what they may do."""
    return _me(call)


@router.post("/auth/password", permission=SELF, takes=PasswordChange, status=204)
async def change_password(call: CallDep) -> None:
    """Change one's own password; all one's sessions end, this one too."""
    told, access, actor = call.read(PasswordChange), access_of(call), call.actor
    if actor.source or not call.request.scope.get(SESSION_KEY):
        raise Refused("An API key has no password: make a new key instead.", code="refused.no_password")
    with call.hospital.read() as session:
        row = users.get_user(session, actor.id)
    now = call.now
    access.limits.check(row.name, "", now=now)
    access.limits.failed(row.name, "", now=now)  # until proven otherwise, so that parallel attempts count too
    if not await access.passwords.verify(told.old, row.password_hash):
        raise WrongPassword("The old password is wrong.")
    access.limits.succeeded(row.name, "", now=now)
    check_password(told.new, name=row.name)
    change = UserChange(password_hash=await access.passwords.hash(told.new), must_change_password=False)

    def use_case(session: Session) -> object:
        access.change_user(session, actor, actor.id, change)
        return access.sessions.end_all_of(session, actor.id)

    forget = await call.hospital.write(use_case)
    if callable(forget):
        forget()


@router.get("/users", permission=Permission.USERS_MANAGE, gives=UserPage)
def list_users(call: CallDep, limit: Limit = 50, cursor: CursorText = "") -> UserPage:
    """List users by sign-in name."""
    after = call.cursors.read("users", cursor)
    with call.hospital.read() as session:
        # one more than shown tells whether there is a next page
        rows = users.list_users(session, after=str(after[0]) if after else "", limit=limit + 1)
    following = call.cursors.write("users", [rows[limit - 1].name]) if len(rows) > limit else ""
    return UserPage(users=[_user_view(row) for row in rows[:limit]], next=following)


@router.post("/users", permission=Permission.USERS_MANAGE, takes=UserAdd, gives=UserView, status=201)
async def add_user(call: CallDep) -> Response:
    """Add a user."""
    told, access = call.read(UserAdd), access_of(call)
    roles = users.parse_roles(told.roles)
    users.check_name(told.name)
    check_password(told.password, name=told.name)
    hashed = await access.passwords.hash(told.password)
    new = NewUser(
        id=call.hospital.new_id(),
        name=told.name,
        display_name=told.display_name,
        password_hash=hashed,
        roles=roles,
        must_change_password=True,  # whoever adds a user knows the password
    )

    return _user_answer(await call.hospital.write(lambda session: access.add_user(session, call.actor, new)), 201)


@router.get("/users/{user_id}", permission=Permission.USERS_MANAGE, gives=UserView)
def get_user(call: CallDep, user_id: PathText) -> Response:
    """Give one user, with an ETag."""
    with call.hospital.read() as session:
        return _user_answer(users.get_user(session, user_id))


@router.patch(
    "/users/{user_id}", permission=Permission.USERS_MANAGE, takes=UserEdit, gives=UserView, needs_version=True
)
async def edit_user(call: CallDep, user_id: PathText) -> Response:
    """Change roles, name or password of a user, or disable them; their sessions end."""
    told, access = call.read(UserEdit), access_of(call)
    hashed = None
    if told.password is not None:
        with call.hospital.read() as session:
            name = users.get_user(session, user_id).name
        check_password(told.password, name=name)
        hashed = await access.passwords.hash(told.password)
    change = UserChange(
        display_name=told.display_name,
        is_active=told.is_active,
        password_hash=hashed,
        must_change_password=True if hashed is not None else None,
        roles=users.parse_roles(told.roles) if told.roles is not None else None,
        staff=told.staff,
    )
    if told.staff and told.staff not in call.hospital.live.staff:
        raise NotFound("member of staff", told.staff)

    def use_case(session: Session) -> tuple[UserRow, object]:
        # within the transaction: of two who change at the same time the second is told
        require_version(call.request, users.get_user(session, user_id).version)
        row = access.change_user(session, call.actor, user_id, change)
        return row, access.sessions.end_all_of(session, user_id)

    row, forget = await call.hospital.write(use_case)
    if callable(forget):
        forget()
    return _user_answer(row)


@router.delete("/users/{user_id}/second-factor", permission=Permission.USERS_MANAGE, status=204)
async def reset_second_factor(call: CallDep, user_id: PathText) -> None:
    """Take the second factor off a user who has lost it; their sessions end, and the audit tells who did it."""
    access = access_of(call)
    forget = await call.hospital.write(lambda session: access.reset_factor(session, call.actor, user_id))
    forget()


@router.get("/keys", permission=Permission.USERS_MANAGE, gives=KeyPage)
def list_keys(call: CallDep, limit: Limit = 50, cursor: CursorText = "") -> KeyPage:
    """List API keys."""
    after = call.cursors.read("keys", cursor)
    with call.hospital.read() as session:
        rows = keys.list_keys(session, after=str(after[0]) if after else "", limit=limit + 1)
    following = call.cursors.write("keys", [rows[limit - 1].id]) if len(rows) > limit else ""
    return KeyPage(keys=[_key_view(row) for row in rows[:limit]], next=following)


@router.post("/keys", permission=Permission.USERS_MANAGE, takes=KeyAdd, gives=KeyMade, status=201)
async def add_key(call: CallDep) -> KeyMade:
    """Make an API key; its text is shown once."""
    told, access = call.read(KeyAdd), access_of(call)
    if told.role not in {role.value for role in Role}:
        problem = FieldProblem(
            field="role",
            place="/role",
            message=f"There is no role {told.role[:40]!r}.",
            cure=f"Use one of {', '.join(sorted(Role))}.",
        )
        raise FieldError(problem)
    new = NewKey(name=told.name, role=Role(told.role), source=told.source, days=told.days)
    access = access_of(call)
    secret_text, row = await call.hospital.write(lambda session: access.make_key(session, call.actor, new))
    return KeyMade(key=_key_view(row), secret_text=secret_text)


@router.delete("/keys/{key_id}", permission=Permission.USERS_MANAGE, gives=KeyView)
async def revoke_key(call: CallDep, key_id: PathText) -> KeyView:
    """Revoke an API key for good."""
    access = access_of(call)
    row = await call.hospital.write(lambda session: access.revoke_key(session, call.actor, key_id))
    access.keys.forget(key_id)
    return _key_view(row)


@router.get("/audit", permission=Permission.AUDIT_READ, gives=AuditPage)
def list_audit(
    call: CallDep, limit: Limit = 50, cursor: CursorText = "", action: Text = "", actor: Text = ""
) -> AuditPage:
    """List the audit, oldest first; of actions that begin alike, such as `alarm.`, or of one actor."""
    scope = f"audit:{action}:{actor}"
    after = call.cursors.read(scope, cursor)
    start = int(after[0]) if after else 0
    query = select(AuditRow).where(col(AuditRow.sequence) > start).order_by(col(AuditRow.sequence)).limit(limit + 1)
    if action:
        query = query.where(col(AuditRow.action).startswith(action, autoescape=True))
    if actor:
        query = query.where(col(AuditRow.actor) == actor)
    with call.hospital.read() as session:
        rows = list(session.exec(query))
    following = call.cursors.write(scope, [rows[limit - 1].sequence]) if len(rows) > limit else ""
    views = [
        AuditView(
            sequence=row.sequence,
            at=to_text(row.at),
            actor=row.actor,
            action=row.action,
            subject=row.subject,
            facts=msgspec.Raw(row.facts.encode()),
            hash=row.hash,
        )
        for row in rows[:limit]
    ]
    return AuditPage(rows=views, next=following)


@router.get("/audit/verification", permission=Permission.AUDIT_READ, gives=AuditVerdict)
def verify_audit(call: CallDep) -> AuditVerdict:
    """Recompute the chain of the audit and compare it with the head written to the data folder."""
    try:
        witness = audit.read_head(call.hospital.settings.data_dir)
        with call.hospital.read() as session:
            found = audit.verify(session, witness)
    except audit.AuditBroken as error:
        return AuditVerdict(is_intact=False, rows=error.sequence, hash="", problem=error.message)
    return AuditVerdict(is_intact=True, rows=found.sequence, hash=found.hash)


@router.get("/audit/head", permission=Permission.AUDIT_READ, gives=SealedHead)
def get_audit_head(call: CallDep) -> SealedHead:
    """Give where the audit ends, signed; kept elsewhere, it later proves that nothing before it was changed."""
    with call.hospital.read() as session:
        found = audit.head(session)
    return seal(call.hospital.settings.data_dir, found, now=call.now)
