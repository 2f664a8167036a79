from server.demo.building import building_events
from server.demo.inhabitants import gtin14, inhabitant_events, inhabitants
from twin.events.places import PlaceDefined

PLACES = [event for event in building_events(0) if isinstance(event, PlaceDefined)]


def test_the_demo_hospital_has_what_its_description_says():
    found = inhabitants(PLACES, seed=1, at=0)

    assert (len(found.devices), len(found.items), len(found.stock_places), len(found.staff)) == (2000, 300, 40, 350)


def test_tags_assets_items_and_gtins_are_unique():
    found = inhabitants(PLACES, seed=1, at=0)

    for names in ([d.tag for d in found.devices], [d.asset for d in found.devices], [i.gtin for i in found.items]):
        assert len(set(names)) == len(names)


def test_everything_stands_in_a_place_that_exists():
    found = inhabitants(PLACES, seed=1, at=0)
    known = {place.thing for place in PLACES}

    assert {device.home for device in found.devices} <= known
    assert {machine.place for machine in found.machines} <= known
    assert {point.place for point in found.read_points} <= known
    assert set(found.stock_places) <= known


def test_the_same_seed_gives_the_same_hospital():
    one, other = (inhabitant_events(inhabitants(PLACES, seed=7, at=0), at=0) for _ in range(2))

    assert one == other


def test_every_gtin_has_a_right_check_digit():
    for reference in range(0, 99_999, 997):
        digits = [int(digit) for digit in gtin14(reference, reference % 9)]
        assert sum(d * (3 if i % 2 == 0 else 1) for i, d in enumerate(digits)) % 10 == 0
