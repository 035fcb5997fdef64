"""Where an operator keeps their own account: duty, contacts, second factors."""

from django.urls import URLPattern, URLResolver, path

from tocsin.web.desk import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.account, name="account"),
    path("duty/", views.duty, name="account-duty"),
    path("contacts/", views.contacts, name="account-contacts"),
    path("app/", views.app, name="account-app"),
    path("passkey/", views.passkey, name="account-passkey"),
    path("codes/", views.codes, name="account-codes"),
    path("factors/<int:key>/remove/", views.remove, name="account-remove"),
]
