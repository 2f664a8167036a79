"""The one tree of errors, each with a stable code and its facts.

::

    HospitalTwinError
    ├── InputError                 what came in at a door cannot be used; nothing was stored
    │   ├── FieldError             one field of one record, with its place and cure
    │   ├── ImportRefused          a file with row-numbered FieldErrors, all or nothing
    │   └── DecodeError            bytes that are not what the protocol says
    ├── NotFound                   the named thing does not exist
    ├── Conflict                   the thing has changed, or exists already
    │   └── StaleVersion           If-Match names an older version
    ├── Refused                    a rule of the hospital forbids the intention, with reasons
    ├── Forbidden                  the actor lacks a permission
    ├── NotSignedIn                nobody is signed in
    ├── StorageError               the store cannot do what was asked
    │   ├── DiskFull               nothing more can be stored until room is made; reading goes on
    │   └── UnsafeStorage          the database library or its settings could lose acknowledged facts
    ├── Unavailable                something that is needed is not there now; try again
    └── ConfigurationError         a setting is missing, unknown or out of range

The HTTP status of an error is decided in ``server`` only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field

from twin.sentences import Sentence


class HospitalTwinError(Exception):
    """Any error that the hospital twin raises on purpose.

    Parameters
    ----------
    message : str
        What was expected, what came, what to do next; numbers with units. A :class:`Sentence` is kept as ``said``, so
        that pages can tell it in the reader's language.
    code : str, optional
        Stable dotted code that programs may rely on, such as ``"input.field"``.
    """

    code: str = "error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = str(message)
        self.said = message if isinstance(message, Sentence) else None
        if code is not None:
            self.code = code


class InputError(HospitalTwinError):
    """What came in at a door cannot be used; nothing was stored."""

    code = "input"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldProblem:
    """One field that cannot be used, where it stands, and how to mend it.

    Parameters
    ----------
    field : str
        Name of the field or column as the sender wrote it.
    place : str
        Where it stands: ``"row 12"``, ``"events/3/occurred_at"``, ``"register 30012"``.
    message : str
        What was expected and what came.
    cure : str
        What the sender can do about it.
    said : Mapping[str, Sentence]
        Those of place, message and cure that were given as sentences, so that pages can tell them in the reader's
        language; filled in by itself.
    """

    field: str
    place: str
    message: str
    cure: str
    said: Mapping[str, Sentence] = dataclass_field(init=False, default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Keep what was said, and plain texts beside it: encoders know no other kind of text."""
        told = {name: getattr(self, name) for name in ("place", "message", "cure")}
        found = {name: text for name, text in told.items() if isinstance(text, Sentence)}
        for name, text in found.items():
            object.__setattr__(self, name, str(text))
        object.__setattr__(self, "said", found)


class FieldError(InputError):
    """One field of one record is unusable.

    Parameters
    ----------
    problem : FieldProblem
        The field, its place, what is wrong and the cure.
    code : str, optional
        Stable code; ``"input.field"`` unless a narrower one is given.
    """

    code = "input.field"

    def __init__(self, problem: FieldProblem, *, code: str | None = None) -> None:
        super().__init__(f"{problem.place}: {problem.field}: {problem.message} {problem.cure}", code=code)
        self.problem = problem


class ImportRefused(InputError):
    """A file was refused as a whole; every problem found is listed, and nothing of it was stored.

    Parameters
    ----------
    source : str
        Name of the file as the user gave it.
    problems : Sequence[FieldProblem]
        At least one problem, in the order of the rows.
    """

    code = "input.import"

    def __init__(self, source: str, problems: Sequence[FieldProblem]) -> None:
        first = problems[0]
        super().__init__(
            f"{source}: {len(problems)} problem(s), nothing was imported. "
            f"First: {first.place}: {first.field}: {first.message} {first.cure}"
        )
        self.source = source
        self.problems = tuple(problems)


class DecodeError(InputError):
    """Bytes or text are not what the protocol says.

    Parameters
    ----------
    message : str
        What was expected, what came.
    code : str, optional
        Stable code such as ``"llrp.length"``.
    offset : int, optional
        Index of the first offending byte or character, counted from 0.
    """

    code = "decode"

    def __init__(self, message: str, *, code: str | None = None, offset: int | None = None) -> None:
        super().__init__(message if offset is None else f"{message} (at offset {offset})", code=code)
        self.offset = offset


class NotFound(HospitalTwinError):
    """The named thing does not exist.

    Parameters
    ----------
    kind : str
        What was looked for: ``"asset"``, ``"place"``.
    identifier : str
        The identifier that nothing answers to.
    """

    code = "not_found"

    def __init__(self, kind: str, identifier: str) -> None:
        super().__init__(f"There is no {kind} {identifier!r}.")
        self.kind = kind
        self.identifier = identifier


class Conflict(HospitalTwinError):
    """The thing has changed in the meantime, or exists already."""

    code = "conflict"


class StaleVersion(Conflict):
    """The caller saw an older version of the thing.

    Parameters
    ----------
    expected : int
        Version that the caller named.
    found : int
        Version that is stored now.
    """

    code = "conflict.version"

    def __init__(self, *, expected: int, found: int) -> None:
        super().__init__(f"Version {expected} was changed by someone else (now {found}): load it again, then repeat.")
        self.expected = expected
        self.found = found


class Refused(HospitalTwinError):
    """A rule of the hospital forbids what was intended.

    Parameters
    ----------
    message : str
        The intention and the rule in a sentence.
    reasons : Sequence[str], optional
        Every reason, so that all can be mended at once.
    code : str, optional
        Stable code such as ``"stock.recalled"``.
    """

    code = "refused"

    def __init__(self, message: str, *, reasons: Sequence[str] = (), code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.reasons = tuple(reasons)


class Forbidden(HospitalTwinError):
    """The actor lacks a permission.

    Parameters
    ----------
    permission : str
        The permission that is needed.
    """

    code = "forbidden"

    def __init__(self, permission: str) -> None:
        super().__init__(f"This needs the permission {permission!r}: ask a system administrator for a role with it.")
        self.permission = permission


class NotSignedIn(HospitalTwinError):
    """Nobody is signed in, or the session has ended."""

    code = "not_signed_in"


class StorageError(HospitalTwinError):
    """The store cannot do what was asked."""

    code = "storage"


class DiskFull(StorageError):
    """Nothing more can be stored until room is made; reading goes on and nothing acknowledged is lost."""

    code = "storage.full"


class UnsafeStorage(StorageError):
    """The database library or its settings could lose acknowledged facts."""

    code = "storage.unsafe"


class Unavailable(HospitalTwinError):
    """Something that is needed is not there at present; the same call may succeed later."""

    code = "unavailable"


class ConfigurationError(HospitalTwinError):
    """A setting is missing, unknown or out of range."""

    code = "configuration"
