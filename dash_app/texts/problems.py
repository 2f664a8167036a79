"""Sentences for errors: what happened and what to do, with the stable code for those who ask for help."""

from __future__ import annotations

from collections.abc import Sequence

from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.pathway_faults import said as in_templates
from twin.errors import Conflict, FieldError, FieldProblem, HospitalTwinError, InputError, Refused
from twin.sentences import Sentence

SENTENCES: dict[str, str] = {
    "forbidden": mark("You may not do this. Ask a system administrator for a role that may."),
    "not_signed_in": mark("Your session has ended. Sign in again."),
    "not_found": mark("It is not there any more. Load the page again."),
    "conflict": mark("It has been changed or exists already. Load the page again, then repeat."),
    "conflict.version": mark("Somebody else changed it in the meantime. Load the page again, then repeat."),
    "refused": mark("A rule of the hospital forbids this."),
    "order.same_person": mark("You proposed this order: somebody else who may buy has to approve it."),
    "order.not_approved": mark("This order is not approved yet: a second person approves it before it goes out."),
    "order.cancelled": mark("This order was given up: nothing of it goes out."),
    "order.reason": mark("Something is still missing: say why it will not come, or leave the rest open."),
    "order.edifact_too_long": mark("EDIFACT has no room for this: send the order as CSV, or shorten the number."),
    "order.state": mark("The order does not allow this as it stands. Load the page again."),
    "queue.jump": mark("Others come before this ticket: call them first, or say why it is called out of turn."),
    "queue.not_waiting": mark("This ticket does not wait any more. Choose another one."),
    "queue.state": mark("This cannot be done with the ticket as it is. Choose another one."),
    "queue.empty": mark("Nobody waits here."),
    "input.minutes": mark("Enter in how many minutes the ambulance arrives."),
    "input.ambulance": mark("Choose an ambulance first."),
    "input.wristband": mark("Scan or enter a wristband first."),
    "input.encounter": mark("Choose an encounter first."),
    "input.fence": mark("Enter whom the fence is for and choose at least one place."),
    "input.par": mark("The reorder point has to be below the par level."),
    "input.limit": mark("Fill in every field of the limit."),
    "input.device": mark("No device has this mark, control number or id. Scan or enter it again."),
    "document.is_proof": mark("This is what a cycle was judged by: it stays."),
    "instrument.unknown": mark("No instrument has this mark. Scan it again, or have it entered first."),
    "input.instant": mark("Enter a day as 2026-09-21, or day and time as 2026-09-21 14:10."),
    "input.day": mark("Enter a day as 2027-06-30."),
    "input.reason": mark("Enter a reason."),
    "input.permit_end": mark("The end lies in the past. Enter one that is still to come."),
    "input.measured": mark("Enter at least one measured value."),
    "input.step": mark("Enter what is to be done in this step."),
    "input.number": mark("A limit is no number, or the lower one is above the upper one."),
    "input.drift": mark(
        "A day's figure needs a quantity, others have none; a baseline needs at least 10 observations."
    ),
    "incident.closed": mark("This incident is closed already. Load the page again."),
    "incident.reported": mark("This incident was reported already. Load the page again."),
    "incident.not_closable": mark("An incident whose clock runs must be reported first, and needs a conclusion."),
    "input.scenario": mark("Plan first, then enter a name for the plan."),
    "input.assembly": mark("Enter a set, choose its bill and scan at least one instrument."),
    "input.bill": mark("Enter a key, and on each line a kind and its number: clamp; 2."),
    "asset.step": mark("Its life cannot go there from where it stands. Load the page again."),
    "asset.not_serviceable": mark("Something open keeps it from service: close its repair, notice or incident first."),
    "input.file": mark("The file did not arrive whole. Choose it again."),
    "input.fault": mark("Scan the instrument, choose what is wrong or enter what was done, and say it in words."),
    "instrument.faulty": mark("This instrument is on record as faulty already. Note what was done with it first."),
    "instrument.not_faulty": mark("This instrument is not on record as faulty. Load the page again."),
    "machine.has_cycles": mark("This machine has cycles or loads, which must stay explained: its set-up stays."),
    "programme.in_use": mark("A machine names this programme, or a cycle was judged by it: it stays."),
    "machine.device": mark("Another machine takes its samples from this device of the gateway already."),
    "input.instrument": mark("Enter a mark and a kind."),
    "set.assembled_since": mark("This set or one of its instruments was put elsewhere later. Load the page again."),
    "input.model": mark("Choose a model first."),
    "input.strategy": mark("An interval needs months above 0; run to failure needs 0."),
    "strategy.not_allowed": mark("The rules do not allow this for the model: see what is said above the form."),
    "strategy.in_force": mark("Another schedule is in force for this model. Take it back first."),
    "strategy.over": mark("It is over already. Load the page again."),
    "input.watch": mark("Choose which one first."),
    "input.place_name": mark("Choose the name of a place first."),
    "input.place": mark("Choose our place first."),
    "input.address": mark("Enter the address of the system first."),
    "input.receiver": mark("Choose a receiver first."),
    "input.access_rule": mark("Choose a zone with professions, or a rule, first."),
    "input.item_proposal": mark("Choose an article first."),
    "interop.decided": mark("Somebody has decided on this before."),
    "subscription.address": mark("This is no address of the kind that the standard needs."),
    "subscription.origin": mark("The settings allow no messages there: name it in notify_origins first."),
    "wristband.over": mark("This encounter is over: nobody bears a wristband for it."),
    "wristband.taken": mark("This tag is fixed to a thing: unbind it first."),
    "ambulance.over": mark("Nobody is on the way under this number any more."),
    "input.queue_point": mark("Choose a service point above first."),
    "input.queue_ticket": mark("Choose a ticket first."),
    "refused.closed": mark("This way is closed already."),
    "refused.place_in_use": mark(
        "Something still needs this place: places in it, a way, goods, a device at home there, a patient or a reader."
    ),
    "refused.open": mark("This way is not closed."),
    "refused.bed_service": mark("The bed is that already."),
    "refused.bed_readiness": mark("The bed is that already."),
    "refused.last_sysadmin": mark("This is the last system administrator: give somebody else the role first."),
    "refused.key_limit": mark("This source has two valid keys already: revoke one first."),
    "refused.no_second_factor": mark("This user signs in without a second factor."),
    "conflict.name": mark("This sign-in name is taken: choose another."),
    "conflict.staff": mark("This member of staff signs in under another name already: take the link off there first."),
    "sign_in.wrong": mark("The old password is wrong."),
    "roster.none": mark("No roster is in force. Publish one first."),
    "roster.begun": mark("It has begun already: only what is still to come can be changed."),
    "roster.asked_already": mark("You have asked for the same time already. Withdraw that request first."),
    "roster.not_rostered": mark("You are not in the roster in force. Ask an administrator to link your user to it."),
    "roster.works_already": mark("One of the two works on that day already."),
    "roster.own_shift": mark("It is your own shift. Withdraw the offer to keep it."),
    "roster.leave_allowance": mark(
        "There is not enough leave left. Refuse it, correct the year by hand, or give a reason for granting it."
    ),
    "roster.skill": mark("Who takes the shift lacks its skill."),
    "roster.changed": mark("The roster has changed: that shift is not there any more."),
    "roster.changed_since": mark("These days have been changed since. Change them in a new roster instead."),
    "roster.request_over": mark("Somebody has answered this request already. Load the page again."),
    "plan.violations": mark("Rules that must hold are broken. Give a reason for each, or change the plan."),
    "gateway.silent": mark("The gateway does not report at present. Start it or wait a minute, then try again."),
    "gateway.late": mark("The gateway did not come for the order: nothing was done. Try again."),
    "gateway.unknown_result": mark("The gateway took the order and told no result: look at the device first."),
    "gateway.no_earlier_settings": mark("There are no earlier settings that worked."),
    "gateway.no_draft": mark("This version is no draft any more. Go back to the settings before instead."),
    "gateway.nothing_to_take": mark("The building's plan has no other read points for the readers of this gateway."),
    "storage": mark("It could not be stored. Try again; if it fails again, tell a system administrator."),
    "storage.full": mark("The disk is full: nothing new can be stored, reading goes on. Tell a system administrator."),
    "unavailable": mark("A part that is needed does not answer at present. Try again in a minute."),
    "input.empty": mark("Fill in “{field}” first."),
    "input": mark("What was entered cannot be used. Check it, then try again."),
}
"""English sources by error code; a longer code falls back to its head."""


def problem_text(error: HospitalTwinError) -> str:
    """Give the sentence for an error, ending in its stable code.

    Parameters
    ----------
    error : HospitalTwinError
        As raised by a service.
    """
    code = error.code
    sentence = ""
    key = code
    while key and not sentence:
        sentence = SENTENCES.get(key, "")
        key = key.rpartition(".")[0]
    problems: Sequence[FieldProblem] = getattr(error, "problems", ())
    if not sentence and problems:
        return f"{' '.join(f'[{one.place}] {_said(one)}' for one in problems)} ({code})"
    # Only an empty field has a name to fill in: the label that the reader sees.
    text = _(sentence).replace("{field}", error.message) if sentence else _whole(error)
    if (sentence and code not in SENTENCES) or code in _GENERAL:
        text = f"{text} {_detail(error)}".rstrip()
    return f"{text} ({code})"


_GENERAL = frozenset({"input", "refused", "conflict", "order.edifact_too_long"})
"""Codes whose sentence says too little by itself."""


def in_words(said: Sentence) -> str:
    """Give a sentence in the reader's language, the sentences in its fields too.

    Parameters
    ----------
    said : Sentence
        As the code that found the problem put it together.
    """
    values = {name: in_words(value) if isinstance(value, Sentence) else value for name, value in said.values.items()}
    return _(said.template).format(**values)


def field_text(problem: FieldProblem, part: str) -> str:
    """Give where a problem stands, what is wrong or the cure in the reader's language, as far as it is known in it.

    Parameters
    ----------
    problem : FieldProblem
        As an import or a form gave it.
    part : str
        ``place``, ``message`` or ``cure``.
    """
    said = problem.said.get(part)
    return in_words(said) if said is not None else in_templates(str(getattr(problem, part)))


def _whole(error: HospitalTwinError) -> str:
    return in_words(error.said) if error.said is not None else in_templates(str(error))


def _said(problem: FieldProblem) -> str:
    return f"{field_text(problem, 'message')} {field_text(problem, 'cure')}"


def _detail(error: HospitalTwinError) -> str:
    """Give what exactly is wrong and the cure, of errors that are about what somebody entered or wanted."""
    if isinstance(error, FieldError):
        return f"[{error.problem.field}] {_said(error.problem)}"
    return _whole(error) if isinstance(error, Refused | Conflict | InputError) else ""
