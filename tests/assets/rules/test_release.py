"""Which signatures count for a release."""

from __future__ import annotations

from assets.model.loads import Load, LoadItem, LoadState, Signature, SignatureMeaning
from assets.rules.release import ReleaseCase, missing_signatures
from twin.events.supply import Verdict

IMPLANT = Load(id="l", machine="m", state=LoadState.PENDING, items=(LoadItem(gtin="1", is_implant=True),))


def signed(by: str, seen: str) -> Signature:
    return Signature(actor=by, meaning=SignatureMeaning.RELEASE, at=1, input_hash=seen)


def test_a_first_signature_for_evidence_that_was_judged_anew_does_not_count() -> None:
    case = ReleaseCase(load=IMPLANT, verdict=Verdict.PASS, input_hash="new", signatures=(signed("a", "old"),))
    assert missing_signatures(case, "b") == ("second_person",)

    again = ReleaseCase(load=IMPLANT, verdict=Verdict.PASS, input_hash="new", signatures=(signed("a", "new"),))
    assert missing_signatures(again, "b") == ()
