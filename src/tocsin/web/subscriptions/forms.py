"""The form by which anybody asks to be told."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from tocsin.catalog.rules.model import Pack
from tocsin.notifications.queries import as_language
from tocsin.notifications.rules.model import Subscription


class AskForm(forms.Form):
    """Address, profession and language; functions only for those who want fewer messages."""

    address = forms.EmailField(
        label=_("Your e-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={
            "required": _("Write the address that we may write to."),
            "invalid": _("This is not an e-mail address. It looks like name@example.org."),
        },
    )
    audience = forms.ChoiceField(
        label=_("You work as"),
        error_messages={"required": _("Choose what you work as, so that we write what concerns you.")},
    )
    language = forms.ChoiceField(label=_("We write to you in"), choices=settings.LANGUAGES)
    functions = forms.MultipleChoiceField(
        label=_("Only about"),
        help_text=_("Choose nothing to hear of everything that concerns your profession."),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, pack: Pack, **kwargs: Any) -> None:
        """Offer what the pack has, in the reader's language."""
        super().__init__(*args, **kwargs)
        self._pack = pack
        language = as_language((get_language() or "en")[:2])
        audiences = [(item.id, item.name[language]) for item in pack.audiences.values()]
        self._choices("audience", [("", "—"), *audiences])
        self._choices("functions", [(item.id, item.name[language]) for item in pack.functions.values()])

    def clean(self) -> dict[str, Any]:
        """Refuse a choice of functions that would never lead to a message."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        chosen, audience = cleaned.get("functions") or [], cleaned.get("audience")
        own = [name for name in chosen if audience in self._pack.functions[name].audiences]
        if chosen and audience and not own:
            self.add_error("functions", _("None of these concern your profession. Choose others, or nothing at all."))
        cleaned["functions"] = own
        return cleaned

    def wish(self) -> Subscription:
        """Return what was asked for, once the form is valid."""
        return Subscription(self.cleaned_data["audience"], tuple(self.cleaned_data["functions"]))

    def _choices(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices
