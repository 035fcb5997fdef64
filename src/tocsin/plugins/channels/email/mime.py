"""A message as an e-mail: plain text and simple HTML saying the same, threaded, with a one-click way out.

The HTML is one column of headings and paragraphs without pictures, so that it reads on any screen, by any screen
reader, and printed. The headers follow RFC 8058 (one-click unsubscribe), RFC 3834 (automatic) and RFC 5322
(threads).
"""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from hashlib import sha256
from html import escape

from tocsin.notifications.rules.model import Letter, Link, Message, Section

UNFOLDED = SMTP.clone(max_line_length=900)
"""Headers on one line (RFC 5322 allows 998 characters): Python doubles a space if it folds before an encoded word."""


def as_email(message: Message, *, sender: Address) -> EmailMessage:
    """Return the e-mail; the same message gives the same `Message-ID`, so that a second copy can be told."""
    letter = message.letter
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = Address(addr_spec=message.recipient)
    mail["Subject"] = " ".join([*(f"[{mark.short}]" for mark in letter.marks), one_line(letter.subject)])
    mail["Date"] = message.at
    _add_thread(mail, message, domain=sender.domain or "localhost")
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail["X-Tocsin-Message"] = digest(message.key)
    if letter.leave is not None:
        mail["List-Unsubscribe"] = f"<{letter.leave.address}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(as_text(letter), cte="quoted-printable")
    mail.add_alternative(as_html(letter), subtype="html", cte="quoted-printable")
    mail["Content-Language"] = letter.language  # last: setting the content would take it away
    mail.policy = UNFOLDED
    return mail


def as_text(letter: Letter) -> str:
    """Return the plain part: what a person reads who turned everything else off."""
    blocks = [mark.long for mark in letter.marks]
    blocks.append(letter.headline)
    blocks += [_section_text(section) for section in letter.sections]
    blocks += ["\n".join(_link_lines(choice)) for choice in letter.choices]
    blocks += ["\n".join(_link_lines(letter.action))] if letter.action is not None else []
    if letter.footer or letter.leave:
        blocks.append(
            "-- \n" + "\n".join([letter.footer, *_link_lines(letter.manage), *_link_lines(letter.leave)]).strip()
        )
    return "\n\n".join(blocks) + "\n"


def as_html(letter: Letter) -> str:
    """Return the HTML part: the same words in the same order, in the letter's language."""
    body = [f"<p><strong>{escape(mark.long)}</strong></p>" for mark in letter.marks]
    body.append(f"<h1>{escape(letter.headline)}</h1>")
    body += [_section_html(section) for section in letter.sections]
    links = letter.choices if letter.action is None else (*letter.choices, letter.action)
    body += [f"<p>{_anchor(link)}</p>" for link in links]
    if letter.footer or letter.leave:
        # Each on a line of its own: where they lead is all that differs in the body between readers (`bulk`).
        manage = f"{_anchor(letter.manage)}<br>\n" if letter.manage else ""
        leave = _anchor(letter.leave) if letter.leave else ""
        body.append(f"<hr>\n<p><small>{escape(letter.footer)}<br>\n{manage}{leave}</small></p>")
    head = (
        '<meta charset="utf-8">\n<meta name="viewport" content="width=device-width">\n'
        f"<title>{escape(letter.subject)}</title>"
    )
    content = "\n".join(body)
    return (
        f'<!DOCTYPE html>\n<html lang="{letter.language}">\n<head>\n{head}\n</head>\n'
        f"<body>\n<main>\n{content}\n</main>\n</body>\n</html>\n"
    )


def one_line(text: str) -> str:
    """Return a text without line breaks, as a header must be."""
    return " ".join(text.split())


def _add_thread(mail: EmailMessage, message: Message, *, domain: str) -> None:
    for name, value in thread_headers(message, domain=domain):
        mail[name] = value


def thread_headers(message: Message, *, domain: str) -> tuple[tuple[str, str], ...]:
    """Return the headers by which a mail program puts one outage's messages together, and knows a second copy."""
    root = f"<{digest(message.thread)}@{domain}>"
    if message.letter.opens_thread:
        return (("Message-ID", root),)
    own = f"<{digest(message.key)}@{domain}>"
    return (("Message-ID", own), ("In-Reply-To", root), ("References", root))


def digest(text: str) -> str:
    """Return a name for a key that tells nothing of it."""
    return sha256(text.encode()).hexdigest()[:32]


def _section_text(section: Section) -> str:
    label = f"{section.label.upper()}\n" if section.label else ""
    lines = section.lines if len(section.lines) == 1 else [f"- {line}" for line in section.lines]
    return label + "\n".join(lines)


def _section_html(section: Section) -> str:
    label = f"<h2>{escape(section.label)}</h2>\n" if section.label else ""
    if len(section.lines) == 1:
        return f"{label}<p>{escape(section.lines[0])}</p>"
    items = "\n".join(f"<li>{escape(line)}</li>" for line in section.lines)
    return f"{label}<ul>\n{items}\n</ul>"


def _link_lines(link: Link | None) -> list[str]:
    return [] if link is None else [link.label, link.address]


def _anchor(link: Link) -> str:
    return f'<a href="{escape(link.address)}">{escape(link.label)}</a>'
