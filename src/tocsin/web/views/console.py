"""What the duty officer reads. Everything here only shows; acts are in `acts`."""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from tocsin.audit.models import AuditEntry
from tocsin.bulletins.models import BulletinRow
from tocsin.continuity.queries import left_to_do
from tocsin.detection.queries import last_judgement
from tocsin.incidents.models import IncidentRow
from tocsin.plugins.targets.states import target_states
from tocsin.web import board, history, present, queries

AUDIT_PAGE = 100

RECENT = timedelta(hours=2)
"""How far back a function's page looks."""


@require_safe
@never_cache
@login_required
def overview(request: HttpRequest) -> HttpResponse:
    """Show the whole console."""
    return render(request, "web/console.html", {"console": _console()})


@require_safe
@never_cache
@login_required
def board_part(request: HttpRequest) -> HttpResponse:
    """Show the part of the console that is fetched again and again."""
    return render(request, "web/_board.html", {"console": _console()})


def _console() -> queries.Console:
    return queries.console(now=present.now(), pack=present.pack(), procedures=present.procedures())


@require_safe
@never_cache
@login_required
def incident(request: HttpRequest, incident_id: str) -> HttpResponse:
    """Show one incident: its card, its charts and its timeline."""
    now, pack = present.now(), present.pack()
    try:
        card = queries.incident_card(incident_id, now=now, pack=pack, procedures=present.procedures())
    except IncidentRow.DoesNotExist as error:
        raise Http404 from error
    context = {
        "card": card,
        "charts": history.incident_charts(card, pack=pack, now=now),
        "timeline": history.chapters(history.timeline(incident_id)),
        "left_to_do": left_to_do(incident_id),
    }
    return render(request, "web/incident.html", context)


@require_safe
@never_cache
@login_required
def function(request: HttpRequest, function_id: str) -> HttpResponse:
    """Show one function: why each audience's cell is what it is."""
    now, pack = present.now(), present.pack()
    if function_id not in pack.functions:
        raise Http404
    grid = board.grid(last_judgement(), pack=pack, now=now)
    row = next(row for row in grid.rows if row.function.id == function_id)
    context = {
        "row": row,
        "charts": history.function_charts(row.function, pack=pack, start=now - RECENT, end=now),
        "reports": history.reports(function_id, since=now - RECENT, until=now),
        "looked": history.looked_back(row.function),
    }
    return render(request, "web/function.html", context)


@require_safe
@never_cache
@login_required
def bulletin(request: HttpRequest, bulletin_id: str) -> HttpResponse:
    """Show one message, each audience's text in all four languages; by itself or inside the reader's dialog."""
    stored = queries.stored_bulletin(get_object_or_404(BulletinRow, pk=bulletin_id))
    template = "web/_bulletin.html" if request.headers.get("HX-Request") else "web/bulletin.html"
    return render(request, template, {"stored": stored})


@require_safe
@never_cache
@login_required
def audit(request: HttpRequest) -> HttpResponse:
    """List every act, human or automatic, latest first."""
    page = Paginator(AuditEntry.objects.order_by("-seq"), AUDIT_PAGE).get_page(request.GET.get("page"))
    return render(request, "web/audit.html", {"page": page})


@require_safe
@never_cache
@login_required
def intake(request: HttpRequest) -> HttpResponse:
    """List what intake refused or redacted today, and which place shows which version of the public pages."""
    configuration = settings.CONFIGURATION
    targets = target_states(configuration.data_folder, configuration.targets)
    return render(request, "web/intake.html", {"refusals": queries.refusals(present.now()), "targets": targets})


@require_safe
@login_required
def keys(request: HttpRequest) -> HttpResponse:
    """List the keyboard's shortcuts, for who has no JavaScript or wants them printed."""
    return render(request, "web/keys.html")
