"""The in-toto Statement of a submission: which files belong to which result.

Its predicate is test-result v0.1, see
https://github.com/in-toto/attestation/blob/main/spec/predicates/test-result.md
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from graders.classroom.envelope import (
    NotVerified,
    peek,
    sign_document,
    verify_document,
)
from graders.classroom.keys import public_hex
from graders.errors import MALFORMED, one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from securesystemslib.signer import CryptoSigner

    from graders.classroom.submission import SubmittedPlan
    from graders.grading.result import GradeResult

TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE: Final = "https://in-toto.io/attestation/test-result/v0.1"
PAYLOAD: Final = "application/vnd.in-toto+json"


def sign(
    members: Mapping[str, bytes],
    predicate: Mapping[str, Any],
    signer: CryptoSigner,
) -> str:
    """Return the signed statement about these files, as an envelope.

    `predicate` gets the public key, by which it is verified.
    """
    statement = {
        "_type": TYPE,
        "subject": [
            {"name": name, "digest": {"sha256": sha256(content).hexdigest()}}
            for name, content in sorted(members.items())
        ],
        "predicateType": PREDICATE,
        "predicate": {**predicate, "key": public_hex(signer)},
    }
    return sign_document(statement, PAYLOAD, signer)


def summary_of(result: GradeResult, plan: SubmittedPlan) -> dict[str, Any]:
    """Return the fields of a predicate that repeat the signed files."""
    passed = [one.name for one in result.checks if one.outcome == "pass"]
    return {
        "result": "PASSED" if result.solved else "FAILED",
        "passedTests": passed,
        "failedTests": [one.name for one in result.failed],
        "kit": plan.kit,
        "recipe": plan.recipe,
        "lab": plan.lab,
        "student": plan.student,
    }


def verify(text: str, members: Mapping[str, bytes]) -> dict[str, Any]:
    """Return the predicate of a statement that fits the files.

    It was signed by its `key`, the student's own, which is known from nowhere
    else: it shows that the files belong together, and which submissions one
    key has signed.

    Raises:
        NotVerified: it does not; each problem is one line.

    """
    try:
        public = peek(text, PAYLOAD)["predicate"]["key"]
        if not isinstance(public, str):
            raise TypeError(public)
    except MALFORMED as error:
        raise _malformed(error) from None
    document = verify_document(text, PAYLOAD, public)
    try:
        problems = _problems(document, members)
    except MALFORMED as error:
        raise _malformed(error) from None
    if problems:
        raise NotVerified(*problems)
    predicate: dict[str, Any] = document["predicate"]
    return predicate


def _problems(
    statement: dict[str, Any], members: Mapping[str, bytes]
) -> list[str]:
    """Return what of a statement does not fit the files."""
    expected = {"_type": TYPE, "predicateType": PREDICATE}
    problems = [
        f"expected {name} {value}, not {one_line(str(statement[name]), 100)}"
        for name, value in expected.items()
        if statement[name] != value
    ]
    digests = {
        str(one["name"]): one["digest"]["sha256"]
        for one in statement["subject"]
    }
    problems += [
        f"{one_line(name, 100)} is signed and missing"
        for name in sorted(digests.keys() - members.keys())
    ]
    for name, content in sorted(members.items()):
        if name not in digests:
            problems.append(f"{name} is not signed")
        elif digests[name] != sha256(content).hexdigest():
            problems.append(f"{name} was changed after it was signed")
    return problems


def _malformed(error: Exception) -> NotVerified:
    what = one_line(f"{type(error).__name__}: {error}", 100)
    return NotVerified(f"it is no statement of `lab submit`: {what}")
