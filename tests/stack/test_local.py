"""The stack without containers: what compose.yaml says is what runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from stack.local import COMPOSE, ROOT
from stack.local.compose import Mount, Service, load, services_of
from stack.local.places import Places, merged
from stack.local.programs import Missing, Program, program_of

from modelvane.errors import ConfigError, UnknownNameError
from stack import passwords

MONITOR = Service(
    name="monitor",
    image="modelvane/monitor:1.0",
    command=("modelvane", "serve", "--config=/etc/m/m.yaml", "--host=0.0.0.0", "--port=8085"),
    environment={},
    mounts=(Mount("/var/lib/taxi", volume="taxi"), Mount("/taxi", volume="other")),
    ports=(8085,),
    published=(8085,),
    health="http://127.0.0.1:8085/readyz",
    after={},
    one_shot=False,
    profiles=(),
)


def compose(**services: dict[str, object]) -> dict[str, object]:
    return {"services": {name: {"image": "modelvane/x:1.0", **said} for name, said in services.items()}}


def places(tmp_path: Path, *services: Service, **overlay: object) -> Places:
    return Places({one.name: one for one in services}, tmp_path, ports={8085: 18085}, overlay=overlay)


def test_every_service_comes_after_what_it_waits_for() -> None:
    """The order of compose.yaml's services is that of their conditions, with the profile and without."""
    for profiles in ((), ("traffic",)):
        services = services_of(load(COMPOSE), ROOT, profiles)
        seen: set[str] = set()
        for name, service in services.items():
            assert service.after.keys() <= seen
            seen.add(name)
        assert ("traffic" in services) is bool(profiles)


def test_services_that_wait_for_each_other_are_refused() -> None:
    """A circle, a service that is not there and an unknown profile are errors that name them."""
    circle = {name: {"depends_on": {other: {"condition": "service_healthy"}}} for name, other in ("ab", "ba")}
    with pytest.raises(ConfigError, match="wait for each other"):
        services_of(compose(**circle), ROOT)
    with pytest.raises(UnknownNameError, match="c"):
        services_of(compose(a={"depends_on": {"c": {"condition": "service_healthy"}}}), ROOT)
    with pytest.raises(UnknownNameError, match="trafic"):
        services_of(load(COMPOSE), ROOT, ["trafic"])


def test_a_port_that_no_service_has_is_refused(tmp_path: Path) -> None:
    """A mistyped port is an error that names those that there are, not a stack on the ports of before."""
    with pytest.raises(UnknownNameError, match="9091") as raised:
        Places({"monitor": MONITOR}, tmp_path, ports={9091: 9191}, overlay={})
    assert "8085" in str(raised.value)


def test_an_overlay_that_is_not_there_is_said(tmp_path: Path) -> None:
    """The command names the file, without a traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "stack.local", f"--folder={tmp_path}", f"--overlay={tmp_path / 'no.yaml'}"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 1
    assert "no.yaml" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_addresses_and_paths_are_those_of_this_machine(tmp_path: Path) -> None:
    """Hosts, ports and mounted paths are translated wherever they stand, and nothing else is."""
    here = places(tmp_path, MONITOR)
    text = (
        "http://monitor:8085/a 127.0.0.1:8085 other-monitor:8085 monitor:80855 /var/lib/taxi/x /var/lib/taxis"
    )
    assert here.text(text, MONITOR) == (
        "http://127.0.0.1:18085/a 127.0.0.1:18085 other-monitor:8085 monitor:80855 "
        f"{tmp_path}/volumes/taxi/x /var/lib/taxis"
    )
    assert here.text("mongodb://me:secret@monitor:8085/x", MONITOR) == "mongodb://127.0.0.1:18085/x"
    assert [here.argument(one, MONITOR) for one in MONITOR.command[-2:]] == [
        "--host=127.0.0.1",
        "--port=18085",
    ]


def test_mounted_files_are_translated_with_an_overlay(tmp_path: Path) -> None:
    """A mounted file is written with the overlay's values in it, its head and tags kept, addresses translated."""
    source = tmp_path / "m.yaml"
    source.write_text(
        "# Written by somebody\na: {b: 1, c: 2}\nstore: !file /run/secrets/url\nat: http://monitor:8085"
    )
    service = replace(
        MONITOR, mounts=(Mount("/etc/m.yaml", path=source), Mount("/run/secrets/url", path=source))
    )
    here = Places(
        {"monitor": service}, tmp_path / "here", ports={8085: 1}, overlay={"m.yaml": {"a": {"b": 3}}}
    )
    here.translate(service)
    written = here.text("/etc/m.yaml", service)
    said = yaml.compose(Path(written).read_text())
    assert Path(written).read_text().startswith("# Written by somebody\n")
    assert isinstance(said, yaml.MappingNode)
    values = {key.value: value for key, value in said.value}
    assert values["store"].tag == "!file"
    assert values["store"].value == here.text("/run/secrets/url", service)
    assert values["at"].value == "http://127.0.0.1:1"
    assert {key.value: value.value for key, value in values["a"].value} == {"b": "3", "c": "2"}


def test_an_overlay_replaces_lists_and_merges_mappings() -> None:
    """Values of a list are not mixed; a key that is new is added."""
    assert merged({"a": [1, 2], "b": {"c": 1}}, {"a": [3], "b": {"d": 2}}) == {
        "a": [3],
        "b": {"c": 1, "d": 2},
    }


def test_programs_are_those_of_the_images(tmp_path: Path) -> None:
    """An own image runs in this environment with compose.yaml's own arguments; a foreign one says why it cannot."""
    here = places(tmp_path, MONITOR)
    program = program_of(MONITOR, here)
    assert isinstance(program, Program)
    assert Path(program.command[0]).name == "modelvane"
    assert program.command[1:] == ("serve", "--config=/etc/m/m.yaml", "--host=127.0.0.1", "--port=18085")
    grafana = program_of(replace(MONITOR, image="grafana/grafana:1.0"), here)
    assert isinstance(grafana, Missing)
    assert not grafana.needed
    assert "grafana/grafana" in grafana.why


def test_a_needed_program_that_is_not_there_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without Prometheus, Alertmanager or Java the stack is refused, with the package to install.

    The node exporter is left out, with the same advice.
    """
    monkeypatch.setenv("PATH", str(tmp_path))
    for image, package, needed in (
        ("prom/prometheus", "prometheus", True),
        ("prom/alertmanager", "prometheus-alertmanager", True),
        ("prom/node-exporter", "prometheus-node-exporter", False),
    ):
        missing = program_of(replace(MONITOR, image=f"{image}:v1.0"), places(tmp_path, MONITOR))
        assert isinstance(missing, Missing)
        assert missing.needed is needed
        assert f"apt-get install {package}" in missing.why


_RAISES = """
import sys, time
from pathlib import Path
from examples.shared.interrupts import Interrupts
from examples.shared.processes import Children
from stack.local.compose import services_of
from stack.local.places import Places
from stack.local.raising import Stack

folder = Path(sys.argv[1])
sleeper = ["python", "-c", "import time; time.sleep(600)"]
services = services_of({"services": {"sleeper": {"image": "modelvane/x:1.0", "command": sleeper}}}, folder)
with Children(Interrupts()) as children:
    stack = Stack(services, Places(services, folder, ports={}, overlay={}), children, folder)
    stack.prepare()
    stack.up()
    print(children._children[0].process.pid, flush=True)
    time.sleep(600)
"""


def test_services_do_not_outlive_who_raised_them(tmp_path: Path) -> None:
    """After `kill -9` of the stack its services end too, and the ports are free for the next start."""
    with subprocess.Popen(
        [sys.executable, "-c", _RAISES, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as raiser:
        assert raiser.stdout is not None
        service = int(raiser.stdout.readline())
        raiser.kill()
    deadline = time.monotonic() + 300
    while (running := is_running(service)) and time.monotonic() < deadline:
        time.sleep(0.05)
    if running:
        os.kill(service, signal.SIGKILL)
    assert not running


def is_running(process: int) -> bool:
    """Tell whether a process is there, and is not one that only nobody has waited for."""
    try:
        return ") Z " not in Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False


def test_secrets_are_made_once(tmp_path: Path) -> None:
    """Passwords are drawn, are in the URL of the store, and stay; the folder is for its owner alone."""
    folder = tmp_path / "secrets"
    assert len(passwords.write(folder)) == 3
    password = (folder / "mongodb_password").read_text()
    assert len(password) > 20
    assert f":{password}@mongodb:27017/" in (folder / "store_url").read_text()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert passwords.write(folder) == []
