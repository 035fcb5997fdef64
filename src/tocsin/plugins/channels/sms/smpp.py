"""A provider of text messages that speaks SMPP 3.4, over TCP or TLS, by way of smpplib.

One bound connection is kept until `close`; after a silence it is asked whether it still lives (`enquire_link`) before
a message is trusted to it, so that a link that died unseen costs no message its certainty.
"""

import contextlib
import logging
import socket
import ssl
import struct
import time
import warnings
from typing import Any, Final

from tocsin.plugins.channels.sms.file import ProviderSettings
from tocsin.plugins.channels.sms.ports import ProviderError, Sms
from tocsin.plugins.channels.sms.text import encoded

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from smpplib import client as smpp_client
    from smpplib import consts, exceptions, smpp

_FAULTS: Final = (
    exceptions.ConnectionError,
    exceptions.PDUError,
    exceptions.UnknownCommandError,
    struct.error,
    OSError,
    ValueError,
)
_LOG: Final = "smpplib.tocsin"
logging.getLogger(_LOG).setLevel(logging.WARNING)  # below, smpplib writes whole PDUs: passwords, numbers, texts

STEP_S: Final = 4.0
"""For each answer of the provider."""

SILENCE_S: Final = 20.0
_LARGEST_PDU: Final = 64 * 1024
_UNIQUE: Final = 256
_PERMANENT: Final = frozenset(
    {
        consts.SMPP_ESME_RINVDSTADR,
        consts.SMPP_ESME_RINVMSGLEN,
        consts.SMPP_ESME_RINVDSTTON,
        consts.SMPP_ESME_RINVDSTNPI,
        consts.SMPP_ESME_RINVNUMDESTS,
    }
)
"""What a provider answers when the number or the text is at fault; anything else may pass."""


class SmppProvider:
    """Binds (as a transceiver where receipts are wanted) and submits messages one by one."""

    def __init__(
        self, settings: ProviderSettings, *, step_s: float = STEP_S, tls: ssl.SSLContext | None = None
    ) -> None:
        """Take the provider's settings; `tls` replaces the machine's own trust, for a private authority."""
        self.name = settings.name
        self._settings = settings
        self._step_s = step_s
        self._tls = tls
        self._link: _Link | None = None
        self._heard_s = 0.0
        self._series = 0

    def send(self, sms: Sms) -> None:
        """Submit a message, all of its parts, and wait for the provider's id of each (see `Provider`)."""
        text = encoded(sms.text)
        link = self._living_link()
        self._series = (self._series + 1) % _UNIQUE
        for number, part in enumerate(text.parts, start=1):
            header = b"" if len(text.parts) == 1 else bytes([5, 0, 3, self._series, len(text.parts), number])
            self._submit(link, sms, header + part, is_gsm7=text.is_gsm7, is_first=number == 1)

    def close(self) -> None:
        """Unbind."""
        link, self._link = self._link, None
        if link is not None:
            link.let_go()

    def _submit(self, link: "_Link", sms: Sms, part: bytes, *, is_gsm7: bool, is_first: bool) -> None:
        try:
            answer = link.submit(self._pdu(sms, part, is_gsm7=is_gsm7))
        except _FAULTS as error:
            self.close()
            raise ProviderError("unanswered", f"{self.name}: {type(error).__name__} {error}".strip()) from error
        self._heard_s = time.monotonic()
        if answer.status == consts.SMPP_ESME_ROK:
            return
        words = f"{self.name}: {consts.DESCRIPTIONS.get(answer.status, 'unknown')} ({answer.status:#x})"
        # A later part refused after an earlier one was taken: another provider would send the earlier one again.
        raise ProviderError("refused" if is_first else "unanswered", words, permanent=answer.status in _PERMANENT)

    def _pdu(self, sms: Sms, part: bytes, *, is_gsm7: bool) -> dict[str, Any]:
        given = self._settings
        is_number = given.sender.lstrip("+").isdigit()
        return {
            "source_addr_ton": consts.SMPP_TON_INTL if is_number else consts.SMPP_TON_ALNUM,
            "source_addr_npi": consts.SMPP_NPI_ISDN if is_number else consts.SMPP_NPI_UNK,
            "source_addr": given.sender.lstrip("+"),
            "dest_addr_ton": consts.SMPP_TON_INTL,
            "dest_addr_npi": consts.SMPP_NPI_ISDN,
            "destination_addr": sms.to.removeprefix("+"),
            "short_message": part,
            "data_coding": consts.SMPP_ENCODING_DEFAULT if is_gsm7 else consts.SMPP_ENCODING_ISO10646,
            "esm_class": consts.SMPP_GSMFEAT_UDHI if part[:3] == b"\x05\x00\x03" else consts.SMPP_MSGMODE_DEFAULT,
            "registered_delivery": given.receipts,
            "user_message_reference": int(sms.reference[:4], 16),
        }

    def _living_link(self) -> "_Link":
        if self._link is not None and time.monotonic() - self._heard_s > SILENCE_S and not self._link.is_alive():
            self.close()
        if self._link is None:
            self._link = self._bound()
            self._heard_s = time.monotonic()
        return self._link

    def _bound(self) -> "_Link":
        given = self._settings
        tls = (self._tls or ssl.create_default_context()) if given.tls else None
        link = _Link(given.host, given.port, step_s=self._step_s, tls=tls)
        try:
            link.connect()
            bind = link.bind_transceiver if given.receipts else link.bind_transmitter
            bind(system_id=given.user, password=given.secret, system_type=given.system_type)
        except _FAULTS as error:
            link.let_go()
            raise ProviderError("unreached", f"{self.name}: {type(error).__name__} {error}".strip()) from error
        return link


class _Link(smpp_client.Client):  # type: ignore[misc]  # smpplib has no types
    """smpplib's client with a name for TLS to check, IPv6, one deadline an answer, and a limit on what it reads."""

    def __init__(self, host: str, port: int, *, step_s: float, tls: ssl.SSLContext | None) -> None:
        super().__init__(host, port, timeout=step_s, logger_name=_LOG, allow_unknown_opt_params=True)
        self._tls = tls
        self._ends_s = 0.0

    def connect(self) -> None:
        opened = socket.create_connection((self.host, self.port), timeout=self.timeout)
        self._socket = opened if self._tls is None else self._tls.wrap_socket(opened, server_hostname=self.host)
        self.state = consts.SMPP_CLIENT_STATE_OPEN
        self._ends_s = time.monotonic() + self.timeout

    def submit(self, message: dict[str, Any]) -> Any:
        """Send one message and return the answer to it; receipts and the provider's own questions are answered."""
        return self._answer_to(self._sent(smpp.make_pdu("submit_sm", client=self, **message)))

    def is_alive(self) -> bool:
        """Ask the provider whether it still hears us."""
        try:
            self._answer_to(self._sent(smpp.make_pdu("enquire_link", client=self)))
        except _FAULTS:
            return False
        return True

    def let_go(self) -> None:
        """Say goodbye, without waiting for an answer, and close."""
        if self.state == consts.SMPP_CLIENT_STATE_CLOSED:
            return
        with contextlib.suppress(*_FAULTS):  # it is closed either way
            self.send_pdu(smpp.make_pdu("unbind", client=self))
        self.state = consts.SMPP_CLIENT_STATE_OPEN
        self.disconnect()

    def _sent(self, pdu: Any) -> int:
        self._ends_s = time.monotonic() + self.timeout
        self._socket.settimeout(self.timeout)
        self.send_pdu(pdu)
        return int(pdu.sequence)

    def _answer_to(self, sequence: int) -> Any:
        while True:
            pdu = self.read_pdu()
            if pdu.command in {"deliver_sm", "enquire_link"}:
                self._acknowledge(pdu)
            elif pdu.command == "unbind":
                raise exceptions.ConnectionError("the provider ends the session")
            elif pdu.sequence == sequence:
                return pdu

    def _acknowledge(self, pdu: Any) -> None:
        answer = smpp.make_pdu(f"{pdu.command}_resp", client=self, status=consts.SMPP_ESME_ROK)
        answer.sequence = pdu.sequence
        self.send_pdu(answer)

    def _recv_exact(self, exact_size: int) -> bytes:
        if exact_size > _LARGEST_PDU or exact_size < 0:
            raise exceptions.ConnectionError("not SMPP")
        received = b""
        while len(received) < exact_size:
            remaining_s = self._ends_s - time.monotonic()
            if remaining_s <= 0:
                raise TimeoutError("no answer in time")
            self._socket.settimeout(remaining_s)
            piece = self._socket.recv(exact_size - len(received))
            if not piece:
                raise exceptions.ConnectionError("the connection was closed")
            received += piece
        return received
