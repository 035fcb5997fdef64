import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from parsed_packs import BELGIUM
from tocsin.cli.check import app


def check(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env={**environment})


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(BELGIUM, tmp_path / "pack"))


def test_the_shipped_pack_and_the_defaults_have_nothing_to_mend() -> None:
    result = check()
    assert result.output == "Nothing to mend.\n"
    assert result.exit_code == 0


def test_a_pack_with_a_dangling_id_is_refused_with_place_and_advice(copied: Path) -> None:
    services = copied / "services.toml"
    services.write_text(services.read_text().replace('needs = ["etk_depot"]', 'needs = ["etk"]'))
    result = check("--pack", str(copied))
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "error: services.toml: kgss.needs: There is no service 'etk'. Add the service or mend the id. [pack.dangling]",
        "1 to mend, 0 to look at.",
    ]


def test_a_procedure_past_its_review_is_told_and_lets_one_start(copied: Path) -> None:
    bill = copied / "procedures" / "bill.toml"
    bill.write_text(bill.read_text().replace("review_on = 2027-05-22", "review_on = 2020-01-27"))
    result = check("--pack", str(copied))
    assert result.exit_code == 0
    assert "warning: procedures/bill.toml: bill-later.review_on: That day (2020-01-27) has passed." in result.output
    assert result.output.splitlines()[-1].startswith("0 to mend, ")


def test_a_missing_message_is_told(copied: Path) -> None:
    shutil.rmtree(copied / "messages")
    result = check("--pack", str(copied))
    assert result.exit_code == 1
    assert "error: " in result.output


def test_an_unknown_pack_is_refused() -> None:
    result = check("--pack", "nowhere")
    assert result.exit_code == 1
    assert "There is no content pack 'nowhere'." in result.output


def test_an_unknown_setting_is_told_and_the_pack_is_looked_at_all_the_same(tmp_path: Path, copied: Path) -> None:
    (tmp_path / "tocsin.toml").write_text('colour = "red"')
    (copied / "regions.toml").unlink()
    result = check("--config", str(tmp_path / "tocsin.toml"), "--pack", str(copied))
    assert result.exit_code == 1
    assert "There is no setting 'colour'." in result.output
    assert "regions.toml: The file is missing." in result.output


def test_a_configuration_that_cannot_be_read_ends_there(tmp_path: Path) -> None:
    result = check("--config", str(tmp_path / "nothing.toml"))
    assert result.exit_code == 1
    assert result.output.splitlines()[-1] == "1 to mend, 0 to look at."


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("TOCSIN_BASE_URL", "status.example.org", "error: configuration: base_url: "),
        ("TOCSIN_SITE_URL", "ftp://example.org", "error: configuration: site_url: "),
        ("TOCSIN_SMTP_URL", "mail", "error: smtp_url: This is not an address of a mail server."),
        ("TOCSIN_PROBES_FILE", "/nowhere/probes.toml", "error: /nowhere/probes.toml: The file cannot be read"),
        ("TOCSIN_INTAKE_FILE", "/nowhere/intake.toml", "error: /nowhere/intake.toml: It cannot be read"),
        ("TOCSIN_PACK", "nowhere", "error: pack: There is no content pack 'nowhere'."),
    ],
)
def test_a_setting_that_cannot_work_is_told(setting: str, value: str, told: str) -> None:
    result = check(**{setting: value})
    assert result.exit_code == 1
    assert result.output.startswith(told)


def test_debugging_is_a_warning() -> None:
    result = check(TOCSIN_DEBUG="true")
    assert result.exit_code == 0
    assert result.output.startswith("warning: configuration: debug: ")


def test_good_settings_are_not_told(tmp_path: Path) -> None:
    (tmp_path / "probes.toml").write_text("")
    result = check(TOCSIN_SMTP_URL="smtp://localhost:25", TOCSIN_PROBES_FILE=str(tmp_path / "probes.toml"))
    assert result.output == "Nothing to mend.\n"


@pytest.mark.parametrize("sender", ["Tocsin <tocsin>@", "tocsin", "a@b, c@d", "a b@example.org"])
def test_a_sender_that_is_no_address_is_told(sender: str) -> None:
    result = check(TOCSIN_SMTP_URL="smtp://localhost:25", TOCSIN_MAIL_FROM=sender)
    assert result.exit_code == 1
    assert result.output.startswith("error: mail_from: This is not an e-mail address. Write name@example.org.")


def test_names_that_the_pack_does_not_have_are_told(tmp_path: Path) -> None:
    probes, intake = tmp_path / "probes.toml", tmp_path / "intake.toml"
    probes.write_text('[[probes]]\nid = "p"\nservice = "stss"\nurl = "https://sts.example.org/"\n')
    intake.write_text('[services]\n"sts.example.org" = "stss"\n[packages]\n"Suite 12" = "gp-a"\n')
    result = check(TOCSIN_PROBES_FILE=str(probes), TOCSIN_INTAKE_FILE=str(intake))
    assert result.exit_code == 1
    first, second, last = result.output.splitlines()
    assert first.startswith(f"error: {probes}: p: The pack has no service 'stss'. It knows net_belnet, ")
    assert first.endswith("[probes.unknown_id]")
    assert second.startswith(f"error: {intake}: [services]: The pack has no service 'stss'. It knows net_belnet, ")
    assert second.endswith("[intake_file.unknown_id]")
    assert last == "2 to mend, 0 to look at."


def test_checking_needs_no_django() -> None:
    program = (
        "import sys\nfrom tocsin.cli.check import app\n"
        "try:\n    app(args=[])\nexcept SystemExit:\n    pass\n"
        "print('django' in sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert shown.splitlines() == ["Nothing to mend.", "False"]
