"""One conversation with an SMTP server, pipelined where the server allows it (RFC 2920).

Sender, recipient and the wish to send are said in one breath, so that a mail costs two round trips, not four. What the
server answers to each is told apart just as if they had been said one by one.
"""

import smtplib
from dataclasses import dataclass

_GO_AHEAD = 354
_FIRST_REFUSAL = 400


class LostBeforeContentError(smtplib.SMTPServerDisconnected):
    """The connection was lost before the server had anything of the mail."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said, and to what: `mail`, `rcpt`, `data` or `content`."""

    step: str
    code: int
    text: bytes

    @property
    def is_refusal(self) -> bool:
        """Whether it did not do what was asked."""
        return self.code >= _FIRST_REFUSAL


def transmit(connection: smtplib.SMTP, *, sender: str, recipient: str, content: bytes) -> Answer:
    """Hand over one mail; return the first refusal, or the answer to its content.

    Raises `LostBeforeContentError`, `smtplib.SMTPException` or `OSError` when the connection is lost. After a refusal
    the connection is ready for another mail, unless the server has closed it.
    """
    commands = [f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>", "DATA"]
    say = _together if connection.has_extn("pipelining") else _one_by_one
    try:
        refusal, is_open = say(connection, commands)
    except (smtplib.SMTPServerDisconnected, OSError) as error:
        raise LostBeforeContentError(str(error)) from error
    if refusal is not None:
        if is_open:  # it goes ahead although nobody receives: an empty mail ends it
            connection.send(b".\r\n")
            connection.getreply()
        connection.rset()
        return refusal
    connection.send(smtplib._quote_periods(content) + (b"" if content.endswith(b"\r\n") else b"\r\n") + b".\r\n")  # type: ignore[attr-defined]  # noqa: SLF001  what `SMTP.data` itself uses
    answer = Answer("content", *connection.getreply())
    if answer.is_refusal:
        connection.rset()
    return answer


_STEPS = ("mail", "rcpt", "data")


def _together(connection: smtplib.SMTP, commands: list[str]) -> tuple[Answer | None, bool]:
    connection.send("".join(f"{command}\r\n" for command in commands).encode("ascii"))
    answers = [Answer(step, *connection.getreply()) for step in _STEPS]
    refused = [answer for answer in answers if answer.is_refusal]
    return (refused[0] if refused else None), answers[-1].code == _GO_AHEAD


def _one_by_one(connection: smtplib.SMTP, commands: list[str]) -> tuple[Answer | None, bool]:
    for step, command in zip(_STEPS, commands, strict=True):
        connection.putcmd(command)
        answer = Answer(step, *connection.getreply())
        if answer.is_refusal:
            return answer, False
    return None, True
