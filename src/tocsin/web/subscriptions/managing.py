"""Changing what one hears of, taking one's data along, and being forgotten: by a signed link, without an account."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import translation
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tocsin.notifications import services
from tocsin.notifications.errors import SubscriptionError
from tocsin.notifications.models import Subscriber
from tocsin.notifications.queries import by_token, link, token_for
from tocsin.notifications.rules.quiet import WITH_DUTY_SERVICE
from tocsin.web import present
from tocsin.web.subscriptions.channels import PUSH
from tocsin.web.subscriptions.forms import WishForm
from tocsin.web.subscriptions.pages import GONE, language_of, page, standing_of, wish_of


@require_http_methods(["GET", "HEAD", "POST"])
def manage(request: HttpRequest, token: str) -> HttpResponse:
    """Show what somebody hears of, and change it."""
    row = by_token(token, purpose="manage")
    with translation.override(language_of(row)):
        if row is None:
            return page(request, "refused.html", {"code": "subscription.link"}, status=GONE)
        if request.method != "POST":
            is_saved = request.GET.get("saved") == "1"
            return _form(request, row, WishForm(initial=_initial(row), pack=present.pack()), is_saved=is_saved)
        form = WishForm(request.POST, pack=present.pack())
        if not form.is_valid():
            return _form(request, row, form, status=400)
        try:
            services.change(token, language=form.cleaned_data["language"], wish=form.wish(), now=present.now())
        except SubscriptionError as error:
            return page(request, "refused.html", {"code": error.code}, status=GONE)
        return redirect(f"{request.path}?saved=1")


@require_safe
def export(request: HttpRequest, token: str) -> HttpResponse:
    """Hand over everything that is held about somebody, as a file."""
    row = by_token(token, purpose="manage")
    if row is None:
        with translation.override(language_of(None)):
            return page(request, "refused.html", {"code": "subscription.link"}, status=GONE)
    response = JsonResponse(services.export(token), json_dumps_params={"indent": 2, "ensure_ascii": False})
    response["Content-Disposition"] = 'attachment; filename="tocsin.json"'
    response["Cache-Control"] = "no-store"
    return response


@require_POST
def erase(request: HttpRequest, token: str) -> HttpResponse:
    """Erase somebody at once, and say so."""
    row = by_token(token, purpose="manage")
    with translation.override(language_of(row)):
        try:
            services.erase(token, now=present.now())
        except SubscriptionError as error:
            return page(request, "refused.html", {"code": error.code}, status=GONE)
        return page(request, "erased.html", {})


def _initial(row: Subscriber) -> dict[str, object]:
    wish = wish_of(row)
    return {
        "audience": wish.audience,
        "language": language_of(row),
        "functions": list(wish.functions),
        "region": wish.region,
        "package": wish.package,
        "only_down": wish.least == "down",
        "with_drills": wish.with_drills,
        # Who was never asked is treated as on duty where their profession has a duty service; so the box says.
        "is_on_duty": wish.audience in WITH_DUTY_SERVICE if wish.is_on_duty is None else wish.is_on_duty,
    }


def _form(
    request: HttpRequest, row: Subscriber, form: WishForm, *, is_saved: bool = False, status: int = 200
) -> HttpResponse:
    context = standing_of(row) | {
        "form": form,
        "is_saved": is_saved,
        "token": token_for(row, purpose="manage"),
        "leave_url": link(row, purpose="leave"),
        "shown_address": "" if row.channel == PUSH else row.address,
    }
    return page(request, "manage.html", context, status=status)
