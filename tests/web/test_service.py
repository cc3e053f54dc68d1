"""What operators need: health, figures, request ids, logs; and the files in ``deploy/`` as their programs judge them."""

import json
import logging
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from service_map import settings
from service_map.web import create_app

ROOT = Path(__file__).resolve().parents[2]


def make(invented, **more):
    return create_app(settings.load({"DATABASE_URL": invented.url, "GEODATA_DIR": str(invented.geodata), **more}))


def test_it_is_alive_without_data_and_ready_only_with_it(api, geodata, tmp_path):
    assert api.get("/healthz").get_json() == {"status": "ok"}
    assert api.get("/readyz").get_json()["data_version"]
    bare = create_app(settings.load({"DATABASE_URL": f"sqlite:///{tmp_path}/none.gpkg", "GEODATA_DIR": str(geodata)}))
    assert bare.test_client().get("/healthz").status_code == 200
    answer = bare.test_client().get("/readyz")
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")


def test_every_answer_has_a_request_id_of_its_own(api):
    first, second = (api.get("/healthz", headers={"X-Request-ID": "chosen"}).headers["X-Request-ID"] for _ in range(2))
    assert first != second
    assert re.fullmatch("[0-9a-f]{16}", first)


def test_headers_of_a_proxy_are_believed_where_one_is_configured(invented):
    client = make(invented, TRUSTED_PROXIES="1").test_client()
    headers = {"X-Forwarded-Host": "map.example", "X-Forwarded-Proto": "https", "X-Request-ID": "abc-1"}
    answer = client.get("/ogc/", headers=headers)
    assert all(link["href"].startswith("https://map.example/ogc") for link in answer.get_json()["links"])
    assert answer.headers["X-Request-ID"] == "abc-1"
    forged = client.get("/ogc/", headers={"X-Request-ID": "a b\x01" * 9})
    assert re.fullmatch("[0-9a-f]{16}", forged.headers["X-Request-ID"])


def test_figures_are_off_unless_asked_for(api, invented):
    assert api.get("/metrics").status_code == 404
    client = make(invented, METRICS="1").test_client()
    client.get("/api/layers")
    client.get("/api/facilities?limit=0")
    told = client.get("/metrics").text
    assert 'service_map_requests_total{endpoint="api.layers",method="GET",status="200"} 1.0' in told
    assert 'service_map_requests_total{endpoint="api.facilities",method="GET",status="400"} 1.0' in told


def test_a_log_line_is_json_and_says_nothing_of_the_reader(invented, monkeypatch):
    lines = []
    logger = logging.getLogger("service_map.access")
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())
    monkeypatch.setattr(logger, "handlers", [handler])
    monkeypatch.setattr(logger, "propagate", False)
    monkeypatch.setattr(logger, "level", logging.INFO)
    answer = make(invented, ACCESS_LOG="1").test_client().get("/api/circle?lon=112.1234&lat=35.6789")
    line = json.loads(lines[-1])
    assert (line["path"], line["status"], line["id"]) == ("/api/circle", 200, answer.headers["X-Request-ID"])
    assert "112.1234" not in lines[-1]
    assert "127.0.0.1" not in lines[-1]


def test_gunicorn_takes_its_file_and_the_application(invented):
    program = Path(sys.executable).with_name("gunicorn")
    environment = {**os.environ, "DATABASE_URL": invented.url, "GEODATA_DIR": str(invented.geodata)}
    command = [program, "--check-config", "-c", ROOT / "deploy" / "gunicorn.conf.py", "service_map.web:create_app()"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed: apt-get install systemd")
    text = (ROOT / "deploy" / "service-map.service").read_text(encoding="utf-8")
    # The program stands elsewhere on this machine; everything else is judged as it is.
    unit = tmp_path / "service-map.service"
    unit.write_text(text.replace("/opt/service-map/.venv/bin", str(Path(sys.executable).parent)), encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False)
    faults = [line for line in done.stderr.splitlines() if "service-map" in line]
    assert (done.returncode, faults) == (0, [])


def test_nginx_takes_the_site(tmp_path):
    program = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if program is None:
        pytest.skip("nginx is not installed: apt-get install nginx-light")
    whole = tmp_path / "nginx.conf"
    whole.write_text(
        f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{\n include {ROOT}/deploy/nginx.conf;\n}}\n", encoding="utf-8"
    )
    done = subprocess.run(
        [program, "-t", "-q", "-c", whole, "-p", tmp_path], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_container_copies_only_what_there_is():
    text = (ROOT / "deploy" / "Containerfile").read_text(encoding="utf-8")
    for line in re.findall(r"^COPY (.*)$", text, re.MULTILINE):
        *sources, _target = line.split()
        for source in sources:
            assert (ROOT / source).exists(), source
