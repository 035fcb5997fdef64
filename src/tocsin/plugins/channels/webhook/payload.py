"""A message for machines: its facts as fields, and its words in one language, signed as Standard Webhooks says."""

import base64
import hashlib
import hmac
import json
from typing import Final

from tocsin.notifications.rules.model import JsonValue, Message

PREFIX: Final = "whsec_"
VERSION: Final = 1


def webhook_id(message: Message) -> str:
    """Return the id by which a receiver tells a second copy; the same at every attempt."""
    return f"msg_{hashlib.sha256(message.key.encode()).hexdigest()[:32]}"


def as_json(message: Message) -> bytes:
    """Return the body: what happened (`type`, `data`), and the same in words (`text`)."""
    letter = message.letter
    kind = message.facts.get("kind")
    content: dict[str, JsonValue] = {
        "version": VERSION,
        "type": f"bulletin.{kind}" if kind else "message",
        "timestamp": message.at.isoformat(),
        "data": message.facts,
        "text": {
            "language": letter.language,
            "marks": [mark.long for mark in letter.marks],
            "subject": letter.subject,
            "headline": letter.headline,
            "sections": [{"label": section.label, "lines": section.lines} for section in letter.sections],
            "sms": message.sms,
            "push": message.push,
        },
        "links": {
            "action": None if letter.action is None else letter.action.address,
            "leave": None if letter.leave is None else letter.leave.address,
        },
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def signature(body: bytes, *, identifier: str, timestamp: int, secret: str) -> str:
    """Return what the header `webhook-signature` carries: HMAC-SHA256 over id, time and body, in Base64."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = b"%s.%d.%s" % (identifier.encode(), timestamp, body)
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


def secret_for(address: str, *, master: bytes) -> str:
    """Return the secret of one address: every subscriber's own, and none of them kept anywhere."""
    return PREFIX + base64.b64encode(hmac.digest(master, address.encode(), "sha256")).decode()
