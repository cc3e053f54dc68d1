"""What operators need: health, figures, request ids, logs; and the files in ``deploy/`` as their programs judge them."""

import json
import logging
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit

import pytest
from real_server import ROOT, ask, fetch, free_port, serving, site

from service_map import settings
from service_map.web import create_app, problems


def make(invented, **more):
    return create_app(settings.load({"DATABASE_URL": invented.url, "GEODATA_DIR": str(invented.geodata), **more}))


def test_it_is_alive_without_data_and_ready_only_with_it(api, geodata, tmp_path):
    assert api.get("/healthz").get_json() == {"status": "ok"}
    assert api.get("/readyz").get_json()["data_version"]
    bare = create_app(settings.load({"DATABASE_URL": f"sqlite:///{tmp_path}/none.gpkg", "GEODATA_DIR": str(geodata)}))
    assert bare.test_client().get("/healthz").status_code == 200
    answer = bare.test_client().get("/readyz")
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")


def test_a_damaged_database_in_the_place_of_a_good_one_leaves_the_site_up_and_is_told(invented, tmp_path, caplog):
    path = Path(shutil.copy(invented.url.removeprefix("sqlite:///"), tmp_path / "map.gpkg"))
    app = create_app(settings.load({"DATABASE_URL": f"sqlite:///{path}", "GEODATA_DIR": str(invented.geodata)}))
    client = app.test_client()
    before = client.get("/api/facilities")
    cut = tmp_path / "cut.gpkg"
    cut.write_bytes(path.read_bytes()[:100_000])
    cut.replace(path)
    # More readers than have asked so far.
    with ThreadPoolExecutor(8) as readers:
        answers = list(readers.map(lambda _: app.test_client().get("/api/facilities"), range(40)))
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.headers["ETag"] for answer in answers} == {before.headers["ETag"]}
    assert client.get("/").status_code == 200
    told = client.get("/readyz")
    assert (told.status_code, told.get_json()["status"]) == (200, "degraded")
    assert "service-map build" in told.get_json()["reason"]
    assert "map.gpkg" in told.get_json()["reason"]
    assert str(tmp_path) not in told.text
    assert sum("not taken up" in record.message for record in caplog.records) == 1
    invented.build(path)
    assert client.get("/readyz").get_json()["status"] == "ok"


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
    unit.write_text(
        text.replace("/opt/service-map/current/.venv/bin", str(Path(sys.executable).parent)), encoding="utf-8"
    )
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


@pytest.mark.parametrize("way", ["serve", "deploy"])
def test_no_header_of_a_reader_moves_the_links_where_no_proxy_is_configured(invented, way):
    with site(invented, way, COMPUTE_PROCESSES="0") as (port, _):
        plain, _ = fetch(f"http://127.0.0.1:{port}/ogc/")
        for name, value in (
            ("X-Forwarded-Proto", "https"), ("X-Forwarded-Protocol", "ssl"), ("X-Forwarded-Ssl", "on"),
            ("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Prefix", "/evil"), ("SCRIPT_NAME", "/ogc"),
        ):  # fmt: skip
            assert fetch(f"http://127.0.0.1:{port}/ogc/", **{name: value})[0] == plain, name


def test_the_site_behind_nginx_as_both_files_say(invented, tmp_path):
    """Links take the public name, downloads stream whole, and what operators watch stays inside."""
    nginx = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if nginx is None:
        pytest.skip("nginx is not installed: apt-get install nginx-light")
    inside, outside = free_port(), free_port()
    text = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8").replace("127.0.0.1:8000", f"127.0.0.1:{inside}")
    text = text.replace("listen 80;", f"listen 127.0.0.1:{outside};").replace("listen [::]:80;", "")
    paths = "".join(
        f" {name}_temp_path {tmp_path}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    logs = f"error_log {tmp_path}/error.log;\n"
    (tmp_path / "site.conf").write_text(text, encoding="utf-8")
    (tmp_path / "nginx.conf").write_text(
        f"{logs}daemon off;\npid {tmp_path}/pid;\nevents {{}}\nhttp {{\n access_log off;\n{paths}"
        f" include {tmp_path}/site.conf;\n}}\n",
        encoding="utf-8",
    )
    environment = {
        **os.environ, "DATABASE_URL": invented.url, "GEODATA_DIR": str(invented.geodata), "HOST": "127.0.0.1",
        "PORT": str(inside), "TRUSTED_PROXIES": "1", "METRICS": "1", "WEB_CONCURRENCY": "2",
    }  # fmt: skip
    gunicorn = [Path(sys.executable).with_name("gunicorn"), "-c", ROOT / "deploy" / "gunicorn.conf.py"]
    proxy = [nginx, "-c", tmp_path / "nginx.conf", "-p", tmp_path]
    with (
        serving([*gunicorn, "service_map.web:create_app()"], ready=f"http://127.0.0.1:{inside}/readyz", env=environment,
                cwd=ROOT),
        serving(proxy, ready=f"http://127.0.0.1:{outside}/readyz"),
    ):  # fmt: skip
        site = f"http://127.0.0.1:{outside}"
        body, headers = fetch(f"{site}/ogc/", Host="map.example.org", **{"X-Forwarded-Host": "evil.example"})
        assert {urlsplit(link["href"]).netloc for link in json.loads(body)["links"]} == {"map.example.org"}
        assert re.fullmatch("[0-9a-f]{32}", headers["X-Request-ID"])
        body, _ = fetch(f"{site}/ogc/")
        assert {urlsplit(link["href"]).netloc for link in json.loads(body)["links"]} == {f"127.0.0.1:{outside}"}
        for suffix in ("geojson", "gpkg"):
            body, _ = fetch(f"{site}/download/facilities.{suffix}")
            assert len(body) > 5000
        host = b"Host: map.example.org\r\n"
        for sent, expected in (
            (b"hello\r\n\r\n", 400),
            (b"GET /?q=" + b"a" * 100_000 + b" HTTP/1.1\r\n" + host + b"\r\n", 414),
            (b"GET / HTTP/1.1\r\n" + host + b"X: " + b"a" * 100_000 + b"\r\n\r\n", 431),
            (b"POST / HTTP/1.1\r\n" + host + b"Content-Length: 9000000\r\nConnection: close\r\n\r\n", 413),
            (b"POST / HTTP/1.1\r\n" + host + b"Transfer-Encoding: gzip\r\n\r\n", 501),
        ):
            status, headers, body = ask(outside, sent)
            told = json.loads(body)
            assert (status, told["status"], headers["content-type"]) == (expected, expected, problems.MEDIA_TYPE)
            assert told["type"].removeprefix("/api/problems/") in problems.KINDS
        with pytest.raises(HTTPError, match="403"):
            fetch(f"{site}/metrics")
        assert b"service_map_requests" in fetch(f"http://127.0.0.1:{inside}/metrics")[0]


def container():
    """The instructions of the Containerfile, each with what follows it, its continued lines joined."""
    text = (ROOT / "deploy" / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [line.split(maxsplit=1) for line in lines]


def test_every_instruction_of_the_container_is_one_and_its_commands_are_sound():
    known = {"FROM", "RUN", "WORKDIR", "COPY", "USER", "ENV", "VOLUME", "EXPOSE", "HEALTHCHECK", "CMD"}
    for number, (name, rest) in enumerate(container()):
        assert name in known
        assert (name == "FROM") == (number == 0)
        if name == "RUN":
            subprocess.run(["sh", "-n", "-c", rest], check=True)
        if name in {"CMD", "HEALTHCHECK"}:
            assert all(isinstance(word, str) for word in json.loads(rest.removeprefix("CMD ")))


def test_what_the_container_copies_is_enough_to_build_and_serve(tmp_path):
    """Its commands run in a folder that holds what it copies and nothing else, with the packages it installs."""
    home = tmp_path / "home"
    home.mkdir()
    environment = {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "PYTHONPATH": str(home),
        "HOME": str(tmp_path),
    }
    command = check = None
    for name, rest in container():
        if name == "COPY":
            *sources, target = rest.split()
            for source in sources:
                if (ROOT / source).is_dir():
                    shutil.copytree(ROOT / source, home / target)
                else:
                    shutil.copy(ROOT / source, home / target)
        elif name == "ENV":
            environment |= dict(pair.split("=", 1) for pair in rest.split())
        elif name == "CMD":
            command = json.loads(rest)
        elif name == "HEALTHCHECK":
            check = json.loads(rest.removeprefix("CMD "))
    port = str(free_port())
    environment |= {"DATABASE_URL": f"sqlite:///{tmp_path}/map.gpkg", "PORT": port}
    # The packages of this very environment, but the program from the folder: it stands first, as where it is installed.
    loaded = "import service_map; print(service_map.__file__)"
    where = subprocess.run(
        [sys.executable, "-c", loaded], check=True, capture_output=True, text=True, env=environment, cwd=home
    )
    assert where.stdout.startswith(str(home))
    with serving(command, ready=f"http://127.0.0.1:{port}/readyz", env=environment, cwd=home):
        told = [word.replace(":8000/", f":{port}/") for word in check]
        subprocess.run(told, check=True, env=environment, cwd=tmp_path)
    assert (tmp_path / "map.gpkg").stat().st_size > 100_000
    failed = subprocess.run(told, check=False, env=environment, cwd=tmp_path, capture_output=True)
    assert failed.returncode != 0
