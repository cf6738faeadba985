"""What an application proves itself with is read whole and safely, or refused with a reason."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from postroom.domain.oauth import Assertion, Certificate, ServiceAccount
from postroom.domain.secret import Reference, Secret
from postroom.domain.section import DEFAULT, Value
from postroom.domain.settings import OAuth, Server
from postroom.errors import ConfigError, FileError, PostroomError
from postroom.oauth.proof import certificate_ends, read_proof

AUTHORITY = trustme.CA()


def server(**values: object) -> Server:
    return Server("main", oauth=OAuth({key: Value(value, DEFAULT) for key, value in values.items()}))


def secret_of(reference: Reference) -> Secret:
    return Secret(f"what {reference} holds")


def refused(made: Server, flow: str | None = None) -> PostroomError:
    with pytest.raises(PostroomError) as found:
        read_proof(made, secret_of, flow=flow)
    return found.value


def private(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    path.chmod(0o600)
    return str(path)


def pem(key: Any, *, passphrase: bytes = b"") -> bytes:
    locked = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    found: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked)
    return found


def certificate(path: Path, *, kind: trustme.KeyType = trustme.KeyType.RSA) -> dict[str, str]:
    leaf = AUTHORITY.issue_cert("postroom.example.test", key_type=kind)
    chain = b"".join(
        [b"subject=postroom\n", *(one.bytes() for one in leaf.cert_chain_pems), AUTHORITY.cert_pem.bytes()]
    )
    (path / "app.pem").write_bytes(chain)
    return {
        "certificate": str(path / "app.pem"),
        "certificate_key": private(path / "app.key", leaf.private_key_pem.bytes()),
    }


def test_a_public_client_proves_nothing() -> None:
    assert read_proof(server(flow="browser"), secret_of) is None


def test_a_secret_and_an_assertion_are_read_where_they_are_kept() -> None:
    reference = Reference("keyring", "smtp/main/oauth/client_secret")
    assert read_proof(server(client_secret=reference), secret_of) == secret_of(reference)
    assertion = read_proof(server(assertion=Reference("file", "/run/token")), secret_of)
    assert assertion == Assertion(secret_of(Reference("file", "/run/token")))


@pytest.mark.parametrize("kind", [trustme.KeyType.RSA, trustme.KeyType.ECDSA])
def test_a_certificate_is_the_first_of_its_file_with_its_key(tmp_path: Path, kind: trustme.KeyType) -> None:
    files = certificate(tmp_path, kind=kind)
    proof = read_proof(server(**files), secret_of)
    assert isinstance(proof, Certificate)
    assert proof.pem.count(b"BEGIN") == 1
    assert "PRIVATE KEY" in proof.key.reveal()
    ends = certificate_ends(Path(files["certificate"]))
    assert ends is not None
    assert ends > date(2026, 1, 1)
    assert certificate_ends(tmp_path / "nothing") is None


def test_a_link_leads_to_a_key(tmp_path: Path) -> None:
    files = certificate(tmp_path)
    link = tmp_path / "link.key"
    link.symlink_to(files["certificate_key"])
    assert read_proof(server(**{**files, "certificate_key": str(link)}), secret_of)


def test_the_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    files = certificate(tmp_path)
    other = private(tmp_path / "other.key", AUTHORITY.issue_cert("x.test").private_key_pem.bytes())
    error = refused(server(**{**files, "certificate_key": other}))
    assert (error.code, error.exit) == ("oauth.certificate_unusable", 78)
    assert "is not the key of" in error.message


RSA = rsa.generate_private_key(65537, 2048)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no RSA or EC key"),
        (b"-----BEGIN PRIVATE KEY-----\nsentinel\n-----END PRIVATE KEY-----\n", "no RSA or EC key"),
        (b"\xff\xfe", "no RSA or EC key"),
        (pem(RSA, passphrase=b"p"), "passphrase"),
        (pem(ed25519.Ed25519PrivateKey.generate()), "no RSA or EC key"),
        (pem(rsa.generate_private_key(65537, 1024)), "1024 bits"),  # noqa: S505 - too short is the subject
    ],
    ids=["empty", "damaged", "binary", "locked", "another kind", "too short"],
)
def test_a_key_that_cannot_sign_is_refused(tmp_path: Path, data: bytes, words: str) -> None:
    files = certificate(tmp_path)
    error = refused(server(**{**files, "certificate_key": private(tmp_path / "bad.key", data)}))
    assert error.code == "oauth.certificate_unusable"
    assert words in error.message
    assert "sentinel" not in f"{error.message} {error.__cause__!r} {error.__context__!r}"


def test_a_certificate_that_is_none_is_refused(tmp_path: Path) -> None:
    files = certificate(tmp_path)
    for data in (b"nothing", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        Path(files["certificate"]).write_bytes(data)
        assert "no certificate in PEM format" in refused(server(**files)).message


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    files = certificate(tmp_path)
    Path(files["certificate_key"]).chmod(0o644)
    error = refused(server(**files))
    assert isinstance(error, FileError)
    assert error.code == "file.unsafe"
    assert "chmod" in error.hint


@pytest.mark.parametrize("missing", ["certificate", "certificate_key"])
def test_a_file_that_is_not_there_is_named(tmp_path: Path, missing: str) -> None:
    files = certificate(tmp_path)
    Path(files[missing]).unlink()
    error = refused(server(**files))
    assert (error.code, error.exit) == ("file.missing", 66)
    assert files[missing] in error.message


def test_a_certificate_wants_its_key() -> None:
    error = refused(server(certificate="/x/app.pem"))
    assert error.code == "oauth.no_proof"
    assert error.hint == "postroom smtp set main --certificate-key FILE"


def test_an_application_that_acts_for_itself_has_to_prove_itself() -> None:
    assert refused(server(flow="client-credentials")).code == "oauth.no_proof"
    assert refused(server(), flow="client-credentials").code == "oauth.no_proof"
    assert refused(server(flow="service-account")).code == "oauth.no_proof"


def test_two_proofs_are_one_too_many() -> None:
    both = server(client_secret=Reference("env", "A"), assertion=Reference("env", "B"))
    error = refused(both)
    assert isinstance(error, ConfigError)
    assert (error.code, error.hint) == ("oauth.several_proofs", "postroom smtp set main --unset oauth.assertion")


ACCOUNT: Mapping[str, Any] = {
    "type": "service_account",
    "client_email": "x@project.test",
    "private_key_id": "7",
    "private_key": pem(RSA).decode(),
    "token_uri": "https://oauth2.test/token",
}


def account(path: Path, data: bytes) -> Server:
    return server(flow="service-account", service_account=private(path / "key.json", data))


def test_the_key_file_of_a_service_account_is_read(tmp_path: Path) -> None:
    proof = read_proof(account(tmp_path, json.dumps(ACCOUNT).encode()), secret_of)
    assert proof == ServiceAccount("x@project.test", "7", Secret(ACCOUNT["private_key"]), "https://oauth2.test/token")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not JSON"),
        (b"[]", "not JSON"),
        (b"[" * 60000, "not JSON"),
        (b"\xff", "not JSON"),
        (b'{"installed": {"client_id": "x"}}', "an application that a person logs in with"),
        (b'{"web": {}}', "an application that a person logs in with"),
        (b"{}", "type is not service_account"),
        (json.dumps({**ACCOUNT, "private_key_id": 7}).encode(), "no usable private_key_id"),
        (json.dumps({**ACCOUNT, "token_uri": "http://oauth2.test/token"}).encode(), "no usable token_uri"),
        (json.dumps({**ACCOUNT, "private_key": "sentinel"}).encode(), "no usable private_key"),
        (json.dumps({**ACCOUNT, "private_key": "-----BEGIN sentinel"}).encode(), "private_key cannot be used"),
    ],
    ids=range(11),
)
def test_a_key_file_that_is_none_is_refused(tmp_path: Path, data: bytes, words: str) -> None:
    error = refused(account(tmp_path, data))
    assert (error.code, error.exit) == ("oauth.service_account_unusable", 78)
    assert words in error.message
    assert "sentinel" not in f"{error.message} {error.__cause__!r} {error.__context__!r}"


def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    made = account(tmp_path, json.dumps(ACCOUNT).encode())
    (tmp_path / "key.json").chmod(0o644)
    assert refused(made).code == "file.unsafe"
