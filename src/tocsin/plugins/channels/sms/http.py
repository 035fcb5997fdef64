"""A provider of text messages that takes them over HTTP: any of them, by a template of what it wants to be sent."""

import base64
import json
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlencode

from tocsin.kernel import gsm7
from tocsin.kernel.addresses import OutwardUrl, outward_url
from tocsin.kernel.errors import DeliveryError
from tocsin.kernel.outward import UNANSWERED, Answer, Outward
from tocsin.plugins.channels.sms.file import OPERATORS, ProviderSettings
from tocsin.plugins.channels.sms.ports import Outcome, ProviderError, Sms

_OK: Final = range(200, 300)
_CONTENT_TYPES: Final = {"json": "application/json", "form": "application/x-www-form-urlencoded"}


class HttpProvider:
    """Fills the operator's template for each message, sends it, and reads from the answer what became of it."""

    def __init__(self, settings: ProviderSettings, *, outward: Outward | None = None) -> None:
        """Take the provider's settings; `outward` replaces the connections, for other time limits."""
        self.name = settings.name
        self._settings = settings
        self._outward = outward or Outward(OPERATORS)

    def send(self, sms: Sms) -> None:
        """Hand a message over (see `Provider`)."""
        given, values = self._settings, self._values(sms)
        filled = _filled(given.body, values)
        headers = {"User-Agent": "Tocsin", "Idempotency-Key": sms.reference}
        headers |= {name: _one_line(_filled(text, values)) for name, text in given.headers.items()}
        url, body, method = self._url, b"", "POST"
        if given.format == "query":
            joint = "&" if "?" in url.target else "?"
            url, method = OutwardUrl(url.origin, f"{url.target}{joint}{urlencode(filled)}"), "GET"
        else:
            headers["Content-Type"] = _CONTENT_TYPES[given.format]
            body = (json.dumps(filled) if given.format == "json" else urlencode(filled)).encode()
        try:
            answer = self._outward.send(url, body=body, headers=headers, method=method)
        except DeliveryError as error:
            outcome: Outcome = "unanswered" if error.code == UNANSWERED else "unreached"
            raise ProviderError(outcome, f"{self.name}: {error.message}") from error
        self._judge(answer)

    def close(self) -> None:
        """Let go of the connection."""
        self._outward.close()

    @cached_property
    def _url(self) -> OutwardUrl:
        return outward_url(self._settings.url, policy=OPERATORS)

    def _values(self, sms: Sms) -> Mapping[str, str]:
        given = self._settings
        pair = f"{given.user}:{given.secret}"
        return {
            "to": sms.to,
            "digits": sms.to.removeprefix("+"),
            "sender": given.sender,
            "text": sms.text,
            "reference": sms.reference,
            "coding": "0" if gsm7.is_spelled(sms.text) else "2",
            "user": given.user,
            "secret": given.secret,
            "user_secret": pair,
            "basic": base64.b64encode(pair.encode()).decode(),
        }

    def _judge(self, answer: Answer) -> None:
        words = answer.body.decode("utf-8", errors="replace")
        # Its words are not repeated: a provider may echo the number and the text, and errors are logged.
        said = f"{self.name}: HTTP {answer.status}"
        if answer.status in self._settings.permanent:
            raise ProviderError("refused", said, permanent=True)
        if answer.status in self._settings.refused:
            raise ProviderError("refused", said)
        if answer.status not in _OK:
            raise ProviderError("unanswered", said)
        if self._settings.success and re.search(self._settings.success, words):
            return
        if words.lstrip()[:9].lower().startswith(("<!doctype", "<html")):
            raise ProviderError("unanswered", f"{said} with a page for people: something else answers there")
        if self._settings.success:
            raise ProviderError("refused", f"{said}, but not as `success` says")


def _filled(template: Any, values: Mapping[str, str]) -> Any:
    if isinstance(template, str):
        return re.sub(r"\{([a-z_]+)\}", lambda found: values[found[1]], template)
    if isinstance(template, Mapping):
        return {name: _filled(value, values) for name, value in template.items()}
    if isinstance(template, list):
        return [_filled(value, values) for value in template]
    return template


def _one_line(text: str) -> str:
    return " ".join(text.split())
