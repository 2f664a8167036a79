"""What stands behind python-hl7's server in the comparison: plain code that stores each message before it is answered."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import sqlite3
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def _opened(path: Path, tables: str) -> sqlite3.Connection:
    store = sqlite3.connect(path)
    store.execute("PRAGMA journal_mode=WAL")
    store.execute("PRAGMA synchronous=FULL")
    store.executescript(tables)
    return store


class Stores:
    """Keeps message and place in clear; the same number again changes nothing.

    Parameters
    ----------
    folder : Path
        For its database.
    """

    def __init__(self, folder: Path) -> None:
        self._store = _opened(
            folder / "peer.db",
            "CREATE TABLE message (key TEXT PRIMARY KEY, body BLOB);"
            "CREATE TABLE place (visit TEXT PRIMARY KEY, place TEXT);",
        )

    def take(self, message: Any) -> str:
        """Store one message; gives the acknowledgement code."""
        key, visit, place = str(message["MSH"][0][10]), str(message["PV1"][0][19]), str(message["PV1"][0][3])
        with self._store as store:
            store.execute("INSERT OR IGNORE INTO message VALUES (?, ?)", (key, str(message).encode()))
            store.execute("INSERT OR REPLACE INTO place VALUES (?, ?)", (visit, place))
        return "AA"


_TABLES = """
CREATE TABLE message (number INTEGER PRIMARY KEY, key TEXT UNIQUE, content TEXT, kind TEXT, person TEXT, body BLOB);
CREATE TABLE person (person TEXT PRIMARY KEY, wrapped BLOB, identity BLOB);
CREATE TABLE link (encounter TEXT PRIMARY KEY, person TEXT);
CREATE TABLE event (
    sequence INTEGER PRIMARY KEY, id TEXT UNIQUE, source TEXT, source_key TEXT, thing TEXT, at TEXT, body TEXT,
    UNIQUE (source, source_key));
CREATE TABLE place (encounter TEXT PRIMARY KEY, place TEXT, at TEXT);
"""


class SameWork:
    """Does what our intake does: idempotent, pseudonymous, sealed per person, with an event and the place that it leads to.

    Parameters
    ----------
    folder : Path
        For its database.
    """

    def __init__(self, folder: Path) -> None:
        self._store = _opened(folder / "peer.db", _TABLES)
        self._secret = os.urandom(32)
        self._common = AESGCM(os.urandom(32))

    def _pseudonym(self, *parts: str) -> str:
        return hmac.new(self._secret, "\x1f".join(parts).encode(), hashlib.sha256).hexdigest()[:25]

    @staticmethod
    def _seal(key: AESGCM, content: bytes, person: str) -> bytes:
        nonce = os.urandom(12)
        return nonce + key.encrypt(nonce, content, person.encode())

    def _key_of(self, store: sqlite3.Connection, person: str) -> AESGCM:
        row = store.execute("SELECT wrapped FROM person WHERE person = ?", (person,)).fetchone()
        if row is not None:
            return AESGCM(self._common.decrypt(row[0][:12], row[0][12:], person.encode()))
        key = AESGCM.generate_key(256)
        wrapped = self._seal(self._common, key, person)
        store.execute("INSERT INTO person VALUES (?, ?, x'')", (person, wrapped))
        return AESGCM(key)

    def take(self, message: Any) -> str:
        """Store one message with all that it means; gives the acknowledgement code."""
        head, pid, pv1 = message["MSH"][0], message["PID"][0], message["PV1"][0]
        text = str(message)
        key = json.dumps([str(head[3]), str(head[4]), str(head[10])])
        content = hmac.new(self._secret, text.partition("\r")[2].encode(), hashlib.sha256).hexdigest()
        with self._store as store:
            held = store.execute("SELECT content FROM message WHERE key = ?", (key,)).fetchone()
            if held is not None:
                return "AA" if held[0] == content else "AE"
            person = self._pseudonym("person", str(pid[3]))
            encounter = self._pseudonym("visit", str(head[4]), str(pv1[19]))
            own = self._key_of(store, person)
            self._note(store, own, person, encounter, pid)
            body = self._seal(own, self._seal(self._common, text.encode(), ""), person)
            store.execute(
                "INSERT INTO message (key, content, kind, person, body) VALUES (?, ?, ?, ?, ?)",
                (key, content, str(head[9]), person, body),
            )
            self._move(store, encounter, str(pv1[3]), str(message["EVN"][0][2]), key)
        return "AA"

    def _note(self, store: sqlite3.Connection, own: AESGCM, person: str, encounter: str, pid: Any) -> None:
        store.execute("INSERT OR REPLACE INTO link VALUES (?, ?)", (encounter, person))
        row = store.execute("SELECT identity FROM person WHERE person = ?", (person,)).fetchone()
        told = json.dumps([str(pid[number]) for number in (3, 5, 7, 8, 11, 13)]).encode()
        if not row[0] or own.decrypt(row[0][:12], row[0][12:], person.encode()) != told:
            sealed = self._seal(own, told, person)
            store.execute("UPDATE person SET identity = ? WHERE person = ?", (sealed, person))

    @staticmethod
    def _move(store: sqlite3.Connection, encounter: str, place: str, at: str, key: str) -> None:
        event = {"type": "EncounterMoved", "thing": encounter, "occurred_at": at, "place": place}
        store.execute(
            "INSERT INTO event (id, source, source_key, thing, at, body) VALUES (?, ?, ?, ?, ?, ?)",
            (os.urandom(16).hex(), "his:adt", key, encounter, at, json.dumps(event)),
        )
        store.execute("INSERT OR REPLACE INTO place VALUES (?, ?, ?)", (encounter, place, at))
