"""How bulletins go out: who must agree, what happens to promises nobody kept, and whether automation is trusted.

The shadow page shows what automation would have published, draft by draft, for an operator to judge.
"""

from collections.abc import Callable
from datetime import datetime

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from tocsin.bulletins import governing
from tocsin.bulletins import queries as bulletins
from tocsin.bulletins.rules.approval import LEVELS, SEVERITIES, SHIPPED
from tocsin.bulletins.rules.shadow import counted, missing, share_right, weeks
from tocsin.kernel.clock import in_brussels
from tocsin.kernel.errors import TocsinError
from tocsin.notifications.rules import quiet
from tocsin.web import board, presence, present, problems

SHADOWS_A_PAGE = 25


@require_safe
@never_cache
@login_required
def policy(request: HttpRequest) -> HttpResponse:
    """Show the policy in force, and what automation still lacks."""
    in_force = bulletins.policy()
    record = bulletins.shadow_record()
    today = in_brussels(present.now()).date()
    recent = counted(record, today=today)
    context = {
        "policy": in_force,
        "levels": LEVELS,
        "severities": [(each, in_force.approvals.get(each, SHIPPED[each])) for each in SEVERITIES],
        "holding": governing.HOLDING,
        "needs_second_factor": bulletins.approvals_need_second_factor(),
        "missing": missing(record, today=today),
        "record": recent,
        "right_share": share_right(recent.drafts),
        "may_demonstrate": bulletins.is_demonstration(),
        "quiet": quiet.read(bulletins.quiet_hours()),
        "audiences": [each for each in present.pack().audiences.values() if each.id not in quiet.NEVER_SILENCED],
    }
    return render(request, "web/policy.html", context)


@require_POST
@login_required
def change(request: HttpRequest, what: str) -> HttpResponse:
    """Change one part of the policy; audited with who and why."""
    post, reason = request.POST, request.POST.get("reason", "")
    is_loosened = what == "second-factor" and post.get("second_factor") == "off"
    if is_loosened and bulletins.approvals_need_second_factor() and (page := presence.owed(request)) is not None:
        return page

    def act(by: str, now: datetime) -> None:
        if what == "approvals":
            levels: dict[str, str] = {each: post[each] for each in SEVERITIES if each in post}
            governing.set_approvals(levels, by=by, reason=reason, now=now)
        elif what == "holding":
            governing.set_holding(post.get("holding", ""), by=by, reason=reason, now=now)
        elif what == "second-factor":
            governing.set_second_factor(post.get("second_factor", ""), by=by, reason=reason, now=now)
        elif what == "demonstration":
            governing.unlock_automation(by=by, reason=reason, now=now, demonstration=True)
        elif what == "quiet":
            hours = quiet.asked_for(
                start=post.get("start", ""), end=post.get("end", ""), audiences=post.getlist("audiences")
            )
            governing.set_quiet_hours(quiet.stored(hours), by=by, reason=reason, now=now)
        else:
            raise Http404

    return _done(request, act, back="console-policy")


@require_safe
@never_cache
@login_required
def shadow(request: HttpRequest) -> HttpResponse:
    """Show what automation would have published, latest first, week by week."""
    record = bulletins.shadow_record()
    page = Paginator(record.drafts[::-1], SHADOWS_A_PAGE).get_page(request.GET.get("page"))
    today = in_brussels(present.now()).date()
    context = {
        "page": page,
        "shown": [(draft, _said(draft.bulletin)) for draft in page],
        "weeks": weeks(record),
        "missing": missing(record, today=today),
        "right_share": share_right(counted(record, today=today).drafts),
    }
    return render(request, "web/shadow.html", context)


@require_POST
@login_required
def review(request: HttpRequest, bulletin_id: str) -> HttpResponse:
    """Keep an operator's judgement of one shadow draft."""
    verdict, remark = request.POST.get("verdict", ""), request.POST.get("remark", "")
    return _done(
        request,
        lambda by, now: governing.review_shadow(bulletin_id, verdict, by=by, now=now, remark=remark),
        back="console-shadow",
    )


def _said(bulletin_id: str) -> board.StoredBulletin | None:
    found = bulletins.shadow_bulletin(bulletin_id)
    return None if found is None else board.StoredBulletin(found, "shadow", None, "")


def _done(request: HttpRequest, act: Callable[[str, datetime], None], *, back: str) -> HttpResponse:
    try:
        act(request.user.get_username(), present.now())
    except TocsinError as error:
        if error.http_status == 404:  # noqa: PLR2004 what HTTP calls not found
            raise Http404 from error
        messages.error(request, problems.sentence(error))
    else:
        messages.success(request, gettext("Noted, with your name, in the audit log."))
    page = request.POST.get("page", "")
    return redirect(f"{reverse(back)}?page={page}" if page.isdecimal() else reverse(back))
