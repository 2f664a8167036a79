"""Terms of published nomenclatures: imported whole, searched by code or word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from assets.rules.emdn import Term
from assets.service.act import Act
from assets.tables.records import TermRow
from twin.access import Permission

EMDN = "EMDN"


@dataclass(frozen=True, slots=True, kw_only=True)
class TermImport:
    """What an import would change, or has changed."""

    system: str
    version: str
    added: int
    changed: int
    unchanged: int
    is_dry_run: bool


def import_terms(
    session: Session, *, act: Act, version: str, terms: Sequence[Term], is_dry_run: bool = False
) -> TermImport:
    """Keep one version of the EMDN; earlier versions stay, since devices name the version that they were coded with.

    Parameters
    ----------
    session : Session
        The transaction.
    act : Act
        Who imports it; needs ``devices:write``.
    version : str
        As the publisher names it.
    terms : Sequence[Term]
        All of them.
    is_dry_run : bool
        Whether only to say what would change.
    """
    act.actor.require(Permission.DEVICES_WRITE)
    held = {
        row.code: row.term
        for row in session.exec(select(TermRow).where(col(TermRow.system) == EMDN, col(TermRow.version) == version))
    }
    added = [term for term in terms if term.code not in held]
    changed = [term for term in terms if term.code in held and held[term.code] != term.term]
    if not is_dry_run:
        for term in (*added, *changed):
            session.merge(
                TermRow(system=EMDN, version=version, code=term.code, term=term.term[:500], parent=term.parent)
            )
        session.flush()
    return TermImport(
        system=EMDN,
        version=version,
        added=len(added),
        changed=len(changed),
        unchanged=len(terms) - len(added) - len(changed),
        is_dry_run=is_dry_run,
    )


def search_terms(session: Session, *, text: str, limit: int = 50) -> list[TermRow]:
    """Give terms by the beginning of their code, or a word in them; the latest version first."""
    code = text.strip().upper()
    # Looked for as typed: % and _ are no wildcards to whoever searches for a term.
    words = text.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    query = select(TermRow).where(
        col(TermRow.code).startswith(code, autoescape=True) | col(TermRow.term).ilike(f"%{words}%", escape="\\")
    )
    return list(session.exec(query.order_by(col(TermRow.version).desc(), col(TermRow.code)).limit(limit)))
