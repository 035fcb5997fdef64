"""The same mail to many: written once for all who read the same words, filled in for each.

`as_email` is the plain way and the measure: what comes out here reads just as what it writes (a test holds that).
Only To, Message-ID and its thread, X-Tocsin-Message, and where the links to leave and to change lead differ between
readers.
"""

from binascii import b2a_qp
from collections.abc import Callable
from dataclasses import replace
from email.headerregistry import Address
from html import escape

from tocsin.notifications.rules.model import Link, Message
from tocsin.plugins.channels.email.mime import as_email, digest, thread_headers

KEPT = 64
"""Forms that are kept: more variants than one outage has."""

_RECIPIENT = "recipient@recipient.invalid"
_KEY = "the key of nobody"
_THREAD = "the thread of nobody"
_LEAVE = "http://leave.invalid/"
_MANAGE = "http://manage.invalid/"
_BREAKS_HEADER = frozenset(' ,;:<>"()[]\\')

type _Fill = Callable[[Message], bytes]
type _Gap = tuple[int, int, _Fill]


class Bulk:
    """Writes mails of one sender; keeps what it wrote once."""

    def __init__(self, sender: Address) -> None:
        """Take who speaks."""
        self._sender = sender
        self._forms: dict[tuple[str, bool, bool], _Form] = {}

    def write(self, message: Message) -> bytes:
        """Return a mail as it goes over the wire, lines ending in CRLF; raises `ValueError` when none can be made."""
        if not message.variant or message.letter.leave is None:
            return as_email(message, sender=self._sender).as_bytes()
        name = (message.variant, message.letter.opens_thread, message.letter.manage is not None)
        form = self._forms.get(name)
        if form is None:
            if len(self._forms) >= KEPT:
                self._forms.clear()
            form = self._forms[name] = _Form(message, sender=self._sender)
        return form.filled(message)


class _Form:
    """A mail with gaps."""

    def __init__(self, message: Message, *, sender: Address) -> None:
        self._domain = sender.domain or "localhost"
        leave = message.letter.leave
        assert leave is not None
        manage = message.letter.manage
        letter = replace(
            message.letter,
            leave=Link(leave.label, _LEAVE),
            manage=None if manage is None else Link(manage.label, _MANAGE),
        )
        blank = replace(message, recipient=_RECIPIENT, key=_KEY, thread=_THREAD, letter=letter)
        written = as_email(blank, sender=sender).as_bytes()
        links = _links(written, _LEAVE, f'">{escape(leave.label)}</a></small></p>', fill=_leave)
        if manage is not None:
            links += _links(written, _MANAGE, f'">{escape(manage.label)}</a><br>', fill=_manage)
        gaps = sorted([*self._headers(written, blank), *links], key=lambda gap: gap[0])
        ends, starts = [0, *(gap[1] for gap in gaps)], [*(gap[0] for gap in gaps), len(written)]
        self._pieces = [written[end:start] for end, start in zip(ends, starts, strict=True)]
        self._fills = [gap[2] for gap in gaps]

    def filled(self, message: Message) -> bytes:
        """Return the mail for one reader."""
        parts = [self._pieces[0]]
        for fill, piece in zip(self._fills, self._pieces[1:], strict=True):
            parts += (fill(message), piece)
        return b"".join(parts)

    def _headers(self, written: bytes, blank: Message) -> list[_Gap]:
        named: list[tuple[bytes, bytes, _Fill]] = [
            (b"To: ", _RECIPIENT.encode(), _recipient),
            (b"X-Tocsin-Message: ", digest(_KEY).encode(), lambda given: digest(given.key).encode()),
            (b"List-Unsubscribe: <", _LEAVE.encode(), _leave),
        ]
        for place, (name, value) in enumerate(thread_headers(blank, domain=self._domain)):
            named.append((f"{name}: ".encode(), value.encode(), self._thread(place)))
        return [_gap_after(b"\r\n" + header, value, fill, written) for header, value, fill in named]

    def _thread(self, place: int) -> _Fill:
        return lambda given: thread_headers(given, domain=self._domain)[place][1].encode()


def _gap_after(header: bytes, value: bytes, fill: _Fill, written: bytes) -> _Gap:
    start = written.index(header + value) + len(header)
    return start, start + len(value), fill


def _links(written: bytes, place: str, end: str, *, fill: _Fill) -> list[_Gap]:
    """Return a link's two gaps of the body: each a whole line, so that it can be wrapped anew, however long it is."""
    tail, address = end.encode(), place.encode()
    text = written.index(b"\r\n" + address + b"\r\n") + 2
    html = written.index(b'\r\n<a href=3D"' + address) + 2
    stop = html
    while written[(line_end := written.index(b"\r\n", stop)) - 1 : line_end] == b"=":
        stop = line_end + 2
    return [
        (text, text + len(address), lambda given: _wrapped(fill(given))),
        (html, line_end, lambda given: _wrapped(b'<a href="' + fill(given) + tail)),
    ]


def _wrapped(line: bytes) -> bytes:
    return b2a_qp(line).replace(b"\n", b"\r\n")


def _recipient(message: Message) -> bytes:
    # An address was checked when it was taken in; here nothing that could begin another header gets through.
    address = message.recipient
    if "@" not in address or not _is_plain(address) or not _BREAKS_HEADER.isdisjoint(address):
        raise ValueError("this address cannot stand in a header")
    return address.encode()


def _leave(message: Message) -> bytes:
    return _address(message.letter.leave)


def _manage(message: Message) -> bytes:
    return _address(message.letter.manage)


def _address(link: Link | None) -> bytes:
    assert link is not None
    if not _is_plain(link.address) or not {" ", "<", ">", '"', "&"}.isdisjoint(link.address):
        raise ValueError("this link cannot stand in a header")
    return link.address.encode()


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable()
