"""``hospital-twin gateway``: run, simulate and check the sensing layer without a hospital around it."""

from __future__ import annotations

import asyncio
import math
import re
import struct
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
import typer
import yaml

from rfid_gateway.__main__ import run_gateway
from rfid_gateway.drivers.modbus_bus import BusSettings, ModbusBus
from rfid_gateway.drivers.modbus_client import LineSettings
from rfid_gateway.drivers.modbus_scan import Scanned, scan
from rfid_gateway.epc.identity import EpcIdentity, decode_epc, encode_epc
from rfid_gateway.modbus.decoding import decode as decode_registers
from rfid_gateway.modbus.map_import import profile_from_csv
from rfid_gateway.modbus.mbmap import profile_from_mbmap
from rfid_gateway.modbus.planning import line_load
from rfid_gateway.modbus.profile import Profile, Table, json_schema, load_profile, shipped_profiles
from rfid_gateway.modbus.replaying import PlayedMachine, replay_machine
from rfid_gateway.rfid import em4100, pn532
from rfid_gateway.rfid.llrp.codec import Frame, FrameSplitter, decode_message, split_one, to_plain
from rfid_gateway.rfid.llrp.layouts import MESSAGE_NUMBERS
from rfid_gateway.rfid.llrp.reports import ReportReader, TagReport
from rfid_gateway.simulators.serving import DeviceKind, Simulation, simulate
from rfid_gateway.transports.recording import read_recording
from rfid_gateway.uplink.configuration import parse_settings
from rfid_gateway.uplink.playing import REPLAYABLE, record, replay
from rfid_gateway.yaml_text import text_of
from server.commands.decoding_cures import curing
from server.console import AsJson, out, say, show, show_rows, warn
from server.octets import MARK, hex_digits, octets_of
from twin.errors import ConfigurationError, DecodeError, InputError
from twin.gs1.associations import invalid_pairs, missing_partners

is_group = True
command = typer.Typer(help=say("RFID readers and Modbus machines: run, simulate, decode."), no_args_is_help=True)
decoding = typer.Typer(help=say("Print what octets mean, as JSON."), no_args_is_help=True)
encoding = typer.Typer(help=say("Print the octets of an identity."), no_args_is_help=True)
command.add_typer(decoding, name="decode")
command.add_typer(encoding, name="encode")

Octets = Annotated[
    str,
    typer.Argument(
        metavar="HEX|FILE|-",
        help=say("Hex digits; a file that holds them or the octets themselves (@FILE); - for standard input."),
    ),
]


IsStream = Annotated[
    bool, typer.Option("--stream", help=say("The octets are a capture: one line of JSON for each message in it."))
]


def epc_view(found: EpcIdentity) -> dict[str, object]:
    """Give an identity as JSON values."""
    return {
        "scheme": found.scheme,
        "pure_identity": found.pure_identity,
        "tag_uri": found.tag_uri,
        "gs1_element_string": found.gs1_element_string,
        "digital_link": found.digital_link,
        "filter": found.filter,
        "hex": found.hex,
        **({"hostname": found.hostname} if found.hostname else {}),
        **({"data": [{"ai": key, "value": value} for key, value in found.data]} if found.data else {}),
        **({"further_data": found.further_data} if found.further_data else {}),
        **({"warnings": warned} if (warned := _association_warnings(found)) else {}),
    }


def _association_warnings(found: EpcIdentity) -> list[dict[str, object]]:
    """Give what a tag's identifiers break of GS1's rules on which belong together; the tag is read all the same."""
    keys = [key for key, _ in (*found.elements, *found.data)]
    pairs: list[dict[str, object]] = [{"code": "epc.pair", "identifiers": list(pair)} for pair in invalid_pairs(keys)]
    alone: list[dict[str, object]] = [
        {"code": "epc.partner", "identifiers": [one.identifier], "needs": list(one.groups)}
        for one in missing_partners(keys)
    ]
    return [*pairs, *alone]


@decoding.command("epc", help=say("Print scheme, URIs and GS1 element string of an EPC."))
@curing()
def decode_epc_command(octets: Octets) -> None:
    """Decode an EPC; half an octet at its end is taken, since memory is often printed digit by digit."""
    digits = hex_digits(octets)
    show(epc_view(decode_epc(octets_of(octets).hex() if digits is None else digits)))


@encoding.command(
    "epc", help=say("Print the hex of a tag URI, or of a GS1 Digital Link or element string by a scheme with a plus.")
)
@curing()
def encode_epc_command(
    uri: Annotated[str, typer.Argument(help=say("urn:epc:tag:…, https://id.gs1.org/… or (01)…"))],
    scheme: Annotated[
        str,
        typer.Option(help=say("Scheme of a pure identity; scheme with a plus, or with two to keep the link's host.")),
    ] = "",
    filter_value: Annotated[
        int, typer.Option("--filter", min=0, max=63, help=say("Filter, where no tag URI tells it."))
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Encode an EPC in whole 16-bit words."""
    written = encode_epc(uri.removeprefix(MARK), scheme=scheme, filter_value=filter_value)
    if as_json:
        show({"hex": written})
    else:
        out(written)


@decoding.command("llrp", help=say("Print an LLRP message."))
@curing()
def decode_llrp(
    octets: Octets,
    body_of: Annotated[
        str, typer.Option("--body-of", metavar="MESSAGE", help=say("The octets are the body of this message."))
    ] = "",
    is_stream: IsStream = False,
) -> None:
    """Decode one LLRP message with its header, a body whose message is named, or all messages of a stream."""
    given = octets_of(octets)
    if is_stream and not body_of:
        splitter, reader = FrameSplitter(), ReportReader()
        for frame in splitter.feed(given):
            show(_message_view(frame, reader))
        splitter.feed(b"")  # tells a broken header behind whole messages
        if splitter.waiting:
            # What came before it is told: a capture mostly ends in the middle of a message.
            raise DecodeError(
                f"LLRP stream: {splitter.waiting} octets of a message that is cut off.", code="llrp.short"
            )
        return
    frame = Frame(_message_number(body_of), 1, 0, given) if body_of else split_one(given)
    show(_message_view(frame, ReportReader()))


def _message_view(frame: Frame, reader: ReportReader) -> dict[str, object]:
    view = to_plain(decode_message(frame))
    if frame.number == MESSAGE_NUMBERS["RO_ACCESS_REPORT"]:
        view["tags"] = [_tag_view(tag) for tag in reader.read(frame.body)]
    view["problems"] = problems_of(view)
    return view


def _message_number(name: str) -> int:
    number = MESSAGE_NUMBERS.get(name.upper())
    if number is None:
        raise InputError(f"There is no LLRP message {name!r}; there are {', '.join(sorted(MESSAGE_NUMBERS))}.")
    return number


def _tag_view(tag: TagReport) -> dict[str, object]:
    octets = {"epc": tag.epc.hex().upper(), "tid": tag.tid.hex().upper() if tag.tid else None}
    return {**tag._asdict(), **octets}


def problems_of(view: object) -> list[dict[str, object]]:
    """Give the parameters of a decoded message that could not be read, wherever they stand."""
    if not isinstance(view, dict):
        return []
    own = [{"parameter": view["type"], "problem": view["problem"]}] if "problem" in view else []
    inside = view.get("parameters", ())
    return own + [problem for one in (inside if isinstance(inside, list) else ()) for problem in problems_of(one)]


@decoding.command("pn532", help=say("Print a PN532 frame."))
@curing()
def decode_pn532(octets: Octets, is_stream: IsStream = False) -> None:
    """Decode one PN532 frame, or all of a stream; the cards of an answer to InListPassiveTarget too."""
    if not is_stream:
        show(_pn532_view(pn532.decode_frame(octets_of(octets))))
        return
    decoder = pn532.Pn532Decoder()
    for frame in decoder.feed(octets_of(octets)):
        show(_pn532_view(frame))
    if decoder.problems or decoder.waiting:
        code = decoder.problems[0] if decoder.problems else "pn532.frame"
        raise DecodeError("PN532 stream: not all of it is whole frames; the whole ones are told.", code=code)


def _pn532_view(frame: pn532.Pn532Frame) -> dict[str, object]:
    view: dict[str, object] = {"kind": frame.kind.value}
    if frame.kind is pn532.FrameKind.DATA:
        view |= {
            "direction": f"{frame.direction:02X}",
            "command": f"{frame.command:02X}",
            "data": frame.data.hex().upper(),
        }
    if frame.command == pn532.IN_LIST_PASSIVE_TARGET + 1:
        view["targets"] = [
            {"uid": one.uid.hex().upper(), "sens_res": f"{one.sens_res:04X}", "sel_res": f"{one.sel_res:02X}"}
            for one in pn532.parse_targets(frame.data)
        ]
    return view


@decoding.command("em4100", help=say("Print the identity in an EM4100 (RDM6300) frame."))
@curing()
def decode_em4100(octets: Octets) -> None:
    """Decode one EM4100 frame: a serial reader's, or the 64 bits that the tag itself sends."""
    given = octets_of(octets)
    identity = em4100.decode_air_frame(given) if em4100.is_air_frame(given) else em4100.decode_frame(given)
    show({"identity": identity.hex().upper(), "bits": 40, "aliases": em4100.printed_numbers(identity)})


@decoding.command("modbus-profile", help=say("Print what registers mean by a profile."))
@curing()
def decode_modbus(
    profile: Annotated[str, typer.Argument(help=say("Name of a shipped profile, or a file."))],
    signal: Annotated[str, typer.Argument(help=say("Key of the signal; empty for the profile's own vectors."))] = "",
    registers: Annotated[
        list[str] | None, typer.Argument(help=say("Registers, decimal or 0x…; or all of them in hex (04B2FFFF)."))
    ] = None,
    exponent: Annotated[int | None, typer.Option(help=say("Content of the exponent register."))] = None,
) -> None:
    """Decode registers of one signal, or check a profile's vectors."""
    loaded = load_profile(profile)
    if not signal:
        show(_vectors(loaded))
        return
    found = loaded.by_key.get(signal)
    if found is None:
        raise InputError(f"Profile {loaded.name} has no signal {signal!r}; it has {', '.join(loaded.by_key)}.")
    decoded = decode_registers(found, registers_of(registers or ()), exponent)
    label = found.labels.get(int(decoded.value), "") if isinstance(decoded.value, float) else ""
    show({"signal": signal, "value": decoded.value, "quality": decoded.quality.name.lower(), "label": label})


def registers_of(texts: Sequence[str]) -> list[int]:
    """Give registers as they are written: decimal numbers, ``0x`` and hex, or several registers in hex at once.

    Digits alone are decimal, as in most manuals; what has letters and four digits for each register is hex.

    Raises
    ------
    DecodeError
        If a text is none of these.

    Examples
    --------
    >>> registers_of(["235", "0x8000", "04B2FFFF"])
    [235, 32768, 1202, 65535]
    """
    words: list[int] = []
    for text in " ".join(texts).replace(",", " ").split():
        if re.fullmatch(r"\d{1,5}", text, re.ASCII):
            words.append(int(text))
        elif re.fullmatch(r"0[xX][0-9A-Fa-f]{1,4}", text):
            words.append(int(text, 16))
        elif re.fullmatch(r"(?:0[xX])?(?:[0-9A-Fa-f]{4})+", text):
            octets = bytes.fromhex(text.lower().removeprefix("0x"))
            words += struct.unpack(f">{len(octets) // 2}H", octets)
        else:
            raise DecodeError(f"Expected registers as numbers or hex, got {text[:40]!r}.", code="modbus.registers")
    return words


@contextmanager
def _told_as_wrong_use() -> Iterator[None]:
    """Tell what a file or an option says wrongly as such: whoever wrote it must mend it, not the machine."""
    try:
        yield
    except ConfigurationError as error:
        raise InputError(error.message, code=error.code) from error


def _vectors(profile: Profile) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for vector in profile.vectors:
        decoded = decode_registers(profile.by_key[vector.signal], vector.registers, vector.exponent)
        rows.append(
            {"signal": vector.signal, "registers": vector.registers, "value": decoded.value, "expected": vector.value}
        )
    return rows


@command.command("check", help=say("Check a profile; print its requests, bus load and feasible period."))
def check_profile(
    file: Annotated[str, typer.Argument(help=say("Name of a shipped profile, or a file."))] = "",
    baud: Annotated[int, typer.Option(min=300, help=say("Bits per second of the serial line."))] = 9600,
    machines: Annotated[int, typer.Option(min=1, help=say("Machines on the line."))] = 1,
    is_schema: Annotated[bool, typer.Option("--schema", help=say("Print the JSON Schema of profiles."))] = False,
    as_json: AsJson = False,
) -> None:
    """Print the request plan of a profile."""
    if is_schema:
        sys.stdout.write(json_schema() + "\n")
        return
    if not file:
        show_rows([{"profile": name} for name in shipped_profiles()], columns=("profile",), as_json=as_json)
        return
    profile = load_profile(file)
    with _told_as_wrong_use():
        load = line_load(profile, baud=baud, machines=machines)
    rows = [
        {
            "class": one.poll.value,
            "period_s": one.period_s,
            "table": request.table.value,
            "address": request.address,
            "count": request.count,
            "signals": ", ".join(slot.signal.key for slot in request.slots),
        }
        for one in load.classes
        for request in one.requests
    ]
    if as_json:
        plain = [{**row, "period_s": None if row["class"] == "once" else row["period_s"]} for row in rows]
        feasible = load.feasible_fast_s if load.feasible_fast_s != float("inf") else None
        show({"profile": profile.name, "requests": plain, "load_share": load.load_share, "feasible_fast_s": feasible})
        return
    show_rows(rows, columns=("class", "period_s", "table", "address", "count", "signals"), as_json=False)
    out(
        say(
            "{machines} machine(s) at {baud} baud: line loaded {load:.0%}, fastest feasible period {feasible:.2f} s.",
            machines=machines,
            baud=baud,
            load=load.load_share,
            feasible=load.feasible_fast_s,
        )
    )


@command.command("import-map", help=say("Make a profile (YAML) of a table of registers (CSV) or an MBMap (JSON)."))
def import_map(
    file: Annotated[Path, typer.Argument(help=say("CSV or JSON file."), exists=True, dir_okay=False)],
    name: Annotated[str, typer.Option(help=say("Name of the profile."))],
    base: Annotated[int | None, typer.Option(min=0, max=1, help=say("Whether addresses count from 0 or 1."))] = None,
) -> None:
    """Print the profile that a table describes, and beside it what of the table is not in it."""
    text = text_of(file, cure="See docs/guides/gateways.md.")
    if file.suffix.lower() == ".json":
        found = profile_from_mbmap(text, file.name, name=name, address_base=base)
        profile = found.profile
        for one in found.left_out:
            sys.stderr.write(f"{one.place}: {one.message} {one.cure}\n")
    else:
        profile = profile_from_csv(text, file.name, name=name, address_base=base or 0)
    plain = profile.model_dump(mode="json", exclude_defaults=True)
    sys.stdout.write(yaml.safe_dump(plain, allow_unicode=True, sort_keys=False))


@command.command("scan", help=say("Find out which addresses of a Modbus machine can be read; nothing is written."))
def scan_machine(
    address: Annotated[str, typer.Argument(metavar="HOST:PORT", help=say("Network address of the machine."))],
    unit: Annotated[int, typer.Option(min=1, max=255, help=say("Unit id."))] = 1,
    table: Annotated[Table, typer.Option(help=say("Which table."))] = Table.HOLDING_REGISTERS,
    first: Annotated[int, typer.Option(min=0, max=65_535, help=say("First address."))] = 0,
    last: Annotated[int, typer.Option(min=0, max=65_535, help=say("Last address."))] = 999,
    as_json: AsJson = False,
) -> None:
    """Scan a range of a machine's addresses."""
    host, _, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")  # an IPv6 address
    if not host or not port.isdigit() or not 0 < int(port) < 65_536:
        raise InputError(f"Expected HOST:PORT, got {address!r}.")
    if first > last:
        raise InputError(f"Expected a range of addresses that rises, got {first} to {last}.")
    found = asyncio.run(_scan(host, int(port), (unit, table), (first, last)))
    rows = [
        {
            "table": one.table.value,
            "first": one.first,
            "count": len(one.values),
            "values": one.values if as_json else ", ".join(map(str, one.values)),
        }
        for one in found.readable
    ]
    show_rows(rows, columns=("table", "first", "count", "values"), as_json=as_json)
    if not rows:
        codes = ", ".join(map(str, sorted(found.refusals)))
        text = (
            "Unit {unit} gives no address from {first} to {last} (exception {codes}): try another table, unit or range."
        )
        warn(say(text, unit=unit, first=first, last=last, codes=codes))


async def _scan(host: str, port: int, where: tuple[int, Table], span: tuple[int, int]) -> Scanned:
    bus = ModbusBus(BusSettings(line=LineSettings(host=host, port=port, answer_s=2.0)))
    try:
        return await scan(bus, *where, *span)
    finally:
        bus.close()


def _until_stopped(work: Callable[[], object]) -> None:
    try:
        work()
    except KeyboardInterrupt:
        out(say("Stopped."))


@command.command("run", help=say("Serve readers and machines and send what they say to the core."))
def run(
    file: Annotated[Path, typer.Argument(help=say("Settings of the gateway (YAML)."), exists=True, dir_okay=False)],
    seconds: Annotated[float, typer.Option("--for", min=0, help=say("Stop after so many seconds; 0: never."))] = 0.0,
) -> None:
    """Run a gateway until it is interrupted."""
    _until_stopped(lambda: asyncio.run(run_gateway(file, seconds)))


@command.command("record", help=say("Write down all that goes over the line of one device of a gateway."))
def record_command(
    file: Annotated[Path, typer.Argument(help=say("Settings of the gateway (YAML)."), exists=True, dir_okay=False)],
    device: Annotated[str, typer.Argument(help=say("Id of a reader or machine."))],
    to: Annotated[Path, typer.Argument(metavar="RECORDING", help=say("Where the recording goes."), dir_okay=False)],
    seconds: Annotated[float, typer.Option("--for", min=0, help=say("Stop after so many seconds; 0: never."))] = 0.0,
) -> None:
    """Record a device until it is interrupted; nothing is spooled or sent."""
    settings = parse_settings(file.read_text(encoding="utf-8"), file.name)
    known = [*(one.id for one in settings.readers), *(one.id for one in settings.machines)]
    if device not in known:
        # Before the file is opened, which would empty an earlier recording for a slip of the pen.
        raise InputError(f"{file.name} has no reader or machine {device!r}; it has {', '.join(known)}.")

    def work() -> None:
        with to.open("w", encoding="ascii") as recording:
            count = asyncio.run(record(settings, device, recording, seconds=seconds))
        out(say("{count} readings of {device} are in {file}.", count=count, device=device, file=str(to)))

    _until_stopped(work)


@command.command("replay", help=say("Play a recording to its device's driver and print readings or values, as JSON."))
def replay_command(
    recording: Annotated[Path, typer.Argument(help=say("Recording."), exists=True, dir_okay=False)],
    kind: Annotated[str, typer.Option(help=say("Kind of reader: {kinds}.", kinds=", ".join(REPLAYABLE)))] = "llrp",
    speed: Annotated[float, typer.Option(min=0, help=say("Recorded seconds per second; 0: as fast as it goes."))] = 0.0,
    profile: Annotated[str, typer.Option(help=say("Profile of the machine, for a recorded Modbus line."))] = "",
    unit: Annotated[
        int, typer.Option(min=0, max=255, help=say("Unit on the Modbus line; 0: the one that was asked first."))
    ] = 0,
) -> None:
    """Print what the real driver makes of a recording, with the times of the recording."""
    with recording.open(encoding="ascii", errors="replace") as lines:
        pieces = read_recording(lines)
    if profile:
        show(_played_machine(replay_machine(pieces, load_profile(profile), unit=unit)))
        return
    played = asyncio.run(replay(pieces, kind, speed=speed or float("inf")))
    show(
        {
            "readings": [msgspec.to_builtins(one) for one in played.readings],
            "statuses": [{"at": one.at, "status": one.status.value, "detail": one.detail} for one in played.statuses],
        }
    )


def _played_machine(played: PlayedMachine) -> dict[str, object]:
    samples = [
        {
            "quantity": one.quantity,
            "at": one.at,
            "value": None if math.isnan(one.value) else one.value,
            "quality": one.quality.name.lower(),
        }
        for one in played.samples
    ]
    return {**msgspec.to_builtins(msgspec.structs.replace(played, samples=[])), "samples": samples}


@command.command("simulate", help=say("Serve simulated readers or machines that speak the real protocols."))
def simulate_command(
    kind: Annotated[DeviceKind, typer.Argument(help=say("What to simulate."))],
    port: Annotated[int, typer.Option(min=0, max=65_535, help=say("First port; 0 for any free ones."))] = 0,
    count: Annotated[int, typer.Option(min=1, max=500, help=say("How many."))] = 1,
    profile: Annotated[str, typer.Option(help=say("Profile of the machines."))] = "generic-steam-sterilizer",
    fault: Annotated[str, typer.Option(help=say("What they do wrong."))] = "none",
    is_serial: Annotated[
        bool, typer.Option("--serial", help=say("Machines or Chafon readers on a pseudo-terminal."))
    ] = False,
    seconds: Annotated[float, typer.Option("--for", min=0, help=say("Stop after so many seconds; 0: never."))] = 0.0,
) -> None:
    """Serve simulated devices until interrupted; PN532 and EM4100 are on pseudo-terminals."""
    if kind is DeviceKind.MODBUS:
        load_profile(profile)

    def tell(name: str, address: str) -> None:
        out(f"{name}\t{address}")

    wanted = Simulation(
        kind=kind, port=port, count=count, profile=profile, fault=fault, is_serial=is_serial, seconds=seconds
    )
    with _told_as_wrong_use():
        _until_stopped(lambda: asyncio.run(simulate(wanted, tell)))
