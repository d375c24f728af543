"""docker-compose.yml, .env.example and Dockerfile say the same as the settings and the embedded servers."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from config.embedded import binaries
from config.embedded.account import server_account
from config.embedded.postgres import Postgres
from saeserve.settings import JudgeSettings
from tests.repo.tree import PROJECT

TEXT = (PROJECT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SETTINGS = (PROJECT / "config" / "settings.py").read_text()
DOCKERFILE = (PROJECT / "Dockerfile").read_text()
EXAMPLE = (PROJECT / ".env.example").read_text()
SITE = ("migrate", "web", "worker", "beat")
# What a site may do without: one that sends no e-mail writes it to its log, one without a judge has none.
JUDGE = {f"SAESERVE_JUDGE{what}:-" for what in ("", "_URL", "_NAME", "_KEY", "_PLAIN_HTTP")}
OPTIONAL = {"EMAIL_URL:-consolemail://", "MAIL_FROM:-consilium@localhost", *JUDGE}
SECRET = re.compile(r"(PASSWORD|SECRET|AUTH|TOKEN|KEY)")


def test_the_services_are_those_of_a_whole_site() -> None:
    assert set(SERVICES) == {"postgres", "redis", *SITE, "gpu-worker"}


def test_postgres_is_of_the_version_that_the_tests_use() -> None:
    assert SERVICES["postgres"]["image"] == f"postgres:{binaries.POSTGRES_MAJOR}"
    # from version 18 on the image keeps its data one level higher than before
    assert SERVICES["postgres"]["volumes"] == ["postgres:/var/lib/postgresql"]


@pytest.mark.parametrize("service", SITE)
def test_the_site_gets_every_variable_that_the_settings_demand(service: str) -> None:
    demanded = set(re.findall(r'required\("([A-Z_]+)"', SETTINGS))
    assert {"SECRET_KEY", "DATABASE_URL", "REDIS_URL"} <= demanded
    assert demanded - SERVICES[service]["environment"].keys() == set()


def test_the_site_gets_no_variable_that_the_settings_do_not_read() -> None:
    given = {name for service in SITE for name in SERVICES[service]["environment"]}
    assert {name for name in given if f'"{name}"' not in SETTINGS} == set()


def test_no_secret_has_a_default_and_each_missing_one_is_told_in_a_sentence() -> None:
    references = re.findall(r"\$\{([^}]*)\}", TEXT)
    assert references
    assert set(references) >= OPTIONAL
    assert [text for text in OPTIONAL if SECRET.search(text) and not text.endswith(":-")] == [], "an empty one is none"
    demanded = [text for text in references if text not in OPTIONAL]
    assert [text for text in demanded if not re.fullmatch(r"[A-Z_]+:\?Set [A-Z_]+ in \.env to .+\.", text)] == []


def test_no_password_is_written_down() -> None:
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if SECRET.search(name):
                assert value.startswith("${"), name
    for url in re.findall(r"\w+://[^\s\"]+@", TEXT):
        assert re.fullmatch(r"\w+://\w*:\$\{.*\}@", url) or "${" in url


def test_the_example_lists_exactly_the_variables_to_set_and_leaves_them_empty() -> None:
    listed = dict(line.split("=", 1) for line in EXAMPLE.splitlines() if line and not line.startswith("#"))
    assert set(listed) == set(re.findall(r"\$\{([A-Z_]+):\?", TEXT))
    assert set(listed.values()) == {""}
    offered = set(re.findall(r"^# ([A-Z_]+)=", EXAMPLE, re.MULTILINE))
    assert offered == {text.partition(":")[0] for text in OPTIONAL}


def test_only_the_site_is_published_and_only_on_loopback() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"web": ["127.0.0.1:8000:8000"]}


@pytest.mark.parametrize("name", SERVICES)
def test_whatever_stays_up_is_restarted_and_watched(name: str) -> None:
    service = SERVICES[name]
    if name == "migrate":
        assert service["restart"] == "no"
        return
    assert service["restart"] == "unless-stopped"
    target = service.get("build", {}).get("target")
    assert "healthcheck" in service or "HEALTHCHECK" in stage(target)


def test_every_dependency_is_waited_for_until_it_is_ready() -> None:
    for service in SERVICES.values():
        for other, how in service.get("depends_on", {}).items():
            ready = "service_completed_successfully" if other == "migrate" else "service_healthy"
            assert how == {"condition": ready}


def test_the_gpu_worker_gets_the_nvidia_device_and_neither_database_nor_secret_key() -> None:
    worker = SERVICES["gpu-worker"]
    (device,) = worker["deploy"]["resources"]["reservations"]["devices"]
    assert device == {"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}
    assert worker["environment"].keys() & {"DATABASE_URL", "SECRET_KEY"} == set()
    assert "artifacts:/artifacts" in worker["volumes"]


def test_the_operator_may_name_a_judge_and_nobody_else_does() -> None:
    given = SERVICES["gpu-worker"]["environment"]
    assert {f"{name}:-" for name in given if name.startswith("SAESERVE_JUDGE")} == JUDGE
    unset = {name: re.sub(r"\$\{\w+:-(.*)\}", r"\1", value) for name, value in given.items()}
    assert JudgeSettings.from_environment(unset) == JudgeSettings()
    settings = (PROJECT / "saeserve" / "settings.py").read_text()
    assert [name for name in given if f'"{name}"' not in settings] == []


def test_named_volumes_hold_all_data() -> None:
    used = {mount.partition(":")[0] for service in SERVICES.values() for mount in service.get("volumes", [])}
    assert used == set(COMPOSE["volumes"])


def stage(target: str | None) -> str:
    """The Dockerfile's stage of that name."""
    found = re.search(rf"^FROM \S+ AS {target}$(.*?)(?=^FROM |\Z)", DOCKERFILE, re.MULTILINE | re.DOTALL)
    return found.group(1) if found else ""


def test_the_web_image_has_no_torch_and_the_gpu_image_no_django() -> None:
    assert 'pip install --no-cache-dir ".[web]"' in stage("web-packages")
    assert 'pip install --no-cache-dir ".[gpu]"' in stage("gpu-packages")
    assert "--from=web-packages" in stage("web")
    assert "gpu-packages" not in stage("web")
    assert re.findall(r"^COPY (\w\S*)", stage("gpu"), re.MULTILINE) == ["saeserve"]


@pytest.mark.parametrize("target", ["web", "gpu"])
def test_neither_image_runs_as_root(target: str) -> None:
    assert re.findall(r"^USER (\d+)$", stage(target), re.MULTILINE) == ["10001"]


def test_whatever_the_images_copy_is_there_and_not_ignored() -> None:
    kept = set(re.findall(r"^!(\S+)$", (PROJECT / ".dockerignore").read_text(), re.MULTILINE))
    for line in re.findall(r"^COPY (?!--)(.+)$", DOCKERFILE, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (PROJECT / source).exists(), source
            assert source in kept, source


def test_the_role_script_makes_a_role_that_owns_its_database_and_is_no_superuser(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "postgres", tmp_path / "secrets", tmp_path / "log", durable=False)
    server.start()
    try:
        with server._as_superuser() as connection:
            connection.execute("DROP DATABASE consilium")
            connection.execute("DROP ROLE consilium")
        script = COMPOSE["configs"]["application-role"]["content"].replace("$$", "$")
        environment = {
            "PATH": f"{binaries.postgres_programs(server_account())}:{os.environ['PATH']}",
            "PGHOST": "127.0.0.1",
            "PGPORT": str(server.port),
            "PGPASSWORD": (tmp_path / "secrets" / "postgres-superuser").read_text(),
            "APPLICATION_PASSWORD": "it's $random",
        }
        subprocess.run(["sh", "-e", "-c", script], env=environment, check=True, capture_output=True)
        with psycopg.connect(
            host="127.0.0.1", port=server.port, user="consilium", dbname="consilium", password="it's $random"
        ) as connection:
            row = connection.execute(
                "SELECT rolsuper, pg_get_userbyid(datdba) FROM pg_roles, pg_database"
                " WHERE rolname = current_user AND datname = current_database()"
            ).fetchone()
            assert row == (False, "consilium")
    finally:
        server.stop()
