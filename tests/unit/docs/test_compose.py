"""The compose file and its images, as far as they can be checked without a Docker engine."""

import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from settings_table import ROOT, shown

from ventas.launcher.addresses import dashboard_origins
from ventas.settings import Settings

VARIABLE = re.compile(r"\$\{(\w+)(?::?-([^}]*))?\}")
OURS = "ventas:local"
OBSERVERS = {"prometheus": "9090", "grafana": "3000"}  # and where they listen
STRICTER = {"DASHBOARD_AUTH"}  # its default is for the loopback alone


def text() -> str:
    return (ROOT / "docker-compose.yml").read_text(encoding="utf-8")


@cache
def compose() -> dict[str, Any]:
    loaded = yaml.safe_load(text())
    assert isinstance(loaded, dict)
    return loaded


def services() -> dict[str, dict[str, Any]]:
    found = compose()["services"]
    assert isinstance(found, dict)
    return found


def ours() -> dict[str, dict[str, Any]]:
    return {name: service for name, service in services().items() if service["image"] == OURS}


def processes() -> list[str]:
    return re.findall(r"^(\w+):", (ROOT / "Procfile").read_text(encoding="utf-8"), re.MULTILINE)


def in_container(**changes: str) -> Settings:
    """The settings that our containers read."""
    filled = {
        name: VARIABLE.sub(lambda match: match[2], value) for name, value in compose()["x-settings"].items()
    }
    return Settings(_env_file=None, **(filled | changes))


def test_it_keeps_to_the_compose_specification() -> None:
    """`vendor/compose-spec.json` is the specification's own schema (compose-go 2.16.2, Apache-2.0)."""
    schema = json.loads((Path(__file__).parent / "vendor" / "compose-spec.json").read_text(encoding="utf-8"))
    validator = jsonschema.validators.validator_for(schema)(schema)
    assert not [f"{list(one.path)}: {one.message}" for one in validator.iter_errors(compose())]
    assert list(validator.iter_errors({"services": {"api": {"imagen": "x"}}})), "the schema checks nothing"


def test_every_process_is_a_service_and_all_start_with_one_profile() -> None:
    assert set(processes()) <= set(services())
    apart = {name for name, service in services().items() if service["profiles"] != ["all"]}
    assert apart == set(OBSERVERS)
    assert all(services()[name]["profiles"] == ["observability"] for name in apart)


def test_our_services_are_started_as_the_launcher_starts_them() -> None:
    for name in set(processes()) - {"minio", "redis"}:
        assert services()[name]["command"] == ["ventas", "run", name]


def test_every_variable_is_a_setting_or_is_explained() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    explained = set(re.findall(r"^#(\w+)=", example, re.MULTILINE))
    assert {name for name, _ in VARIABLE.findall(text())} <= explained


def test_defaults_of_settings_are_the_settings_own() -> None:
    for name, default in VARIABLE.findall(text()):
        if name in Settings.model_fields.keys() - STRICTER:
            assert default == shown(Settings.model_fields[name].default), name


def test_addresses_of_a_local_env_file_cannot_leak_into_the_containers() -> None:
    local = {
        name for name in Settings.model_fields if re.search(r"_(BIND|URL|URI|ENDPOINT|HOME|PORT)$", name)
    }
    assert set(compose()["x-settings"]) <= set(Settings.model_fields)
    assert local <= set(compose()["x-settings"])


def test_our_containers_settings_are_valid_and_lead_to_services() -> None:
    settings = in_container()
    for name in ("API_URL", "WEBHOOKS_URL", "MLFLOW_TRACKING_URI", "REDIS_URL", "MINIO_ENDPOINT"):
        host = re.sub(r"^\w+://", "", getattr(settings, name)).partition(":")[0]
        assert host in services(), name
    assert settings.database_url.startswith("postgresql+psycopg://")
    assert settings.mlflow_backend_store_uri != settings.database_url


@pytest.mark.parametrize(
    "name", ["mlflow", "webhooks", "worker", "trainer", "beat", "flower", "api", "dashboard"]
)
def test_the_launchers_table_takes_the_containers_settings(name: str) -> None:
    from ventas.launcher.services import service

    launch = service(name).launch(in_container())
    listening = [word for word in launch.argv if "127.0.0.1" in word or "localhost" in word]
    assert not listening, "inside a container the loopback is reached by nobody"


def test_the_dashboard_asks_who_comes_and_never_starts_open() -> None:
    from ventas.errors import SettingsError
    from ventas.launcher.services import service

    assert in_container().DASHBOARD_AUTH == "token"
    with pytest.raises(SettingsError, match="DASHBOARD_AUTH is off"):
        service("dashboard").launch(in_container(DASHBOARD_AUTH="off"))


def test_mlflow_takes_the_host_names_by_which_it_is_called() -> None:
    from ventas.launcher.services import service

    allowed = service("mlflow").launch(in_container()).env["MLFLOW_SERVER_ALLOWED_HOSTS"].split(",")
    assert {"mlflow:5000", "127.0.0.1:5000", "localhost:5000"} <= set(allowed)
    assert services()["mlflow"]["hostname"] == "mlflow"


def published() -> dict[str, list[tuple[str, str, str]]]:
    return {
        name: [tuple(port.split(":")) for port in service.get("ports", [])]
        for name, service in services().items()
    }


def test_only_loopback_ports_are_published() -> None:
    assert {host for ports in published().values() for host, _, _ in ports} == {"127.0.0.1"}
    assert all(service.get("network_mode") is None for service in services().values())


def test_published_ports_are_those_on_which_the_services_listen() -> None:
    from ventas.launcher.services import service

    settings = in_container()
    for name, ports in published().items():
        if ports:
            known = {OBSERVERS[name]} if name in OBSERVERS else None
            expected = known or {str(where.port) for where in service(name).where(settings)}
            assert {inside for _, _, inside in ports} == expected
            assert all(outside == inside for _, outside, inside in ports)
    assert {name for name, ports in published().items() if ports} == {
        *("minio", "mlflow", "flower", "api", "dashboard", *OBSERVERS)
    }


def test_public_addresses_are_published() -> None:
    outside = {port for ports in published().values() for _, port, _ in ports}
    for name, value in compose()["x-settings"].items():
        if name.endswith("_PUBLIC_URL"):
            assert value.rpartition(":")[2] in outside, name


def test_every_volume_is_declared_and_used() -> None:
    used = {
        volume.partition(":")[0]
        for service in services().values()
        for volume in service.get("volumes", [])
        if not volume.startswith((".", "/"))
    }
    assert used == set(compose()["volumes"])


def test_files_that_are_mounted_or_run_are_there() -> None:
    mounted = [
        v.split(":")[0] for s in services().values() for v in s.get("volumes", []) if v.startswith("./")
    ]
    run = [word for s in services().values() for word in s.get("command", []) if word.endswith(".py")]
    built = [s["build"]["dockerfile"] for s in services().values() if "dockerfile" in s.get("build", {})]
    named = [*mounted, *run, *built, "Dockerfile"]
    assert len(named) > 4
    assert not [name for name in named if not (ROOT / name).is_file()]


def test_services_wait_for_services_that_can_meet_the_condition() -> None:
    for name, service in services().items():
        for other, wanted in service.get("depends_on", {}).items():
            assert other in services(), name
            if wanted["condition"] == "service_healthy":
                assert "healthcheck" in services()[other], f"{name} waits for {other}"
            if wanted["condition"] == "service_completed_successfully":
                assert services()[other]["restart"] == "no", f"{name} waits for {other}"


def test_all_of_ours_wait_for_the_tables() -> None:
    def needs(name: str) -> set[str]:
        direct = set(services()[name].get("depends_on", {}))
        return direct.union(*(needs(other) for other in direct))

    assert not {name for name in ours() if name != "migrate" and "migrate" not in needs(name)}


def test_what_stays_up_has_a_health_check_and_is_restarted() -> None:
    for name, service in services().items():
        if service["restart"] != "no":
            assert service["restart"] == "unless-stopped", name
            assert service["healthcheck"]["test"][0] == "CMD", name


def test_health_checks_ask_for_a_service_that_the_launcher_can_ask() -> None:
    from ventas.launcher.readiness import Health

    asked = {
        name: service["healthcheck"]["test"][1:]
        for name, service in ours().items()
        if "healthcheck" in service
    }
    assert asked == {name: ["python", "deploy/health.py", name] for name in asked}
    nobody = Settings(_env_file=None, API_BIND="127.0.0.1:1", REDIS_URL="redis://127.0.0.1:1/0")
    assert Health(nobody).missing(["api", "worker"]) == ["api", "worker"]


def test_our_containers_and_minio_are_not_root() -> None:
    for service in [*ours().values(), services()["minio"]]:
        assert service["user"] == "10001:10001"
    for name in OBSERVERS:
        assert not services()[name]["user"].startswith("0")


def test_grafana_does_not_start_with_a_password_that_everybody_knows() -> None:
    grafana = services()["grafana"]
    assert grafana["environment"]["GF_SECURITY_ADMIN_PASSWORD"] == "${GRAFANA_ADMIN_PASSWORD:-}"
    shell, option, script = (word.replace("$$", "$") for word in grafana["entrypoint"])
    script = script.replace("/run.sh", "echo started")
    for password, says in (("", "Set GRAFANA_ADMIN_PASSWORD"), ("given", "started")):
        done = subprocess.run(
            [shell, option, script],
            env={"PATH": os.defpath, "GF_SECURITY_ADMIN_PASSWORD": password},
            capture_output=True,
            text=True,
        )
        assert (done.returncode == 0) == bool(password)
        assert says in done.stdout + done.stderr


def test_every_container_is_kept_to_what_it_needs() -> None:
    for name, service in services().items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["read_only"] is True, name
        assert "/tmp" in service["tmpfs"], name
        limits = service["deploy"]["resources"]["limits"]
        assert limits.keys() == {"cpus", "memory"}, name
    assert {name for name, service in services().items() if "cap_add" in service} == {"postgres", "redis"}


def state_volumes() -> dict[str, str]:
    """The named volume in which each of our services has its state folder; empty where it is the container's own."""
    home = str(in_container().VENTAS_HOME)
    found = {}
    for name, service in ours().items():
        (own,) = [volume for volume in service["volumes"] if volume.split(":")[-1] == home]
        found[name] = own.partition(":")[0] if ":" in own else ""
    return found


def test_services_that_scale_share_no_state_folder_and_no_port() -> None:
    for name in ("worker", "trainer", "webhooks"):
        assert state_volumes()[name] == ""
        assert "ports" not in services()[name]
        assert "container_name" not in services()[name]
    kept = [volume for volume in state_volumes().values() if volume]
    assert len(kept) == len(set(kept)), "the lock in a state folder is for one process of a name"


def test_there_is_one_beat_and_its_lock_outlives_it() -> None:
    assert services()["beat"]["deploy"]["replicas"] == 1
    assert state_volumes()["beat"] == "beat"


def test_only_migrate_writes_tokens() -> None:
    kept = f"tokens:{in_container().VENTAS_HOME}/tokens"
    for name, service in ours().items():
        assert (kept if name == "migrate" else f"{kept}:ro") in service["volumes"], name


def test_minio_gets_what_the_launcher_gives_it() -> None:
    launcher = (ROOT / "ventas/launcher/services.py").read_text(encoding="utf-8")
    wanted = set(re.findall(r'"(MINIO_[A-Z_]+)":', launcher))
    wanted |= {
        f"MINIO_NOTIFY_WEBHOOK_{kind}_VENTAS" for kind in re.findall(r'notify\.format\("(\w+)"\)', launcher)
    }
    given = services()["minio"]["environment"]
    assert len(wanted) > 8
    assert wanted - given.keys() == {
        "MINIO_ROOT_PASSWORD",
        "MINIO_NOTIFY_WEBHOOK_AUTH_TOKEN_VENTAS",
    }, "in its file"
    assert given["MINIO_API_CORS_ALLOW_ORIGIN"].split(",") == dashboard_origins(in_container())


def test_minio_finds_its_secrets_where_migrate_puts_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = services()["minio"]["environment"]["MINIO_CONFIG_ENV_FILE"]
    assert f"tokens:{Path(file).parent}:ro" in services()["minio"]["volumes"]
    assert f"tokens:{in_container().VENTAS_HOME}/tokens" in services()["migrate"]["volumes"]
    monkeypatch.setenv("VENTAS_HOME", str(tmp_path))
    monkeypatch.setenv("WEBHOOK_TOKEN", "given")
    monkeypatch.delenv("MINIO_SECRET_KEY", raising=False)
    prepare = services()["migrate"]["command"]
    subprocess.run([sys.executable, ROOT / prepare[1]], check=True, cwd=tmp_path)
    written = tmp_path / "tokens" / Path(file).name
    assert written.read_text(encoding="utf-8").splitlines() == [
        f"MINIO_ROOT_PASSWORD={(tmp_path / 'tokens' / 'minio').read_text('ascii')}",
        "MINIO_NOTIFY_WEBHOOK_AUTH_TOKEN_VENTAS=given",
    ]
    for made in ("minio", "flower", "admin"):
        assert (tmp_path / "tokens" / made).stat().st_mode & 0o077 == 0, "others read it, and cannot make it"
    assert written.stat().st_mode & 0o077 == 0


def dockerfiles() -> list[str]:
    return [(ROOT / name).read_text(encoding="utf-8") for name in ("Dockerfile", "deploy/minio.Dockerfile")]


def test_images_have_a_version() -> None:
    named = [service["image"] for service in services().values() if "build" not in service]
    for file in dockerfiles():
        named += re.findall(r"^FROM ([a-z]\S+)", file, re.MULTILINE) + re.findall(
            r"^ARG BASE=(\S+)", file, re.MULTILINE
        )
    assert {name.partition(":")[0] for name in named} >= {"postgres", "valkey/valkey", "golang", "debian"}
    assert all(re.fullmatch(r"[a-z/]+:v?\d[\w.-]+", name) for name in named), named


def commands(dockerfile: str) -> list[tuple[str, str]]:
    """The instructions of a Dockerfile, continued lines joined."""
    lines = "\n".join(line for line in dockerfile.splitlines() if not re.match(r"\s*#", line))
    whole = re.sub(r"\s*\\\n\s*", " ", lines)
    return re.findall(r"^([A-Z]+) (.*)$", whole, re.MULTILINE)


def test_images_keep_the_rules_of_good_dockerfiles() -> None:
    for file in dockerfiles():
        told = commands(file)
        assert [name for name, _ in told if name == "USER"] == ["USER"], "the last stage leaves root"
        assert told[-1][0] == "CMD"
        assert told[-1][1].startswith("["), "a shell would take the signals"
        assert not [name for name, _ in told if name in ("ADD", "MAINTAINER")]
        assert all(words.startswith("/") for name, words in told if name == "WORKDIR")
        installs = [words for _, words in told if "apt-get install" in words]
        assert installs
        for words in installs:
            assert "apt-get update &&" in words, "a list of packages of another day"
            assert "--yes --no-install-recommends" in words
            assert "rm -rf /var/lib/apt/lists/*" in words
        assert "sudo" not in file
        assert "curl" not in file


def test_image_installs_from_the_lock_with_hashes_and_is_not_root() -> None:
    dockerfile = dockerfiles()[0]
    assert "--require-hashes --requirement /src/requirements.lock" in dockerfile
    assert re.findall(r"^USER (\S+)", dockerfile, re.MULTILINE) == ["10001:10001"]


def test_the_image_is_made_in_stages_and_keeps_no_tool_of_the_build() -> None:
    last = dockerfiles()[0].rpartition("\nFROM ")[2]
    assert "COPY --from=build /opt/ventas" in last
    assert "venv" not in last
    assert "pip" not in last


def test_image_lets_in_every_package_and_no_secret() -> None:
    rules = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    packages = re.search(r"^include = \[(.*)\]", project, re.MULTILINE)
    assert packages
    assert {f"!{name}" for name in re.findall(r'"(\w+)\*"', packages[1])} <= set(rules)
    assert "*" in rules
    assert not {"!.env", "!.ventas", "!.git"} & set(rules)
