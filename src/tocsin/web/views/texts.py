"""What waits to be sent, and why; and allowing more text messages than the ceiling."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from tocsin.kernel.errors import TocsinError
from tocsin.notifications import budget
from tocsin.notifications.queries import standing
from tocsin.web import present, problems

MOST = 1_000_000
"""More than anybody means to allow at once."""


@require_safe
@never_cache
@login_required
def waiting(request: HttpRequest) -> HttpResponse:
    """Show what waits, by channel and reason, and the ceilings that somebody must decide about."""
    return render(request, "web/texts.html", {"questions": budget.questions(), "standing": standing()})


@require_POST
@login_required
def allow(request: HttpRequest) -> HttpResponse:
    """Allow so many more text messages, and let go what waited; audited."""
    given, period = request.POST.get("more", ""), request.POST.get("period", "")
    if not given.isdecimal() or not 0 < int(given[:8]) <= MOST:
        messages.error(request, gettext("Write how many more may go: a whole number, at least 1."))
        return redirect("console-texts")
    try:
        freed = budget.allow(period, more=int(given), by=request.user.get_username(), now=present.now())
    except TocsinError as error:
        messages.error(request, problems.sentence(error))
    else:
        said = ngettext("%(count)s message is on its way.", "%(count)s messages are on their way.", freed)
        messages.success(request, said % {"count": freed})
    wanted = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return redirect(wanted if is_ours else "console-texts")
