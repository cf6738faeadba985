"""Owns what a reply proves when its words say nothing: by its code, its enhanced status code and the step. Pure."""

from postroom.domain.reply import Signs

# RFC 5321 4.2.1: the first digit. RFC 3463 3: the subject, the second number of an enhanced status code.
_WEIGHT = {"4": "a refusal for now, which may pass", "5": "a refusal for good"}
_SUBJECTS = {
    "1": "the address",
    "2": "the mailbox",
    "3": "the server's own state",
    "4": "the network or the route",
    "5": "the commands of the dialogue",
    "6": "the form of the message",
    "7": "security or policy",
}
_ASKED = {
    "connect": "to the connection",
    "greeting": "in place of a greeting",
    "ehlo": "to this machine's name",
    "starttls": "to the wish for TLS",
    "auth": "to the login",
    "mail": "to the sender",
    "rcpt": "to a recipient",
    "data": "to the message",
}


def proof(signs: Signs) -> str:
    """One or two sentences; "" where the reply is none of 4yz and 5yz."""
    reply = signs.reply
    weight = _WEIGHT.get(str(reply.code)[0]) if reply else None
    if reply is None or weight is None:
        return ""
    code = str(reply.code) if reply.code >= 100 else reply.enhanced
    asked = f", given {_ASKED[signs.step]}" if signs.step in _ASKED else ""
    told = f"The words of the reply are not known here; what it proves: {code} is {weight}{asked}."
    subject = _SUBJECTS.get(reply.enhanced.split(".")[1]) if reply.enhanced.count(".") == 2 else None
    return f"{told} Its code {reply.enhanced} speaks of {subject}." if subject else told
