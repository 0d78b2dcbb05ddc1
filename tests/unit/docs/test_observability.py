"""Alert rules, configuration and dashboard: valid, explained, and about metrics that there are."""

import json
import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from document_parts import anchor
from metrics_world import full_api
from settings_table import ROOT

PROMETHEUS = ROOT / "deploy/prometheus"
OPERATIONS = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
METRIC = re.compile(r"\bventas_\w+")


def loaded(name: str) -> Any:
    return yaml.safe_load((ROOT / "deploy" / name).read_text(encoding="utf-8"))


@cache
def alerts() -> dict[str, dict[str, Any]]:
    (group,) = loaded("prometheus/alerts.yml")["groups"]
    return {rule["alert"]: rule for rule in group["rules"]}


def dashboard() -> dict[str, Any]:
    text = (ROOT / "deploy/grafana/dashboards/ventas.json").read_text(encoding="utf-8")
    found = json.loads(text)
    assert isinstance(found, dict)
    return found


def promtool(*words: str) -> None:
    program = shutil.which("promtool")
    if program is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(
            "promtool is not installed (Debian: prometheus)."
        )
    done = subprocess.run([program, *words], cwd=PROMETHEUS, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["prometheus.yml", "local.yml"])
def test_promtool_takes_the_configuration(name: str) -> None:
    promtool("check", "config", name)


def test_promtool_sees_every_alert_fire_and_be_silent() -> None:
    promtool("check", "rules", "--lint-fatal", "alerts.yml")
    promtool("test", "rules", "alerts.test.yml")
    told: dict[str, set[bool]] = {}
    for test in loaded("prometheus/alerts.test.yml")["tests"]:
        for one in test["alert_rule_test"]:
            told.setdefault(one["alertname"], set()).add(bool(one["exp_alerts"]))
    assert told == {name: {True, False} for name in alerts()}


def test_every_alert_leads_to_its_section() -> None:
    sections = re.findall(r"^#+ (.+)$", OPERATIONS, re.MULTILINE)
    anchors = {f"docs/operations.md{anchor(title)}": title for title in sections}
    for name, rule in alerts().items():
        assert anchors[rule["annotations"]["runbook"]] == name
        assert rule["labels"]["severity"] in ("info", "warning", "critical")
    explained = {title for title in sections if re.fullmatch(r"Ventas[A-Z]\w+", title)}
    assert explained == set(alerts())


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Every family that the API and the receiver can tell of, with its type."""
    from prometheus_client.parser import text_string_to_metric_families

    told = {}
    for text in (full_api(tmp_path_factory.mktemp("api")), _receiver_text()):
        for family in text_string_to_metric_families(text):
            told[family.name] = family.type
    return told


def _receiver_text() -> str:
    from ventas.front.tally import Tally
    from webhooks.metrics import exposition

    tally = Tally(("recorded",))
    tally.observe("POST", "/events/minio", 200, 0.1)
    return exposition(tally, "")[0].decode()


def family_of(name: str, known: dict[str, str]) -> str | None:
    """The family of a series' name; parts of a histogram and `_total` are of the name before."""
    for end, kinds in (
        ("", {"gauge"}),
        ("_total", {"counter"}),
        ("_bucket", {"histogram"}),
        ("_count", {"histogram"}),
        ("_sum", {"histogram"}),
    ):
        family = name.removesuffix(end) if name.endswith(end) else ""
        if known.get(family) in kinds:
            return family
    return None


def expressions() -> list[str]:
    told = [target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", [])]
    return told + [rule["expr"] for rule in alerts().values()]


def test_alerts_and_dashboard_ask_for_metrics_that_there_are(known: dict[str, str]) -> None:
    named = {name for expression in expressions() for name in METRIC.findall(expression)}
    assert len(named) > 20
    assert not {name for name in named if family_of(name, known) is None}


def test_the_table_of_metrics_lists_all_and_no_other(known: dict[str, str]) -> None:
    (section,) = re.findall(r"^## Metrics\n(.*?)^## ", OPERATIONS, re.MULTILINE | re.DOTALL)
    listed = set(re.findall(r"^\| `(ventas_\w+)", section, re.MULTILINE))
    assert {family_of(name, known) or family_of(f"{name}_count", known) or name for name in listed} == set(
        known
    )


def test_the_dashboard_is_shown_every_metric(known: dict[str, str]) -> None:
    shown = {
        family_of(name, known)
        for panel in dashboard()["panels"]
        for target in panel.get("targets", [])
        for name in METRIC.findall(target["expr"])
    }
    assert set(known) - shown <= {"ventas_sweep_interval_seconds"}


def test_grafana_finds_its_data_and_its_dashboard() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    (source,) = loaded("grafana/provisioning/datasources/prometheus.yml")["datasources"]
    assert source["url"] == "http://prometheus:9090"
    used = {panel["datasource"]["uid"] for panel in dashboard()["panels"] if "datasource" in panel}
    assert used == {source["uid"]}
    (provider,) = loaded("grafana/provisioning/dashboards/ventas.yml")["providers"]
    targets = {Path(volume.split(":")[1]).parent for volume in services["grafana"]["volumes"]}
    assert Path(provider["options"]["path"]) in targets


def test_prometheus_asks_where_the_services_listen() -> None:
    from ventas.settings import Settings

    settings = Settings(_env_file=None)
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["x-settings"]
    for name, places in (
        ("prometheus.yml", {compose["API_URL"], compose["WEBHOOKS_URL"]}),
        ("local.yml", {settings.API_URL, settings.WEBHOOKS_URL}),
    ):
        jobs = loaded(f"prometheus/{name}")["scrape_configs"]
        targets = {
            f"http://{target}" for job in jobs for one in job["static_configs"] for target in one["targets"]
        }
        assert targets == places
