"""The audit is read page by page, however long it is."""

from __future__ import annotations

from dash_app.actions.access import AuditQuery
from server.access.desk import Desk
from server.audit import chain
from server.audit.chain import Entry
from tests.server.conftest import Served


async def test_pages_of_the_audit_meet_without_gap_or_overlap_in_both_orders(served: Served) -> None:
    with served.hospital.read() as session:
        before = chain.head(session).sequence
    for number in range(25):
        entry = Entry(at=number, actor="a", action="test.done", subject=f"bed {number}", facts={"left": f"{number} %"})
        served.hospital.write_now(lambda session, entry=entry: chain.note(session, entry))
    desk = Desk(served.hospital, served.access)

    def pages(**wanted: bool) -> list[int]:
        return [
            line.sequence - before
            for start in (0, 10, 20, 30)
            for line in desk.audit(AuditQuery(action="test.", offset=start, limit=10, **wanted))
        ]

    assert pages() == list(range(25, 0, -1))
    assert pages(is_oldest_first=True) == list(range(1, 26))
    assert desk.count_audit(AuditQuery(action="test.", limit=10)) == 25


async def test_what_is_searched_for_is_found_as_it_is_written(served: Served) -> None:
    for subject, left in (("Bed 1", "50 %"), ("bed_2", "none"), ("bin", "5")):
        entry = Entry(at=1, actor="a", action="test.done", subject=subject, facts={"left": left})
        served.hospital.write_now(lambda session, entry=entry: chain.note(session, entry))
    desk = Desk(served.hospital, served.access)

    def found(**wanted: str) -> list[str]:
        query = AuditQuery(action="test.", **wanted)
        subjects = [line.subject for line in desk.audit(query)]
        assert desk.count_audit(query) == len(subjects)
        return sorted(subjects)

    assert found(subject="BED") == ["Bed 1", "bed_2"]
    assert found(subject="d_") == ["bed_2"]  # no placeholder of the database's
    assert found(facts="%") == ["Bed 1"]
    assert found(subject="bed", facts="none") == ["bed_2"]
