"""Where one asks to be told, confirms it, changes it, and leaves."""

from django.urls import URLPattern, URLResolver, path

from tocsin.web.subscriptions import managing, views

app_name = "subscriptions"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.ask, name="ask"),
    path("asked/", views.asked, name="asked"),
    path("confirm/<str:token>/", views.confirm, name="confirm"),
    path("leave/<str:token>/", views.leave, name="leave"),
    path("manage/<str:token>/", managing.manage, name="manage"),
    path("manage/<str:token>/data.json", managing.export, name="export"),
    path("manage/<str:token>/erase/", managing.erase, name="erase"),
]
