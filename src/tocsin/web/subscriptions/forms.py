"""The forms by which anybody asks to be told, and changes what they hear of."""

from typing import Any

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from tocsin.catalog.rules.model import Pack
from tocsin.kernel.errors import InputError
from tocsin.kernel.language import Language
from tocsin.notifications.queries import as_language
from tocsin.notifications.rules.model import Subscription
from tocsin.notifications.services import LONGEST_ADDRESS, checked_address
from tocsin.web.subscriptions.channels import PUSH, SMS, channel_of, offered, sentence


class WishForm(forms.Form):
    """Profession and language, and what narrows it down for those who want fewer messages."""

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
    region = forms.ChoiceField(label=_("Where you work"), required=False)
    package = forms.ChoiceField(label=_("Your software"), required=False)
    only_down = forms.BooleanField(label=_("Only when something does not work at all"), required=False)
    with_drills = forms.BooleanField(label=_("Exercises too"), required=False)
    is_on_duty = forms.BooleanField(
        label=_("We are on duty: wake us at any hour"),
        required=False,
        widget=forms.CheckboxInput(attrs={"aria-describedby": "duty-help"}),
    )

    def __init__(self, *args: Any, pack: Pack, **kwargs: Any) -> None:
        """Offer what the pack has, in the reader's language."""
        super().__init__(*args, **kwargs)
        self._pack = pack
        language = as_language((get_language() or "en")[:2])
        audiences = [(item.id, item.name[language]) for item in pack.audiences.values()]
        self._choices("audience", [("", "—"), *audiences])
        # Who comes by a profession's link reads only what concerns it; who then takes another may choose nothing.
        own = "" if self.is_bound else self.initial.get("audience", "")
        functions = [item for item in pack.functions.values() if own not in pack.audiences or own in item.audiences]
        self._choices("functions", [(item.id, item.name[language]) for item in functions])
        self._choices(
            "region", [("", _("Everywhere")), *((item.id, item.name[language]) for item in pack.regions.values())]
        )
        self._choices("package", [("", _("Any")), *_packages(pack, language)])

    @property
    def more(self) -> list[forms.BoundField]:
        """What is folded away, beside the functions."""
        return [self[name] for name in ("language", "region", "package")]

    @property
    def ticks(self) -> list[forms.BoundField]:
        """The two boxes."""
        return [self["only_down"], self["with_drills"]]

    @property
    def is_unfolded(self) -> bool:
        """Whether something in the folded part needs a look, or was chosen."""
        folded = ("language", "functions", "region", "package", "only_down", "with_drills")
        return any(self[name].errors for name in folded)

    def clean(self) -> dict[str, Any]:
        """Refuse choices that would never lead to a message."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        chosen, audience = cleaned.get("functions") or [], cleaned.get("audience")
        own = [name for name in chosen if audience in self._pack.functions[name].audiences]
        if chosen and audience and not own:
            self.add_error("functions", _("None of these concern your profession. Choose others, or nothing at all."))
        package = self._pack.packages.get(cleaned.get("package") or "")
        if package is not None and audience and package.audience != audience:
            self.add_error("package", _("This software is another profession's. Choose yours, or any."))
        cleaned["functions"] = own
        return cleaned

    def wish(self) -> Subscription:
        """Return what was asked for, once the form is valid."""
        given = self.cleaned_data
        return Subscription(
            audience=given["audience"],
            functions=tuple(given["functions"]),
            region=given["region"],
            package=given["package"],
            least="down" if given["only_down"] else "degraded",
            with_drills=given["with_drills"],
            is_on_duty=given["is_on_duty"],
        )

    def _choices(self, name: str, choices: list[tuple[str, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices


class AskForm(WishForm):
    """An address beside it: its form tells the channel. A browser's push address is put there by its own script."""

    address = forms.CharField(
        max_length=LONGEST_ADDRESS,
        widget=forms.TextInput(attrs={"autocomplete": "email", "inputmode": "email", "spellcheck": "false"}),
        error_messages={"required": _("Write the address that we may write to.")},
    )
    channel = forms.CharField(required=False, max_length=20, widget=forms.HiddenInput)

    def __init__(self, *args: Any, pack: Pack, **kwargs: Any) -> None:
        """Name the address by what may be given."""
        super().__init__(*args, pack=pack, **kwargs)
        is_sms_offered = SMS in offered()
        self.fields["address"].label = (
            _("Your e-mail address or mobile number") if is_sms_offered else _("Your e-mail address")
        )

    def clean_address(self) -> str:
        """Return the address as its channel writes it, and note the channel."""
        given: str = self.cleaned_data["address"]
        is_push = self.data.get("channel") == PUSH and given.lstrip().startswith("{")
        self.chosen_channel = PUSH if is_push else channel_of(given, offering=offered())
        if is_push and isinstance(self.data, QueryDict):
            kept = self.data.copy()
            kept["address"] = ""  # nobody wants to see that in the field, should the form come back
            self.data = kept
        try:
            return checked_address(self.chosen_channel, given)
        except InputError as error:
            raise forms.ValidationError(sentence(error.code), code=error.code) from error


def _packages(pack: Pack, language: Language) -> list[tuple[str, list[tuple[str, str]]]]:
    return [
        (audience.name[language], own)
        for audience in pack.audiences.values()
        if (own := [(item.id, item.name) for item in pack.packages.values() if item.audience == audience.id])
    ]
