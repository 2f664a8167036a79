"""Makes the authority and the server's certificate, and renews the latter before it ends."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from twin.errors import ConfigurationError

AUTHORITY_DAYS = 3650
SERVER_DAYS = 397
"""Life of a server's certificate: Apple's systems refuse more than 825 days, and a short one limits a stolen key."""
RENEW_DAYS = 30
_SKEW = timedelta(days=1)  # a phone whose clock is behind must not find the certificate from tomorrow

PRIVATE_NETWORKS = (
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "fc00::/7",
    "fe80::/10",
    "::1/128",
)
INNER_DOMAINS = ("localhost", "local", "lan", "internal", "home.arpa")
"""Names of inner networks: RFC 6762 (local), RFC 8375 (home.arpa), ICANN 2024 (internal), and what routers give."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """The hospital's authority as phones get it.

    Parameters
    ----------
    der, pem : bytes
        Its certificate; never the key.
    fingerprint : str
        SHA-256 of the certificate, hexadecimal pairs parted by colons, as systems show it.
    name : str
        What systems list it as.
    expires_at : datetime
        Its last instant.
    """

    der: bytes
    pem: bytes
    fingerprint: str
    name: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """A server's certificate in force.

    Parameters
    ----------
    certificate, key : Path
        Files for the server.
    authority : Authority
        Who signed it.
    names : tuple[str, ...]
        Names and addresses that it holds for.
    is_new : bool
        Whether it was made just now.
    """

    certificate: Path
    key: Path
    authority: Authority
    names: tuple[str, ...]
    is_new: bool


def certify(folder: Path, *, names: Sequence[str], site: str, now: datetime, further: Sequence[str] = ()) -> Certified:
    """Give the server's certificate for some names; authority and certificate are made or renewed as needed.

    Parameters
    ----------
    folder : Path
        Where they are kept, readable by the owner only.
    names : Sequence[str]
        Host names and addresses under which people reach the server, at least one.
    site : str
        Name of the hospital.
    now : datetime
        The present instant, aware.
    further : Sequence[str]
        Names and addresses that this machine knows of itself; those that the authority may not sign for are left out,
        so that a machine which moves to another network still starts.

    Raises
    ------
    ConfigurationError
        If the authority, made for other names, may not sign for one of ``names``, or its files cannot be read.
    """
    asked = _plain(names)
    if not asked:
        raise ConfigurationError("Expected at least one name for the certificate: give --name.")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    own, key = _authority_in(folder, _plain([*asked, *further]), site, now)
    _check_covered(own, asked, folder)
    wanted = _plain([*asked, *(name for name in _plain(further) if _is_covered(own, name))])
    certificate_file, key_file = folder / "server.pem", folder / "server.key"
    is_new = not _is_good(certificate_file, key_file, own, wanted, now)
    if is_new:
        _make_server(certificate_file, key_file, (own, key), wanted, now)
    return Certified(certificate=certificate_file, key=key_file, authority=_told(own), names=wanted, is_new=is_new)


def _plain(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip().lower() for name in names if name.strip()))


def _told(certificate: x509.Certificate) -> Authority:
    digest = certificate.fingerprint(hashes.SHA256()).hex().upper()
    [name] = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return Authority(
        der=certificate.public_bytes(serialization.Encoding.DER),
        pem=certificate.public_bytes(serialization.Encoding.PEM),
        fingerprint=":".join(digest[at : at + 2] for at in range(0, len(digest), 2)),
        name=str(name.value),
        expires_at=certificate.not_valid_after_utc,
    )


def _authority_in(
    folder: Path, names: Sequence[str], site: str, now: datetime
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    certificate_file, key_file = folder / "authority.pem", folder / "authority.key"
    if not certificate_file.exists() and not key_file.exists():
        _make_authority(certificate_file, key_file, names, site, now)
    try:
        certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise ConfigurationError(
            f"The authority in {folder} cannot be read: {error}. Restore both files from a backup, or move the folder "
            "away to make a new authority, which every phone must be told anew."
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise ConfigurationError(f"authority.key in {folder} does not belong to authority.pem: restore both together.")
    return certificate, key


def _make_authority(certificate_file: Path, key_file: Path, names: Sequence[str], site: str, now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    # two hospitals, or two tries of one, must not look alike in a phone's list
    mark = x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest.hex()[:6]
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{site[:40]} - Hospital Twin {mark}")])
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        _builder(subject, subject, key, now, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        # whoever steals the key can speak for inner names only, never for a bank
        .add_extension(x509.NameConstraints(_permitted(names), None), critical=True)
        .sign(key, hashes.SHA256())
    )
    _write(key_file, _private(key))
    _write(certificate_file, certificate.public_bytes(serialization.Encoding.PEM))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now.astimezone(UTC) - _SKEW)
        .not_valid_after(now.astimezone(UTC) + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _permitted(names: Sequence[str]) -> list[x509.GeneralName]:
    networks: list[Network] = [ipaddress.ip_network(each) for each in PRIVATE_NETWORKS]
    domains = list(INNER_DOMAINS)
    for name in names:
        address = _address(name)
        if address is None:
            domains.append(name)
        elif not any(address in network for network in networks):
            networks.append(ipaddress.ip_network(address))
    return [
        *(x509.DNSName(domain) for domain in dict.fromkeys(domains)),
        *(x509.IPAddress(network) for network in networks),
    ]


def _address(name: str) -> Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _permitted_by(authority: x509.Certificate) -> tuple[list[str], list[Network]]:
    permitted = authority.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees or []
    domains = [str(each.value) for each in permitted if isinstance(each, x509.DNSName)]
    networks: list[Network] = [
        each.value
        for each in permitted
        if isinstance(each, x509.IPAddress) and isinstance(each.value, ipaddress.IPv4Network | ipaddress.IPv6Network)
    ]
    return domains, networks


def _is_covered(authority: x509.Certificate, name: str) -> bool:
    domains, networks = _permitted_by(authority)
    address = _address(name)
    if address is None:
        return any(name == domain or name.endswith(f".{domain}") for domain in domains)
    return any(address in network for network in networks)


def _check_covered(authority: x509.Certificate, names: Sequence[str], folder: Path) -> None:
    for name in names:
        if not _is_covered(authority, name):
            domains, _ = _permitted_by(authority)
            raise ConfigurationError(
                f"The authority in {folder} may not sign for {name!r}: it was made for {', '.join(domains)} and "
                "private addresses. Leave the name out, or move the folder away to make a new authority, which every "
                "phone must be told anew."
            )


def _is_good(
    certificate_file: Path, key_file: Path, authority: x509.Certificate, names: Sequence[str], now: datetime
) -> bool:
    try:
        known = x509.load_pem_x509_certificate(certificate_file.read_bytes())
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
        known.verify_directly_issued_by(authority)
    except Exception:  # whatever is wrong with it, another one is made
        return False
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != known.public_key():
        return False
    told = known.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    held = {str(each) for each in told.get_values_for_type(x509.DNSName)}
    held |= {str(each) for each in told.get_values_for_type(x509.IPAddress)}
    return set(names) <= held and known.not_valid_after_utc - now > timedelta(days=RENEW_DAYS)


def _make_server(
    certificate_file: Path,
    key_file: Path,
    signer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey],
    names: Sequence[str],
    now: datetime,
) -> None:
    authority, authority_key = signer
    key = ec.generate_private_key(ec.SECP256R1())
    alternatives = [
        x509.DNSName(name) if (address := _address(name)) is None else x509.IPAddress(address) for name in names
    ]
    issuer_id = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    days = min(SERVER_DAYS, (authority.not_valid_after_utc - now).days)
    certificate = (
        # a common name with a blank is no host name, so that name constraints are not applied to it
        _builder(
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Hospital Twin server")]),
            authority.subject,
            key,
            now,
            days,
        )
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_id), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    _write(key_file, _private(key))
    _write(certificate_file, certificate.public_bytes(serialization.Encoding.PEM))


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(file: Path, content: bytes) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    draft = file.with_suffix(f"{file.suffix}.new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(file)
