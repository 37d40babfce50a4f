"""The files of the stack: what containers would be given is right, as far as it can be told without a container."""

from __future__ import annotations

import fnmatch
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from stack.local import COMPOSE, ROOT
from stack.local.compose import FINISHED, load

from modelvane.config import Config
from modelvane.rules import rules_of, write_rules

CONTENT = load(COMPOSE)
SERVICES: dict[str, dict[str, Any]] = CONTENT["services"]
OWN = "modelvane/"
STACK = ROOT / "stack"

WITHOUT_HEALTH = {
    "flow": "it answers nobody; Prefect shows whether it is there",
    **dict.fromkeys(("prepare", "dashboards", "rules"), "they are done when they end"),
}
WRITING_TO_THE_IMAGE = {"mongodb": "its first start does"}

every_service = pytest.mark.parametrize("name", SERVICES)


def program(name: str) -> str:
    """Give the path of a program that came with a package of the venv."""
    return str(Path(sys.executable).with_name(name))


def passes(*command: str) -> str:
    """Run a checker, which must find nothing wrong, and give what it says."""
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_compose_is_of_the_specification() -> None:
    """compose.yaml has only what the Compose Specification knows, of the types that it asks for."""
    passes(program("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", str(COMPOSE))


def test_compose_is_read_as_docker_does(compose_go: str) -> None:
    """What `docker compose config` uses reads compose.yaml: references, conditions, interpolation, and all services."""
    read = yaml.safe_load(passes(compose_go, "-no-path-resolution", str(COMPOSE)))
    assert read["services"].keys() == SERVICES.keys()


def test_the_dockerfile_has_no_findings() -> None:
    """Hadolint finds nothing in the Dockerfile, no comment of which silences it."""
    assert not passes(program("hadolint"), "--disable-ignore-pragma", "Dockerfile")


@every_service
def test_a_service_is_contained(name: str) -> None:
    """It has a pinned image, limits, no way to more rights, no root, and a file system that it cannot change."""
    service = SERVICES[name]
    image, _, tag = service["image"].rpartition(":")
    assert re.search(r"\d+\.\d+", tag), service["image"]
    assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"] is (name not in WRITING_TO_THE_IMAGE)
    user = "10001" if image.startswith(OWN) else str(service["user"])
    assert user.partition(":")[0] not in ("", "0", "root")


@every_service
def test_a_service_is_waited_for(name: str) -> None:
    """It has a health check, and those that wait for it wait for that; a one-shot service is waited for to end."""
    service = SERVICES[name]
    assert ("healthcheck" in service) is (name not in WITHOUT_HEALTH)
    waiting = [
        other["depends_on"][name]["condition"]
        for other in SERVICES.values()
        if name in other.get("depends_on", {})
    ]
    if service["restart"] == "no":
        # `--wait` takes the end of one that nobody waits for as a failure
        assert set(waiting) == {FINISHED}
    else:
        assert set(waiting) <= {"service_healthy"}


@every_service
def test_ports_are_for_this_machine(name: str) -> None:
    """What can be reached from outside can be so from this machine alone, under its own number."""
    for port in SERVICES[name].get("ports", ()):
        host, outside, inside = port.split(":")
        assert (host, outside) == ("127.0.0.1", inside)


@every_service
def test_secrets_are_files(name: str) -> None:
    """No variable and no argument holds a password; those that name one name its file."""
    service = SERVICES[name]
    for variable, value in service.get("environment", {}).items():
        if "PASSWORD" in variable:
            assert variable.endswith("_FILE")
            assert value.removeprefix("/run/secrets/") in service["secrets"]
    assert not re.search(r"password|://[^/\s]*@", " ".join(service.get("command", ())), re.IGNORECASE)


@every_service
def test_paths_and_hosts_are_there(name: str) -> None:
    """Each path in a command or variable is of a mount, and each address that of a service on a port of it."""
    service = SERVICES[name]
    targets = [mount.split(":")[1] for mount in service.get("volumes", ())]
    targets += [f"/run/secrets/{secret}" for secret in service.get("secrets", ())]
    said = [*service.get("command", ()), *service.get("environment", {}).values()]
    for text in said:
        for path in re.findall(r"(?<![\w:/.])/(?:etc|var|run|data|prometheus|alertmanager)\b[^\s\"']*", text):
            assert any(path == target or path.startswith(f"{target}/") for target in targets), path
        for host, port in re.findall(r"//([a-z]+):(\d+)", text):
            assert int(port) in ports_of(host)


def settings() -> Config:
    """Give the monitor's settings, without secrets."""
    return Config.of(yaml.load((STACK / "modelvane.yaml").read_text().replace("!file ", ""), yaml.SafeLoader))


def ports_of(name: str) -> set[int]:
    """Give the ports of a service."""
    service = SERVICES[name]
    return {
        int(str(port).rpartition(":")[2]) for port in (*service.get("ports", ()), *service.get("expose", ()))
    }


def test_images_are_of_this_version() -> None:
    """Images that are built here carry the project's version, and each is a target of the Dockerfile."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    targets = set(re.findall(r"^FROM run AS (\w+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE))
    own = {(one["image"], one["build"]["target"]) for one in SERVICES.values() if "build" in one}
    assert own == {(f"{OWN}{target}:{version}", target) for target in targets}


def test_an_image_is_built_once() -> None:
    """Of several services with the same image one builds it: two builds at once would write the same tag."""
    built = [one["image"] for one in SERVICES.values() if "build" in one]
    assert sorted(built) == sorted(set(built))


def test_volumes_are_of_those_who_fill_them() -> None:
    """A volume that several images mount starts without what lies at its place in those of other people.

    The engine fills an empty volume from the image of each container that mounts it, with the owner there, and it makes
    all containers before it starts the first.
    """
    mounts = [
        (volume, service["image"], place, options.split(","))
        for service in SERVICES.values()
        for volume, place, options in (
            (*mount.split(":"), "")[:3]
            for mount in service.get("volumes", ())
            if not mount.startswith((".", "/"))
        )
    ]
    own = {volume: place for volume, image, place, _ in mounts if image.startswith(OWN)}
    made = re.search(r"for folder in (.+?);", (ROOT / "Dockerfile").read_text())
    assert made is not None
    assert set(own.values()) == {f"/var/{folder}" for folder in made[1].split()}
    for volume, image, place, options in mounts:
        if image.startswith(OWN):
            assert place == own[volume]
        elif volume in own:
            assert {"ro", "nocopy"} <= set(options), f"{volume} in {image}"


def test_prefect_has_a_page() -> None:
    """Its pages are copied to where it may write, and ask an address that a browser outside reaches."""
    service = SERVICES["prefect"]
    (mounted,) = (mount.split(":")[1] for mount in service["volumes"])
    said = service["environment"]
    assert said["PREFECT_SERVER_UI_STATIC_DIRECTORY"].startswith(f"{mounted}/")
    assert said["PREFECT_SERVER_UI_API_URL"] == "http://127.0.0.1:4200/api"


def test_mongodb_is_healthy_when_others_reach_it() -> None:
    """It is asked by its name: while the first start makes the user, it listens inside alone, without a password."""
    assert "--host=mongodb" in SERVICES["mongodb"]["healthcheck"]["test"]


def test_final_images_hold_no_tools() -> None:
    """What is run descends from the bare image: neither uv nor a compiler nor the sources come along."""
    stages = re.split(r"^FROM ", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)[1:]
    parents = {stage.split()[2]: stage.split()[0] for stage in stages}
    final = [stage for stage in stages if stage.startswith(("run AS", "python AS run"))]
    assert parents["run"] == "python"
    assert len(final) > 1
    for stage in final:
        assert not re.search(r"\buv\b|apt-get|pip install|COPY --from=uv|COPY src", stage), stage
    assert re.search(
        r"^USER \d+:\d+$", next(stage for stage in stages if stage.startswith("python AS run")), re.MULTILINE
    )


def test_the_build_sees_what_it_copies() -> None:
    """Each path that the Dockerfile copies from the project is let through by .dockerignore, and no secret is."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    allowed = [line[1:] for line in lines if line.startswith("!")]
    assert "*" in lines
    copies = re.findall(
        r"^COPY (?!.*--from)((?:--\S+ )*)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE
    )
    sources = [source for _, group in copies for source in group.split()]
    assert "src" in sources
    for source in sources:
        assert (ROOT / source).exists(), source
        assert source in allowed, source
    assert not any(fnmatch.fnmatch("stack/secrets/store_url", f"{pattern}*") for pattern in allowed)


def test_prometheus_scrapes_what_the_settings_name() -> None:
    """Jobs and targets of prometheus.yml are the monitor's, those of `prediction_services`, and the machine's."""
    scraped = {
        job["job_name"]: job["static_configs"][0]["targets"]
        for job in yaml.safe_load((STACK / "prometheus.yml").read_text())["scrape_configs"]
    }
    config = settings()
    expected = {one.job: [one.target] for one in config.services()}
    assert scraped == {"modelvane": ["monitor:8085"], "node": ["node:9100"], **expected}


def test_prometheus_takes_its_configuration(promtool: str) -> None:
    """Promtool finds prometheus.yml right."""
    passes(promtool, "check", "config", "--syntax-only", str(STACK / "prometheus.yml"))


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder with what `modelvane rules` writes for the stack."""
    folder = tmp_path_factory.mktemp("rules")
    config = settings()
    write_rules(config, rules_of(config), folder)
    return folder


def test_prometheus_takes_the_rules(promtool: str, generated: Path) -> None:
    """The generated rules pass promtool, and so do their own tests; Prometheus looks where they are."""
    passes(promtool, "check", "rules", str(generated / "modelvane.rules.yml"))
    passes(promtool, "test", "rules", str(generated / "modelvane.rules.test.yml"))
    (named,) = yaml.safe_load((STACK / "prometheus.yml").read_text())["rule_files"]
    (mounted,) = (mount for mount in SERVICES["prometheus"]["volumes"] if mount.startswith("rules:"))
    assert named == f"{mounted.split(':')[1]}/modelvane.rules.yml"


def test_alertmanager_takes_its_configuration(amtool: str, generated: Path) -> None:
    """Amtool finds the generated configuration right, and alerts of datasets reach the monitor, where it is."""
    file = generated / "alertmanager.yml"
    passes(amtool, "check-config", str(file))
    routed = passes(
        amtool, "config", "routes", "test", f"--config.file={file}", "dataset=taxi", "severity=ticket"
    )
    assert "modelvane" in routed.strip().split(",")
    receivers = {one["name"]: one for one in yaml.safe_load(file.read_text())["receivers"]}
    assert [hook["url"] for hook in receivers["modelvane"]["webhook_configs"]] == [
        "http://monitor:8085/v1/alerts"
    ]


def test_grafana_is_provisioned() -> None:
    """Its data source is Prometheus, and its dashboards are where they are written to."""
    folder = STACK / "grafana" / "provisioning"
    (source,) = yaml.safe_load((folder / "datasources" / "prometheus.yaml").read_text())["datasources"]
    assert source["url"] == "http://prometheus:9090"
    (provider,) = yaml.safe_load((folder / "dashboards" / "modelvane.yaml").read_text())["providers"]
    path = provider["options"]["path"]
    assert SERVICES["dashboards"]["command"][-1] == path
    for name in ("dashboards", "grafana"):
        assert any(mount.startswith(f"dashboards:{path}") for mount in SERVICES[name]["volumes"])
    assert SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"].startswith(
        f"{path}/"
    )
