"""What the code offers stands in the documents, and what the documents link to is there."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from document_parts import LINK, anchor
from settings_table import BEGIN, END, ROOT, WRITE_ANEW, between, env_lines, readme_tables

from ventas.settings import Settings
from ventas.states import RunStatus

DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "README.es.md", "CHANGELOG.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
SKIPPED_FOLDERS = {"build", "dist", "node_modules", "__pycache__"}


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def all_documents() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)


def project_files() -> Iterator[Path]:
    """The project's own text files: no hidden folder but .ci, nothing that is built or installed."""
    for folder, names, files in os.walk(ROOT):
        names[:] = [
            name
            for name in names
            if name == ".ci"
            or not (name.startswith(".") or name in SKIPPED_FOLDERS or name.endswith(".egg-info"))
        ]
        for name in files:
            if (
                name != ".env"
                and name != ".git"
                and not name.endswith((".png", ".ico", ".gz", ".woff2", ".pyc"))
            ):
                yield Path(folder, name)


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def test_hosted_ci_does_what_our_own_does() -> None:
    told = yaml.safe_load(read(".github/workflows/ci.yml"))
    (job,) = told["jobs"].values()
    assert job["steps"][-1]["run"].endswith(" .ci/run")
    supported = re.search(r'requires-python = ">=(3\.\d+),<3\.(\d+)"', read("pyproject.toml"))
    assert supported
    oldest, newest = supported[1], f"3.{int(supported[2]) - 1}"
    assert job["strategy"]["matrix"]["python"] == [oldest, newest]
    assert all(re.search(r"@v\d+$", step["uses"]) for step in job["steps"] if "uses" in step)


def test_the_version_stands_in_one_place() -> None:
    version = re.search(r'^version = "(.+)"$', read("pyproject.toml"), re.MULTILINE)
    assert version
    told = [path for path in project_files() if path.suffix in {".py", ".toml", ".yml", ".sh"}]
    assert [path.name for path in told if version[1] in text_of(path)] == ["pyproject.toml"]


@pytest.mark.parametrize(("readme", "table"), readme_tables().items())
def test_readme_has_every_setting_with_its_default(readme: str, table: str) -> None:
    assert between(read(readme), BEGIN, END) == table, WRITE_ANEW


def test_env_example_has_every_setting_with_its_default() -> None:
    assert between(read(".env.example"), f"# {BEGIN}", f"# {END}") == env_lines(), WRITE_ANEW


def test_env_example_uncommented_is_valid_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name, raising=False)
    written = tmp_path / ".env"
    written.write_text(re.sub(r"^#(?=[A-Z])", "", read(".env.example"), flags=re.MULTILINE), encoding="utf-8")
    assert "\nVENTAS_HOME=" in written.read_text(encoding="utf-8")
    assert Settings(_env_file=written) == Settings(_env_file=None)


def test_every_api_route_is_documented_and_no_other(tmp_path: Path) -> None:
    readme = read("README.md")
    documented = set(re.findall(r"`((?:GET|POST|PUT|PATCH|DELETE) /[^`\s]*)`", readme))
    beside_it = {
        "GET /docs",
        "GET /openapi.json",
        "GET /metrics",
    }  # it lists neither itself nor other formats
    assert {_without_slash(route) for route in documented - beside_it} == {
        _without_slash(route) for route in _api_routes(tmp_path)
    }


def _without_slash(route: str) -> str:
    return route.removesuffix("/")


def _api_routes(home: Path) -> set[str]:
    """`GET /path` for every operation of the OpenAPI document, as a client reads it."""
    from api.app import create_app, services_of
    from ventas.ledger.migrate import upgrade

    settings = Settings(_env_file=None, VENTAS_HOME=home, REDIS_URL="redis://127.0.0.1:1/0")
    upgrade(settings)
    app = create_app(settings, _NoModel(), _NoModel())
    try:
        paths = app.test_client().get("/openapi.json").get_json()["paths"]
    finally:
        services_of(app).close()
    return {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}


class _NoModel:
    """Both ports of the API, with nothing behind them."""

    def current_version(self) -> None:
        return None

    def fetch(self, version: int) -> None:
        raise AssertionError(f"nobody is champion, yet version {version} was asked for")

    def last_good(self) -> None:
        return None

    def reconcile(self) -> None:
        return None

    def versions(self) -> list[object]:
        return []

    def version(self, number: int) -> None:
        raise AssertionError(f"nobody asks for version {number} here")


def test_every_task_is_documented() -> None:
    from workers.tasks import app

    ours = {name for name in app.tasks if not name.startswith("celery.")}
    assert ours, "the Celery app knows no task"
    assert not {name for name in ours if f"`{name}`" not in read("docs/architecture.md")}


def test_every_command_is_documented_and_no_other() -> None:
    import click

    from ventas.cli.main import cli

    documented = set(re.findall(r"^\| `ventas ([a-z-]+)` \|", read("README.md"), re.MULTILINE))
    assert documented == set(cli.list_commands(click.Context(cli)))


def test_every_option_that_the_readme_names_exists() -> None:
    import click

    from ventas.cli.main import cli

    context = click.Context(cli)
    for name, described in re.findall(r"^\| `ventas ([a-z-]+)` \|(.*)\|$", read("README.md"), re.MULTILINE):
        command = cli.get_command(context, name)
        assert command is not None
        known = {option for parameter in command.params for option in parameter.opts}
        assert set(re.findall(r"`(--[a-z-]+)`", described)) <= known, name


def test_every_make_target_is_documented_and_no_other() -> None:
    documented = set(re.findall(r"^\| `make ([a-z-]+)` \|", read("README.md"), re.MULTILINE))
    targets = set(re.findall(r"^([a-z-]+):.*## ", read("Makefile"), re.MULTILINE))
    assert documented == targets - {"help"}


@pytest.mark.parametrize("document", ["docs/architecture.md", "docs/operations.md"])
def test_every_process_is_documented(document: str) -> None:
    processes = re.findall(r"^([a-z]+):", read("Procfile"), re.MULTILINE)
    assert processes
    assert not {name for name in processes if f"`{name}`" not in read(document)}


@pytest.mark.parametrize("document", ["README.md", "docs/architecture.md"])
@pytest.mark.parametrize("status", list(RunStatus))
def test_every_state_of_a_run_is_documented(document: str, status: RunStatus) -> None:
    assert f"`{status}`" in read(document)


def test_every_table_of_the_ledger_is_documented() -> None:
    from ventas.ledger.tables import Base

    assert not {name for name in Base.metadata.tables if f"| `{name}` |" not in read("docs/architecture.md")}


def test_every_file_that_the_architecture_names_is_there() -> None:
    named = set(
        re.findall(r"`((?:ventas|webhooks|workers|api|dashboard)/[\w/]+\.py)`", read("docs/architecture.md"))
    )
    assert len(named) > 10
    assert not {name for name in named if not (ROOT / name).is_file()}


def test_the_versions_of_minio_are_those_of_the_launcher() -> None:
    from ventas.launcher.minio import VERSIONS

    for version in VERSIONS:
        assert version.module in read("README.md")
    assert VERSIONS[0].name in read("README.md")


def relative_links() -> list[tuple[str, str]]:
    return [
        (path.relative_to(ROOT).as_posix(), target)
        for path in DOCUMENTS
        for target in LINK.findall(path.read_text(encoding="utf-8"))
        if "://" not in target
    ]


@pytest.mark.parametrize(("document", "target"), relative_links())
def test_every_relative_link_resolves(document: str, target: str) -> None:
    name, _, fragment = target.partition("#")
    linked = (ROOT / document).parent / name if name else ROOT / document
    assert linked.is_file()
    if fragment:
        assert f"#{fragment}" in headings(linked)


def headings(path: Path) -> set[str]:
    """The anchors of a document's headings."""
    titles = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {anchor(title) for title in titles}


def test_no_file_names_this_tree_or_anybodys_home() -> None:
    here = [re.escape(f"{ROOT}/")] if len(ROOT.parts) > 2 else []  # a tree at /app is named in the Dockerfile
    machine = re.compile("|".join([*here, r"(?<![\w./<])/(?:root|home/\w+|Users/\w+)/"]))
    found = {str(path) for path in project_files() if machine.search(text_of(path))}
    assert not found


def test_no_file_names_a_package_registry() -> None:
    """Where packages come from is the machine's matter: an address in a file would outlive it."""
    # .example, .invalid and .test are nobody's (RFC 2606).
    registry = re.compile(
        r"https?://(?![\w.-]+\.(?:example|invalid|test)\b)"
        r"[\w.-]*(?:registry|proxy|mirror|index|artifact|nexus|packages|hosted)[\w.-]*\.\w{2,}"
        r"|^\s*(?:--(?:extra-)?index-url|--find-links|GOPROXY=|index-url\s*=)",
        re.IGNORECASE | re.MULTILINE,
    )
    found = {str(path): match[0] for path in project_files() if (match := registry.search(text_of(path)))}
    assert not found


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_locks_have_hashes_and_no_address(lock: str) -> None:
    text = read(lock)
    pinned = re.findall(r"^\S+==\S+.*\\\n\s+--hash=sha256:", text, re.MULTILINE)
    assert len(pinned) == len(re.findall(r"^\w\S*==", text, re.MULTILINE)) > 50
    assert "://" not in text


@pytest.mark.parametrize("readme", ["README.md", "README.es.md"])
def test_the_readmes_name_what_is_only_for_compose(readme: str) -> None:
    _, only = (ROOT / ".env.example").read_text(encoding="utf-8").split("# Only for Docker Compose")
    names = re.findall(r"^#([A-Z_]+)=", only, re.MULTILINE)
    text = (ROOT / readme).read_text(encoding="utf-8")
    assert names
    assert [name for name in names if f"`{name}`" not in text] == []
