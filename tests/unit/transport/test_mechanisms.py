"""SASL mechanisms, with the vectors of their RFCs, and the choice among them."""

import json

import pytest

from postroom.desk.mechanisms import make_mechanism as make
from postroom.domain.secret import Credential, Secret
from postroom.errors import SecretError
from postroom.transport.mechanisms import ORDER, choose
from postroom.transport.mechanisms.base import ChallengeError, Mechanism
from postroom.transport.mechanisms.cram_md5 import CramMd5
from postroom.transport.mechanisms.external import External
from postroom.transport.mechanisms.login import Login
from postroom.transport.mechanisms.oauthbearer import OAuthBearer
from postroom.transport.mechanisms.plain import Plain
from postroom.transport.mechanisms.saslprep import saslprep
from postroom.transport.mechanisms.scram_sha_256 import MOST_ITERATIONS, ScramSha256
from postroom.transport.mechanisms.xoauth2 import XOAuth2

ALL = ("CRAM-MD5", "EXTERNAL", "LOGIN", "NTLM", "OAUTHBEARER", "PLAIN", "SCRAM-SHA-256", "XOAUTH2")

# RFC 7677 section 3.
NONCE = "rOprNGfwEbeRWgbNEkqO"
SERVER_FIRST = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
CLIENT_FINAL = (
    b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
)
SERVER_FINAL = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


def scram() -> ScramSha256:
    return ScramSha256("user", "pencil", NONCE)


def test_scram_speaks_the_dialogue_of_its_rfc() -> None:
    mechanism = scram()
    assert mechanism.initial == b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
    assert mechanism.respond(SERVER_FIRST) == CLIENT_FINAL
    assert mechanism.respond(SERVER_FINAL) == b""
    mechanism.finish()


@pytest.mark.parametrize(
    "challenge",
    [
        b"",
        b"r=another,s=W22Z,i=4096",
        SERVER_FIRST.replace(b"%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0", b""),
        SERVER_FIRST.replace(b"4096", b"4095"),
        SERVER_FIRST.replace(b"4096", str(MOST_ITERATIONS + 1).encode()),
        SERVER_FIRST.replace(b"4096", b"9" * 100),
        SERVER_FIRST.replace(b"4096", "４０９６".encode()),
        SERVER_FIRST.replace(b"W22ZaJ0SNY7soEsUEjb6gQ==", b""),
        SERVER_FIRST.replace(b"W22ZaJ0SNY7soEsUEjb6gQ==", b"!!!"),
        b"m=extension," + SERVER_FIRST,
        b"\xff" + SERVER_FIRST,
    ],
)
def test_scram_refuses_a_first_message_that_is_wrong(challenge: bytes) -> None:
    with pytest.raises(ChallengeError):
        scram().respond(challenge)


@pytest.mark.parametrize(
    "challenge", [b"", b"e=invalid-proof", b"v=!!", SERVER_FINAL.replace(b"6rri", b"7rri"), SERVER_FIRST]
)
def test_scram_believes_only_the_right_signature(challenge: bytes) -> None:
    mechanism = scram()
    mechanism.respond(SERVER_FIRST)
    with pytest.raises(ChallengeError):
        mechanism.respond(challenge)
    with pytest.raises(ChallengeError):
        mechanism.finish()


def test_scram_uses_a_new_nonce_every_time_and_escapes_names() -> None:
    first, second = (ScramSha256("a=b,c", "p").initial for _ in range(2))
    assert first.startswith(b"n,,n=a=3Db=2Cc,r=")
    assert first != second


def test_cram_md5_answers_as_its_rfc_says() -> None:
    mechanism = CramMd5("tim", "tanstaaftanstaaf")
    answer = mechanism.respond(b"<1896.697170952@postoffice.reston.mci.net>")
    assert answer == b"tim b913a602c7eda7a495b4e6e7334d3890"
    mechanism.finish()


def test_the_plain_ones_say_what_they_should() -> None:
    assert Plain("tim", "tanstaaftanstaaf").initial == b"\0tim\0tanstaaftanstaaf"
    login = Login("tim", "secret")
    assert [login.respond(b"Username:"), login.respond(b"")] == [b"tim", b"secret"]
    login.finish()
    assert External("").initial == b""
    assert XOAuth2("a@x", "tok").initial == b"user=a@x\x01auth=Bearer tok\x01\x01"
    bearer = OAuthBearer("a,b=c@x", "tok", "mail.x", 587)
    assert bearer.initial == b"n,a=a=2Cb=3Dc@x,\x01host=mail.x\x01port=587\x01auth=Bearer tok\x01\x01"


@pytest.mark.parametrize(
    ("mechanism", "dummy"), [(XOAuth2("a@x", "tok"), b""), (OAuthBearer("a@x", "tok", "h", 1), b"\x01")]
)
def test_the_error_of_a_refused_token_is_kept_without_what_it_should_not_say(
    mechanism: Mechanism, dummy: bytes
) -> None:
    error = {"status": "400", "schemes": "Bearer", "scope": "https://mail.x/", "token": "tok"}
    assert mechanism.respond(json.dumps(error).encode()) == dummy
    del error["token"]
    assert mechanism.evidence == {"oauth_error": error}
    with pytest.raises(ChallengeError):
        mechanism.respond(b"{}")
    with pytest.raises(ChallengeError):
        mechanism.finish()


@pytest.mark.parametrize("challenge", [b"", b"no json", b"[1]", b"[" * 100_000, b"\xff"])
def test_an_error_that_cannot_be_read_is_an_error_all_the_same(challenge: bytes) -> None:
    mechanism = XOAuth2("a@x", "tok")
    assert mechanism.respond(challenge) == b""
    assert mechanism.evidence == {"oauth_error": {}}


@pytest.mark.parametrize("mechanism", [Plain("a", "b"), External("a")])
def test_a_mechanism_that_has_said_all_answers_no_challenge(mechanism: Mechanism) -> None:
    with pytest.raises(ChallengeError):
        mechanism.respond(b"more")


@pytest.mark.parametrize("mechanism", [Login("a", "b"), CramMd5("a", "b"), scram()])
def test_success_before_its_time_is_not_believed(mechanism: Mechanism) -> None:
    with pytest.raises(ChallengeError):
        mechanism.finish()


@pytest.mark.parametrize("token", ["", "a b", "tok\n", '"tok"', "tok\x01", "t\u00f6k", "tok\0"])
def test_a_token_that_is_none_is_refused_without_being_shown(token: str) -> None:
    for name in ORDER["token"]:
        with pytest.raises(SecretError) as caught:
            make(name, Credential("token", "a@x", Secret(token)), "h", 1)
        assert not token or token not in caught.value.message


@pytest.mark.parametrize("name", ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256"])
@pytest.mark.parametrize("password", ["a\0b", "a\ud800b"])
def test_a_password_that_cannot_be_sent_is_refused(name: str, password: str) -> None:
    with pytest.raises(SecretError):
        make(name, Credential("password", "a@x", Secret(password)), "h", 1)


@pytest.mark.parametrize(
    ("text", "prepared"),
    [("I\u00adX", "IX"), ("user", "user"), ("USER", "USER"), ("\u00aa", "a"), ("\u2168", "IX"), ("a\u00a0b", "a b")],
)
def test_saslprep_prepares_as_its_rfc_says(text: str, prepared: str) -> None:
    assert saslprep(text) == prepared


@pytest.mark.parametrize("text", ["\u0007", "\u0627\u0031", "a\u0627", "\ue000"])
def test_saslprep_refuses_what_its_rfc_forbids(text: str) -> None:
    with pytest.raises(SecretError):
        saslprep(text)


@pytest.mark.parametrize(
    ("kind", "offered", "named", "chosen"),
    [
        ("password", ALL, None, "SCRAM-SHA-256"),
        ("password", ("LOGIN", "PLAIN"), None, "PLAIN"),
        ("password", ("LOGIN", "CRAM-MD5"), None, "LOGIN"),
        ("password", ("CRAM-MD5", "NTLM", "XOAUTH2"), None, None),
        ("password", ALL, "cram-md5", "CRAM-MD5"),
        ("password", ALL, "xoauth2", None),
        ("password", ("PLAIN",), "login", None),
        ("token", ALL, None, "XOAUTH2"),
        ("token", ("OAUTHBEARER", "PLAIN"), None, "OAUTHBEARER"),
        ("token", ("PLAIN", "LOGIN"), None, None),
        ("token", ALL, "plain", None),
        ("token", ALL, "oauthbearer", "OAUTHBEARER"),
        ("external", ALL, None, "EXTERNAL"),
        ("external", ("PLAIN",), None, None),
        ("external", ALL, "plain", None),
    ],
)
def test_the_choice_never_leaves_the_kind_of_credential(
    kind: str, offered: tuple[str, ...], named: str | None, chosen: str | None
) -> None:
    assert choose(kind, offered, named) == chosen
