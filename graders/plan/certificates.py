"""The CA of a student's lab, and the certificate of its applications.

Like the numbers of the plan they follow from the student's name, so that every
start has the same ones, and a check knows the CA without reading it from the
cluster. The keys protect nothing: anyone with the kit can compute them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from graders.plan.plan import Plan

_CURVE: Final = ec.SECP256R1()
# Private keys of the curve are from 1 to below its order.
_ORDER: Final = (
    0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
)
_BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)
_END: Final = datetime(2046, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Certificates:
    """PEM texts: the CA, and a certificate with its key."""

    ca: str
    certificate: str
    key: str


@cache
def certificates(plan: Plan) -> Certificates:
    """Return the lab's CA and its certificate for all names of the domain."""
    issuer = _name(f"{plan.student}'s lab CA")
    ca_key = _key(f"{plan.student} CA")
    key = _key(f"{plan.student} applications")
    ca = _sign(
        _builder(issuer, issuer, ca_key, 1)
        .add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        .add_extension(_usage(signs_certificates=True), critical=True),
        ca_key,
    )
    own_names = x509.SubjectAlternativeName([x509.DNSName(f"*.{plan.domain}")])
    issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(
        ca_key.public_key()
    )
    certificate = _sign(
        _builder(issuer, _name(f"*.{plan.domain}"), key, 2)
        .add_extension(own_names, critical=False)
        .add_extension(issuer_key, critical=False)
        .add_extension(_usage(signs_certificates=False), critical=True),
        ca_key,
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return Certificates(ca, certificate, pem.decode())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _key(text: str) -> ec.EllipticCurvePrivateKey:
    digest = hashlib.sha256(text.encode()).digest()
    number = int.from_bytes(digest, "big") % (_ORDER - 1) + 1
    return ec.derive_private_key(number, _CURVE)


def _builder(
    issuer: x509.Name,
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    serial: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(_BEGIN)
        .not_valid_after(_END)
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()),
            critical=False,
        )
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _sign(
    builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey
) -> str:
    signed = builder.sign(key, hashes.SHA256(), ecdsa_deterministic=True)
    return signed.public_bytes(serialization.Encoding.PEM).decode()
