"""What happens in the hospital is on the screen at once, without asking."""

import pytest

from dash_app.queries import alarms
from twin.events.things import AssetRegistered, BearerKind, TagBound, ZoneChanged
from twin.events.watch import AlarmCleared, AlarmPriority, AlarmRaised

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

MARKS = """(id) => {
  const graph = document.querySelector('#map-graph .js-plotly-plot');
  if (!graph) return null;
  for (const [face, trace] of graph.data.entries()) {
    const index = (trace.customdata || []).indexOf(id);
    if (index >= 0) return {face, x: trace.x[index], y: trace.y[index]};
  }
  return null;
}"""


# Whether a thing's mark stands on the screen where its trace has it, to the pixel.
DRAWN = """(id) => {
  const graph = document.querySelector('#map-graph .js-plotly-plot');
  const { xaxis, yaxis } = graph._fullLayout;
  for (const [face, trace] of graph.data.entries()) {
    const index = (trace.customdata || []).indexOf(id);
    if (index < 0) continue;
    const dots = graph.querySelectorAll('.scatterlayer .trace')[face].querySelectorAll('.point');
    const at = /translate\\(([-\\d.]+), *([-\\d.]+)\\)/.exec(dots[index]?.getAttribute('transform') || '');
    return Boolean(at) && Math.abs(at[1] - xaxis.c2p(trace.x[index])) < 1
      && Math.abs(at[2] - yaxis.c2p(trace.y[index])) < 1;
  }
  return false;
}"""


def _live(watched, path):
    page = watched.open(path)
    page.wait_for_selector("#page h1")
    watched.until("() => window.ht.live.open")
    return page


def _mark(watched, asset):
    watched.until(MARKS, asset)
    return watched.page.evaluate(MARKS, asset)


def test_a_mark_moves_when_a_reader_sees_the_pump_elsewhere(visit, served):
    watched = visit()
    page = _live(watched, "/ui/map?floor=1")
    before = _mark(watched, "IP-2")

    served.tell(ZoneChanged, "T-2", zone="ICU-B3", read_point="RP1")

    watched.until(f"before => (({MARKS})('IP-2') || before).x !== before.x", before, seconds=5)
    assert page.evaluate(MARKS, "IP-2")["y"] != before["y"]
    # Drawn where the data say, not only kept in them.
    watched.until(DRAWN, "IP-2", seconds=5)
    name = served.hospital.live.places["ICU-B3"].name
    watched.until("name => document.querySelector('#map-grid').textContent.includes(name)", name, seconds=15)


def test_a_pump_that_leaves_raises_an_alarm_on_the_screen_within_two_seconds(visit, served):
    watched = visit()
    page = _live(watched, "/ui/map?floor=0")
    counter = "() => Number(document.querySelector('#frame-counters .counter b').textContent)"
    before = page.evaluate(counter)

    served.tell(ZoneChanged, "T-4", zone="EXIT", read_point="RP1")

    watched.until(f"before => ({counter})() > before", before, seconds=2)
    assert alarms.subjects(served.hospital.live, served.hospital.clock.now())["IP-4"] is AlarmPriority.HIGH
    watched.until(f"() => ({MARKS})('IP-4')?.face === 1", seconds=5)
    watched.until("() => document.getElementById('frame-announcer').textContent.length > 0", seconds=7)


def test_an_alarm_is_acknowledged_and_put_aside_with_a_reason(visit, served):
    now = served.hospital.clock.now()
    served.hospital.record_now(
        [
            AlarmRaised(
                thing="alarm-ui",
                occurred_at=now,
                source="twin:test",
                source_key=f"ui-{now}",
                alarm_class="task_overdue",
                subject_id="W1-B3",
                priority=AlarmPriority.LOW,
            )
        ]
    )
    page = visit().open("/ui/alarms?priority=P3")
    card = page.locator("article.alarm", has_text="Ward 1 bed 3")
    card.locator("button", has_text="Acknowledge").click()
    card.locator("text=Acknowledged by").wait_for()

    card.locator("button", has_text="Put aside").click()
    page.fill("#alarms-reason", "cleaner is on the way")
    page.click("#alarms-confirm")
    card.locator("text=cleaner is on the way").wait_for()

    held = served.hospital.live.alarms["alarm-ui"]
    assert held.is_acknowledged
    assert held.shelved_reason == "cleaner is on the way"
    served.tell(AlarmCleared, "alarm-ui")


def test_a_reader_without_the_right_cannot_acknowledge_by_calling_the_callback(visit, served):
    page = visit("auditor", allowed=("403",)).open("/ui/")
    answer = page.evaluate(
        """async () => {
          const map = await (await fetch('/ui/_dash-dependencies')).json();
          const one = map.find(entry => entry.output.includes('alarms-list') && entry.output.includes('children@'));
          const body = {output: one.output, outputs: {id: 'alarms-list', property: one.output.split('.').pop()},
            inputs: [[{id: {type: 'alarms-acknowledge', alarm: 'alarm-1'}, property: 'n_clicks', value: 1}]],
            changedPropIds: ['{"alarm":"alarm-1","type":"alarms-acknowledge"}.n_clicks'],
            state: [{id: 'url', property: 'search', value: ''}]};
          const reply = await fetch('/ui/_dash-update-component', {method: 'POST', body: JSON.stringify(body),
            headers: {'content-type': 'application/json',
              'X-CSRFToken': (document.cookie.match(/_csrf_token=([^;]*)/) || [])[1] || ''}});
          return [reply.status, await reply.text()];
        }"""
    )

    assert answer[0] in (200, 204, 403)
    assert "Infusion pump" not in answer[1]
    assert not served.hospital.live.alarms["alarm-1"].is_acknowledged


def test_the_badge_says_stale_when_the_stream_breaks(visit):
    watched = visit(allowed=("ERR_", "v1/stream", "EventSource"))
    page = _live(watched, "/ui/")
    page.evaluate("window.ht.live.open = false; window.ht.live.since = Date.now()")

    page.wait_for_selector("#frame-as-of.stale", timeout=4000)
    assert page.inner_text("#frame-as-of").lstrip("◆ ").startswith("stale since")


CROWD = """(place) => {
  const rooms = document.querySelector('#map-graph .js-plotly-plot')?.data[4];
  const index = (rooms?.customdata || []).indexOf('room:' + place);
  return index >= 0 ? Number(rooms.text[index]) : 0;
}"""


def test_a_crowded_room_is_a_number_that_counts_along_and_opens(visit, served):
    for number in range(13):
        key = f"SP-{number:02}"
        served.tell(AssetRegistered, key, category="syringe_pump", name=f"Syringe pump {key}", home="HALL")
        served.tell(TagBound, f"TS-{number}", bearer=key, bearer_kind=BearerKind.ASSET)
        served.tell(ZoneChanged, f"TS-{number}", zone="HALL", read_point="RP1")
    watched = visit()
    page = _live(watched, "/ui/map?floor=0&kind=syringe_pump")
    watched.until(f"() => ({CROWD})('HALL') === 13")

    served.tell(ZoneChanged, "TS-0", zone="STORE", read_point="RP1")
    watched.until(f"() => ({CROWD})('HALL') === 12", seconds=5)
    watched.until("() => document.querySelector('#map-graph .textpoint')?.textContent === '12'", seconds=5)

    page.goto(f"{served.url}/ui/map?floor=0&kind=syringe_pump&room=HALL")
    watched.until(f"() => ({MARKS})('SP-05')?.face === 0")
    assert page.evaluate(CROWD, "HALL") == 0
    assert "Entrance hall" in page.inner_text("#map-selected")
    assert watched.violations() == []
