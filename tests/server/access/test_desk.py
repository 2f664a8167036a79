"""The desk behind the pages for users, keys and the audit: what it changes is noted, what it shows once is kept nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from dash_app.actions.access import AuditQuery, KeyTold, UserTold
from server.access.desk import Desk, first_password
from server.access.passwords import check_password
from server.access.service import WrongPassword
from tests.server.conftest import PASSWORD, Served
from twin.access import Actor, Role
from twin.errors import Conflict, FieldError, NotFound, Refused, StaleVersion

NURSE = UserTold(display_name="Night shift", roles=("nurse",))


@pytest.fixture
def desk(served: Served) -> Desk:
    return Desk(served.hospital, served.access)


@pytest.fixture
def boss(served: Served) -> Actor:
    return Actor(id=served.add_user("boss", Role.SYSADMIN), name="boss", roles=frozenset({Role.SYSADMIN}))


def test_first_passwords_are_acceptable_and_never_the_same():
    made = {first_password() for _ in range(200)}

    assert len(made) == 200
    for one in made:
        check_password(one, name="nurse")


async def test_who_was_added_signs_in_with_the_password_shown_once(served: Served, desk: Desk, boss: Actor):
    password = desk.add_user("Night.Nurse", NURSE, actor=boss)

    signed_in = await served.access.sign_in("night.nurse", password, address="1.2.3.4")
    assert signed_in.session.actor.roles == {Role.NURSE}
    (card,) = [user for user in desk.users() if user.name == "night.nurse"]
    assert card.sessions == 1
    files = [file for file in Path(served.hospital.settings.data_dir).rglob("*") if file.is_file()]
    assert files
    assert not any(password.encode() in file.read_bytes() for file in files)


def test_a_taken_name_and_roles_of_programs_are_refused(desk: Desk, boss: Actor):
    desk.add_user("porter", UserTold(display_name="", roles=("logistics",)), actor=boss)

    with pytest.raises(Conflict, match="porter"):
        desk.add_user("Porter", NURSE, actor=boss)
    with pytest.raises(FieldError, match="service:gateway"):
        desk.add_user("robot", UserTold(display_name="", roles=("service:gateway",)), actor=boss)
    with pytest.raises(FieldError, match="role"):
        desk.add_user("nobody", UserTold(display_name="", roles=()), actor=boss)
    with pytest.raises(NotFound):
        desk.add_user("ghost", UserTold(display_name="", roles=("nurse",), staff="S-404"), actor=boss)
    assert {user.name for user in desk.users()} >= {"porter"}
    assert not {user.name for user in desk.users()} & {"robot", "nobody", "ghost"}


async def test_a_change_ends_sessions_and_needs_the_version_that_was_seen(served: Served, desk: Desk, boss: Actor):
    password = desk.add_user("temp", NURSE, actor=boss)
    live = (await served.access.sign_in("temp", password, address="")).session
    (card,) = [user for user in desk.users() if user.name == "temp"]
    desk.change_user(card.id, UserTold(display_name="", roles=("planner",)), version=card.version, actor=boss)

    assert not served.access.sessions.is_alive(live.token_hash, now=served.clock.now())
    with pytest.raises(StaleVersion):
        desk.change_user(card.id, NURSE, version=card.version, actor=boss)
    (changed,) = [user for user in desk.users() if user.name == "temp"]
    assert changed.roles == ("planner",)


def test_the_last_system_administrator_stays(desk: Desk, boss: Actor):
    others = [user for user in desk.users() if "sysadmin" in user.roles and user.id != boss.id]
    for user in others:
        desk.change_user(user.id, NURSE, version=user.version, actor=boss)
    (card,) = [user for user in desk.users() if user.id == boss.id]

    with pytest.raises(Refused, match="last system administrator"):
        desk.change_user(boss.id, NURSE, version=card.version, actor=boss)


def test_own_password_needs_the_old_one_and_counts_wrong_tries(served: Served, desk: Desk, boss: Actor):
    with pytest.raises(WrongPassword):
        desk.change_own_password("not this one", "another good sentence", actor=boss)
    with pytest.raises(FieldError):
        desk.change_own_password(PASSWORD, "short", actor=boss)
    desk.change_own_password(PASSWORD, "another good sentence", actor=boss)

    with pytest.raises(WrongPassword):
        desk.change_own_password(PASSWORD, "yet another sentence", actor=boss)


def test_keys_are_made_listed_and_revoked(served: Served, desk: Desk, boss: Actor):
    made = desk.make_key(KeyTold(name=" East wing ", role="service:gateway", source="gateway:east"), actor=boss)
    now = served.clock.now()
    (card,) = [key for key in desk.list_keys() if key.source == "gateway:east"]

    assert served.access.keys.find(made, now=now) is not None
    assert (card.name, card.is_active(now), card.is_active(card.expires_at)) == ("East wing", True, False)
    desk.revoke_key(card.id, actor=boss)
    assert served.access.keys.find(made, now=now) is None
    assert not next(key for key in desk.list_keys() if key.id == card.id).is_active(now)


@pytest.mark.parametrize(
    ("told", "field"),
    [
        (KeyTold(name="", role="service:gateway", source="gateway:a"), "name"),
        (KeyTold(name="x", role="king", source="gateway:a"), "role"),
        (KeyTold(name="x", role="service:gateway", source="his:a"), "source"),
        (KeyTold(name="x", role="service:gateway", source="gateway:a", days=0), "days"),
    ],
)
def test_a_key_that_cannot_be_names_the_field(desk: Desk, boss: Actor, told: KeyTold, field: str):
    with pytest.raises(FieldError) as refused:
        desk.make_key(told, actor=boss)

    assert refused.value.problem.field == field


def test_the_audit_tells_all_of_it_newest_first_and_by_name(desk: Desk, boss: Actor):
    desk.add_user("somebody", NURSE, actor=boss)
    desk.make_key(KeyTold(name="k", role="service:his", source="his:lab"), actor=boss)

    newest, before = desk.audit(AuditQuery(actor=boss.id, limit=2))
    assert (newest.action, newest.facts["source"], newest.actor_name) == ("key.made", "his:lab", "boss")
    assert (before.action, before.facts["name"]) == ("user.added", "somebody")
    assert [line.action for line in desk.audit(AuditQuery(action="user.", limit=1))] == ["user.added"]
    assert all(line.sequence < newest.sequence for line in desk.audit(AuditQuery(before=newest.sequence)))


def test_the_audit_tells_programs_by_the_names_of_their_keys(served: Served, desk: Desk, boss: Actor):
    text_of_key = desk.make_key(KeyTold(name="Laboratory", role="service:his", source="his:lab"), actor=boss)
    program = served.access.keys.find(text_of_key, now=served.clock.now())
    assert program is not None
    served.hospital.write_now(lambda session: served.access.note(session, program.id, "fhir.written", "Device/1"))

    (line,) = desk.audit(AuditQuery(actor=program.id, limit=5))

    assert line.actor_name == "Laboratory"


def test_a_changed_row_is_found(served: Served, desk: Desk, boss: Actor):
    desk.add_user("somebody", NURSE, actor=boss)
    assert desk.verify_audit().is_intact

    def tamper(session) -> None:
        session.execute(text("DROP TRIGGER access_audit_no_update"))
        session.execute(text("UPDATE access_audit SET facts = '{}' WHERE action = 'user.added'"))

    served.hospital.write_now(tamper)
    verdict = desk.verify_audit()
    assert not verdict.is_intact
    assert "changed" in verdict.problem
