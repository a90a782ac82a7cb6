"""The lab's CA, and the certificate that it signs."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from graders.plan.certificates import certificates
from graders.plan.plan import make_plan


def test_a_name_has_the_same_ones_each_time() -> None:
    """A start does not change what an earlier one has given to clients."""
    first = certificates(make_plan())
    certificates.cache_clear()

    assert certificates(make_plan()) == first
    assert certificates(make_plan("ada")) != certificates(make_plan())


def test_the_ca_has_signed_the_certificate_of_all_names() -> None:
    """It is for every name of the domain, and belongs to the key."""
    found = certificates(make_plan("ada"))
    ca = x509.load_pem_x509_certificate(found.ca.encode())
    leaf = x509.load_pem_x509_certificate(found.certificate.encode())
    key = serialization.load_pem_private_key(found.key.encode(), None)
    names = leaf.extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )

    leaf.verify_directly_issued_by(ca)
    ca.verify_directly_issued_by(ca)

    assert names.value.get_values_for_type(x509.DNSName) == ["*.ada.example"]
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.public_key() == leaf.public_key()
    assert leaf.not_valid_after_utc <= ca.not_valid_after_utc
