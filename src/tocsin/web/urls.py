"""Where the console, the login and the panel's form are reached."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from tocsin.web.views import acts, composer, console, governing, maintenance, panel, panel_app, problem, session, texts

urlpatterns: list[URLPattern | URLResolver] = [
    path("", session.home, name="home"),
    path("favicon.ico", RedirectView.as_view(url=f"{settings.STATIC_URL}web/icon.svg"), name="icon"),
    path("login/", session.Login.as_view(), name="login"),
    path("login/factor/", session.second_factor, name="login-factor"),
    path("approve/", include("tocsin.web.approvals.urls")),
    path("account/", include("tocsin.web.desk.urls")),
    path("logout/", session.Logout.as_view(), name="logout"),
    path("language/", session.language, name="language"),
    path("console/", console.overview, name="console"),
    path("console/board/", console.board_part, name="console-board"),
    path("console/keys/", console.keys, name="console-keys"),
    path("console/audit/", console.audit, name="console-audit"),
    path("console/intake/", console.intake, name="console-intake"),
    path("console/sending/", texts.waiting, name="console-texts"),
    path("console/sending/allow/", texts.allow, name="act-texts"),
    path("console/maintenance/", maintenance.maintenance, name="console-maintenance"),
    path("console/maintenance/<str:maintenance_id>/<str:act>/", maintenance.act, name="act-maintenance"),
    path("console/functions/<str:function_id>/", console.function, name="console-function"),
    path("console/incidents/<str:incident_id>/", console.incident, name="console-incident"),
    path("console/bulletins/<str:bulletin_id>/", console.bulletin, name="console-bulletin"),
    path("console/bulletins/<str:bulletin_id>/edit/", composer.edit, name="console-edit"),
    path("console/bulletins/<str:bulletin_id>/check/", composer.check, name="console-check"),
    path("console/policy/", governing.policy, name="console-policy"),
    path("console/policy/set/<str:what>/", governing.change, name="policy-set"),
    path("console/shadow/", governing.shadow, name="console-shadow"),
    path("console/shadow/<str:bulletin_id>/", governing.review, name="shadow-review"),
    path("console/incidents/<str:incident_id>/<str:act>/", acts.on_incident, name="act-incident"),
    path("console/bulletins/<str:bulletin_id>/<str:act>/", acts.on_bulletin, name="act-bulletin"),
    path("console/activations/<int:activation_id>/<str:act>/", acts.on_activation, name="act-activation"),
    path("console/policy/<str:act>/", acts.on_policy, name="act-policy"),
    path("problem/", problem.form, name="problem"),
    path("panel/worker.js", panel_app.worker, name="panel-worker"),
    path("panel/asked/<str:token>/", panel.asked, name="panel-asked"),
    path("panel/<str:token>/", panel.form, name="panel"),
    path("panel/<str:token>/sent/", panel.sent, name="panel-sent"),
    path("panel/<str:token>/send/", panel_app.send, name="panel-send"),
    path("panel/<str:token>/told/", panel_app.told, name="panel-told"),
    path("panel/<str:token>/wishes/", panel.wishes, name="panel-wishes"),
    path("panel/<str:token>/leave/", panel.leave, name="panel-leave"),
    path("panel/<str:token>/app.webmanifest", panel_app.manifest, name="panel-manifest"),
]
