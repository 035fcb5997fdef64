"""Other people's Statuspage clients, over HTTP: they report an incident, its components and its end."""

import json
import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from bulletin_cases import NOW, closed, due, facts, first, said
from exported_site import DOWN, maintenance
from published_site import Published
from tocsin.status_site.rules.facts import Facts

QUIET = facts()
LATER = NOW + timedelta(minutes=20)


def broken() -> Facts:
    return facts(incidents=(DOWN,), said=(said(first(DOWN)),), maintenance=(maintenance(state="running"),))


def mended() -> Facts:
    begin, over = first(DOWN), closed(DOWN, at=LATER)
    (end,) = due(over, happened="closed", published=(begin,), now=LATER)
    return facts(incidents=(over,), said=(said(begin), said(end)), now=LATER, checked_at=LATER)


def asked(tools: Path, published: Published, language: str = "") -> Any:
    url = f"{published.base}/site/{language}"
    answer = subprocess.run(
        ["node", "statuspage_client.js", url], cwd=tools, capture_output=True, text=True, check=False, timeout=30
    )
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def test_npm_statuspage_io_reports_an_incident_and_its_end(tools: Path, published: Published) -> None:
    published.show(QUIET)
    quiet = asked(tools, published)
    assert quiet["status"]["status"]["indicator"] == "none"
    assert quiet["unresolved"]["incidents"] == []

    published.show(broken())
    bad = asked(tools, published)
    (incident,) = bad["unresolved"]["incidents"]
    assert bad["status"]["status"]["indicator"] == "critical"
    assert incident["name"].startswith("Electronic prescriptions cannot be retrieved")
    assert incident["status"] == "investigating"
    assert [each["name"] for each in incident["components"]] == ["Pharmacists – Dispensing"]
    assert bad["summary"]["incidents"] == bad["unresolved"]["incidents"]
    components = {each["id"]: each["status"] for each in bad["components"]["components"]}
    assert components["pharmacist.dispense"] == "major_outage"
    assert components["doctor.prescribe"] == "under_maintenance"
    assert components["nurse.bill"] == "operational"
    # This client asks for "upcoming" whichever list of maintenance it is asked for: the summary has them all.
    assert [each["status"] for each in bad["summary"]["scheduled_maintenances"]] == ["in_progress"]
    assert bad["upcoming"]["scheduled_maintenances"] == []

    published.show(mended())
    good = asked(tools, published)
    assert good["unresolved"]["incidents"] == []
    (over,) = good["all"]["incidents"]
    assert (over["id"], over["status"]) == (incident["id"], "resolved")
    assert over["resolved_at"] == "2020-01-28T08:02:00Z"
    assert good["status"]["status"]["indicator"] == "none"


def test_npm_statuspage_io_reads_each_language(tools: Path, published: Published) -> None:
    published.show(broken())
    assert asked(tools, published, "nl/")["status"]["status"]["description"] == "Werkt niet"


def metrics(published: Published, folder: Path) -> dict[str, float]:
    (folder / "services.json").write_text(
        json.dumps({"tocsin": {"name": "Tocsin", "url": f"{published.base}/site/api/v2/summary.json"}})
    )
    textfile = folder / "metrics.prom"
    answer = subprocess.run(
        [sys.executable, "-m", "statuspage_prometheus_exporter.status_monitoring"],
        cwd=folder,
        env=os.environ
        | {
            "SERVICES_JSON_PATH": str(folder / "services.json"),
            "RUN_MODE": "once",
            "CLEAR_CACHE": "true",
            "METRICS_TEXTFILE_PATH": str(textfile),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert answer.returncode == 0, answer.stderr
    found = re.findall(r"^(statuspage_\w+(?:\{.*\})?) (\S+)$", textfile.read_text(), flags=re.MULTILINE)
    return {name: float(value) for name, value in found}


def component(found: dict[str, float], name: str) -> float:
    return found[f'statuspage_component_status{{component_name="{name}",service_name="Tocsin"}}']


def infos(found: dict[str, float], kind: str) -> list[str]:
    return [name for name in found if name.startswith(f"statuspage_{kind}_info{{")]


def test_the_prometheus_exporter_reports_an_incident_and_its_end(published: Published, tmp_path: Path) -> None:
    published.show(QUIET)
    quiet = metrics(published, tmp_path)
    assert quiet['statuspage_service_status{service_name="Tocsin"}'] == 1
    assert component(quiet, "Pharmacists – Dispensing") == 1

    published.show(broken())
    bad = metrics(published, tmp_path)
    assert bad['statuspage_service_status{service_name="Tocsin"}'] == 0
    assert component(bad, "Pharmacists – Dispensing") == 0
    assert component(bad, "Pharmacists") == 0
    assert component(bad, "Nurses – Billing") == 1
    (incident,) = infos(bad, "incident")
    assert 'incident_id="2020-01-28-1"' in incident
    assert 'impact="critical"' in incident
    assert 'affected_components="Pharmacists – Dispensing"' in incident
    assert len(infos(bad, "maintenance")) == 1

    published.show(mended())
    good = metrics(published, tmp_path)
    assert good['statuspage_service_status{service_name="Tocsin"}'] == 1
    assert component(good, "Pharmacists – Dispensing") == 1
    (none,) = infos(good, "incident")
    assert 'incident_id="none"' in none


def test_the_prometheus_exporter_does_not_call_the_unknown_operational(published: Published, tmp_path: Path) -> None:
    published.show(facts(now=NOW + timedelta(minutes=6)))
    found = metrics(published, tmp_path)

    assert found['statuspage_service_status{service_name="Tocsin"}'] == 0
    assert {value for name, value in found.items() if name.startswith("statuspage_component_status")} == {0.0}
