"""What people write on the roster page stays while the hospital goes on."""

import pytest
from dash import html

from dash_app.pages import shift_requests
from scheduling.service.my_shifts import MyRoster
from tests.dash_app.gathering import gathered
from tests.dash_app.small_hospital import small_port


def test_what_is_being_written_stays_when_something_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    port = small_port()
    mine = MyRoster(staff="nurse-1", is_rostered=True)
    monkeypatch.setattr(shift_requests.queries, "mine", lambda *_asked: mine)
    drawn = html.Div(shift_requests.content(port))
    by_id = {part.id: part for part in drawn._traverse() if getattr(part, "id", None)}

    followed = gathered(shift_requests.register, port)["refresh"].dependencies[0].component_id

    fields = {shift_requests.FIRST, shift_requests.LAST, shift_requests.REASON}
    inside = {getattr(part, "id", None) for part in by_id[followed]._traverse()}
    assert fields <= by_id.keys()
    assert not fields & inside
