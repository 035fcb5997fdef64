"""What `tocsin check` says of the channels, before anybody waits for a message."""

from pathlib import Path

import pytest

from tocsin.runtime.checking import configuration_findings
from tocsin.runtime.configuration import CHAT_SERVICES, Configuration, load_configuration


def test_channels_as_they_are_shipped_need_nothing(tmp_path: Path) -> None:
    assert configuration_findings(Configuration(tmp_path / "data")) == []
    assert not (tmp_path / "data").exists()  # looking makes no keys


def test_a_broken_list_of_providers_and_a_service_that_may_not_be_offered_are_found(tmp_path: Path) -> None:
    (tmp_path / "sms.toml").write_text("providers = []")
    given = Configuration(tmp_path, sms_file=str(tmp_path / "sms.toml"), apprise_services=("slack", "syslog"))
    found = configuration_findings(given)
    assert [finding.code for finding in found] == ["sms_file.missing", "apprise.service"]
    assert [finding.severity for finding in found] == ["error", "error"]


def test_the_list_of_chat_services_is_read_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_DATA_FOLDER", str(tmp_path))
    assert load_configuration().apprise_services == CHAT_SERVICES
    monkeypatch.setenv("TOCSIN_APPRISE_SERVICES", "slack, matrixs")
    assert load_configuration().apprise_services == ("slack", "matrixs")
    monkeypatch.setenv("TOCSIN_APPRISE_SERVICES", "")
    assert load_configuration().apprise_services == ()
