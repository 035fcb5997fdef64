"""The composer: a bulletin's words for one audience in four languages, checked while they are written.

Everything works without JavaScript; with it, the score follows the typing. A waiting draft is edited and approved here,
one that is out is corrected: silently, or told. Nothing typed is ever lost to somebody else's change.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from tocsin.bulletins import mending, services
from tocsin.bulletins.grounding import ground_of
from tocsin.bulletins.models import BulletinRow
from tocsin.bulletins.queries import adapter, policy, read_bulletin, version
from tocsin.bulletins.rules.correction import unchanged_short_texts
from tocsin.bulletins.rules.differences import bulletin_differences
from tocsin.bulletins.rules.model import AudienceText, Bulletin
from tocsin.bulletins.rules.revisions import from_fields
from tocsin.incidents.queries import incident as stored_incident
from tocsin.kernel.errors import TocsinError
from tocsin.kernel.language import LANGUAGES, Language
from tocsin.web import board, composing, presence, present, problems, queries, times, words

CONFLICT = 409


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def edit(request: HttpRequest, bulletin_id: str) -> HttpResponse:
    """Show the words of one audience, and take what was written of them."""
    sheet = _Sheet(request, get_object_or_404(BulletinRow, pk=bulletin_id))
    if request.method != "POST":
        return sheet.page()
    name = request.POST.get("act", "")
    act = ACTS.get(name)
    if act is None:
        return sheet.page()
    page = None if name in STAYS or sheet.is_overtaken else presence.owed(request)
    return _done(sheet, act) if page is None else page


@require_POST
@never_cache
@login_required
def check(request: HttpRequest, bulletin_id: str) -> HttpResponse:
    """Say how plain the words are as they stand in the form, and how each length will look; keep nothing."""
    sheet = _Sheet(request, get_object_or_404(BulletinRow, pk=bulletin_id))
    return render(request, "web/_live.html", sheet.checked())


class _Sheet:
    """One audience's words of one bulletin, as they are stored and as they stand in the form."""

    def __init__(self, request: HttpRequest, row: BulletinRow) -> None:
        self.request = request
        self.row = row
        self.bulletin: Bulletin = read_bulletin(row)
        asked = request.POST.get("audience") or request.GET.get("audience") or next(iter(self.bulletin.texts), "")
        if asked not in self.bulletin.texts:
            raise Http404
        self.audience = asked
        self.stored: AudienceText = self.bulletin.texts[asked]
        self.fields = composing.typed(request.POST, text=self.stored)
        self.text = from_fields(self.fields, base=self.stored)

    @property
    def is_out(self) -> bool:
        """Say whether it is published, so that what is written here becomes a correction."""
        return self.row.status == "published"

    @property
    def is_overtaken(self) -> bool:
        """Say whether the words changed since the form was opened."""
        return self.request.POST.get("version", version(self.bulletin)) != version(self.bulletin)

    @property
    def by(self) -> str:
        return self.request.user.get_username()

    def checked(self) -> dict[str, Any]:
        ground = ground_of(self.bulletin, now=settings.CLOCK.now())
        found = composing.checked(
            self.text, self.bulletin, audience=self.audience, preview=self._preview(), ground=ground
        )
        short = unchanged_short_texts(self.stored, self.text)
        return {"checked": found, "short": short, "offered_languages": words.LANGUAGES}

    def _preview(self) -> Language:
        wanted = self.request.POST.get("preview", "")
        return next((language for language in LANGUAGES if language == wanted), times.language())

    def page(self, *, status: int = 200) -> HttpResponse:
        context = {
            **self.checked(),
            "sheet": self,
            "parts": composing.part_fields(self.fields),
            "version": version(self.bulletin),
            "stored": self._stored(),
            "was": _wording_before(self.row),
            "moved": _moved(self.row, self.bulletin),
            "override": self.request.POST.get("override", ""),
        }
        return render(self.request, "web/compose.html", context, status=status)

    def _stored(self) -> board.StoredBulletin:
        stored = queries.stored_bulletin(self.row)
        incident = stored_incident(self.row.incident)
        if self.row.status != "draft" or incident is None:
            return stored
        return queries.weighed(stored, incident, policy=policy(), agreed=queries.agreed([self.bulletin]))


def _wording_before(row: BulletinRow) -> Mapping[str, Any]:
    """Return what a person changed in the engine's wording, or a correction in what was said before."""
    now = read_bulletin(row)
    before = row.drafted
    if now.corrects is not None:
        before = BulletinRow.objects.filter(pk=now.corrects).values_list("content", flat=True).first()
    return {} if before is None else bulletin_differences(adapter().validate_python(before), now)


def _moved(row: BulletinRow, mine: Bulletin) -> Mapping[str, Any] | None:
    """Return where the engine's newer wording differs from what a person wrote; None while facts have not moved."""
    if row.moved is None:
        return None
    return bulletin_differences(mine, adapter().validate_python(row.moved))


def _done(sheet: _Sheet, act: Callable[[_Sheet], str]) -> HttpResponse:
    if sheet.is_overtaken:
        messages.error(
            sheet.request,
            gettext("Somebody, or news, changed these words meanwhile. Yours still stand in the form: look at both."),
        )
        return sheet.page(status=CONFLICT)
    try:
        said = act(sheet)
    except TocsinError as error:
        messages.error(sheet.request, problems.sentence(error))
        sheet = _Sheet(sheet.request, BulletinRow.objects.get(pk=sheet.row.pk))
        return sheet.page(status=error.http_status)
    messages.success(sheet.request, said)
    if sheet.request.POST.get("act") in STAYS:
        return redirect(f"{sheet.request.path}?audience={sheet.audience}")
    return redirect("console-incident", sheet.row.incident)


def _save(sheet: _Sheet) -> str:
    services.edit_draft(sheet.row.pk, {sheet.audience: sheet.text}, by=sheet.by, now=present.now())
    return gettext("Saved. Nothing has gone out yet.")


def _publish(sheet: _Sheet) -> str:
    now = present.now()
    services.edit_draft(sheet.row.pk, {sheet.audience: sheet.text}, by=sheet.by, now=now)
    given = services.approve(sheet.row.pk, by=sheet.by, now=now, override=sheet.request.POST.get("override", ""))
    return _told(given)


def _correct(sheet: _Sheet, *, notify: bool) -> str:
    given = mending.correct(
        sheet.row.pk,
        {sheet.audience: sheet.text},
        notify=notify,
        by=sheet.by,
        now=present.now(),
        override=sheet.request.POST.get("override", ""),
    )
    return _told(given)


def _told(given: services.Given) -> str:
    if not given.is_out:
        return gettext("Your approval is noted. It goes out once somebody else agrees too.")
    if given.bulletin.is_silent:
        return gettext("Corrected on the pages. Nobody was told.")
    return gettext("It is out.")


def _carry_over(sheet: _Sheet) -> str:
    found = services.carry_edit_over(sheet.row.pk, by=sheet.by, now=present.now())
    if found.conflicts:
        return gettext("Your words now stand in the newer facts. Read these parts again, both changed: %(parts)s") % {
            "parts": ", ".join(found.conflicts)
        }
    return gettext("Your words now stand in the newer facts.")


def _take_new(sheet: _Sheet) -> str:
    services.drop_edit(sheet.row.pk, by=sheet.by, now=present.now())
    return gettext("The newer wording stands; yours is on the record only.")


ACTS: Mapping[str, Callable[[_Sheet], str]] = {
    "save": _save,
    "publish": _publish,
    "silent": lambda sheet: _correct(sheet, notify=False),
    "notify": lambda sheet: _correct(sheet, notify=True),
    "carry": _carry_over,
    "new": _take_new,
}
STAYS = frozenset({"save", "carry", "new"})
"""After these one goes on writing; after the others one is led to the incident."""
