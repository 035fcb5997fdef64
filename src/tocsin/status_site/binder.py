"""Makes the binder: a tagged PDF to print beforehand (PDF/UA-1, by typst), and a folder of HTML that works offline.

Both say the same. Each procedure carries a QR code that leads to its live page: on the day itself, what is printed
may have been overtaken, and the live page says so.
"""

import json
from dataclasses import asdict
from functools import cache
from importlib.resources import files
from io import BytesIO

from django.utils import translation
from django.utils.translation import gettext

from tocsin.continuity.rules.validation import ACTIVATORS
from tocsin.kernel.language import Language
from tocsin.status_site.frame import asset, rendered
from tocsin.status_site.ports import Files
from tocsin.status_site.rules.binder import Binder

QR_BORDER = 4
"""Modules of quiet around a QR code, as ISO/IEC 18004 asks: without them telephones do not find it."""


def binder_pdf(binder: Binder) -> bytes:
    """Return the binder as a tagged PDF, on A4, in its language; raises `typst.TypstError` on a fault of ours."""
    import typst

    data = {
        **asdict(binder),
        "labels": _labels(binder),
        "codes": _codes(binder),
        "activators": {one: activators_in_words((one,), binder.language) for one in ACTIVATORS},
    }
    made = typst.compile(
        _source(), format="pdf", pdf_standards="ua-1", sys_inputs={"binder": json.dumps(data, ensure_ascii=False)}
    )
    assert isinstance(made, bytes)
    return made


def binder_folder(binder: Binder) -> Files:
    """Return the binder as files of a folder: `index.html` opens from anywhere, without a network or a script."""
    with translation.override(binder.language):
        codes = _codes(binder)
        context = {
            "binder": binder,
            "labels": _labels(binder),
            "sheets": [(sheet, codes[sheet.address]) for sheet in binder.sheets],
            "code": codes[binder.page],
        }
        return {
            "index.html": rendered("binder", context).encode(),
            "binder.css": asset("binder.css"),
        }


def qr_code(address: str) -> str:
    """Return the address as a QR code: a whole SVG, black on white, that survives a coffee stain (level M)."""
    import segno

    made = BytesIO()
    segno.make(address, error="m", micro=False).save(
        made, kind="svg", border=QR_BORDER, xmldecl=False, light="white", omitsize=True
    )
    return made.getvalue().decode().strip()


def activators_in_words(activators: tuple[str, ...], language: Language) -> str:
    """Return who may put a procedure in force, as the pages say it."""
    with translation.override(language):
        return rendered("activators", {"activators": activators}).strip()


def _codes(binder: Binder) -> dict[str, str]:
    return {address: qr_code(address) for address in (binder.page, *(sheet.address for sheet in binder.sheets))}


@cache
def _source() -> bytes:
    return (files("tocsin.status_site") / "templates" / "status_site" / "binder.typ").read_bytes()


def _labels(binder: Binder) -> dict[str, str]:
    with translation.override(binder.language):
        name, day, until = binder.audience_name, binder.printed_on, binder.good_until
        return {
            "title": gettext("Plan B without a computer: %(audience)s") % {"audience": name},
            "unofficial": gettext("Unofficial demonstration"),
            "lead": gettext("For when nothing works: print this now, and keep it where you work."),
            "printed": gettext("Printed on %(day)s. Print it again by %(until)s.") % {"day": day, "until": until},
            "overdue": gettext("Something in it should have been checked again by %(until)s.") % {"until": until},
            "live": gettext("What applies at this moment:"),
            "live_code": gettext("QR code that leads to %(address)s"),
            "help_desk": gettext("If you get stuck:"),
            "contents": gettext("What is in it"),
            "stock": gettext("Keep these in stock"),
            "steps": gettext("Steps"),
            "patient": gettext("Tell the patient"),
            "paid": gettext("Reimbursement and legal ground"),
            "forms": gettext("Have ready"),
            "exclusions": gettext("Not for"),
            "duties": binder.afterwards,
            "takes": gettext("Takes"),
            "starts": gettext("Who may start it"),
            "validate": gettext("To be validated by %(name)s before real use."),
            "checked": gettext("Checked on %(checked)s, to be checked again by %(review)s (version %(version)s)"),
            "sources": gettext("Sources:"),
            "page": gettext("Page"),
        }
