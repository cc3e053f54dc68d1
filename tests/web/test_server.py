"""The site over a PostgreSQL server: the same answers as over a file, and what it says while the server is gone."""

import postgres_cluster
import pytest
from invented_world import make_app

from service_map import store
from service_map.web.site import EXTENSION

pytestmark = pytest.mark.postgis

ASKED = (
    "/api/facilities", "/api/layers", "/api/facilities/nearby?lon=112.19&lat=35.69&metres=1000", "/api/commitments",
    "/ogc/collections", "/ogc/collections/facilities/items", "/ogc/collections/areas/items", "/tiles/8/207/100.mvt",
    "/download/facilities.geojson", "/download/facilities.csv", "/catalog.jsonld", "/readyz",
)  # fmt: skip


@pytest.fixture(scope="module")
def server(invented):
    """A server of this module's own, which it may kill, and the site over it."""
    if not postgres_cluster.installed():
        pytest.skip(postgres_cluster.LACKING)
    with postgres_cluster.running() as cluster:
        store.build(cluster.map, geodata=invented.geodata)
        app = make_app(cluster.map, invented.geodata)
        yield cluster, app
        let_go(app)


def let_go(app):
    app.extensions[EXTENSION].database._engine.dispose()


@pytest.mark.parametrize("path", [path for path in ASKED if "tiles" not in path and "readyz" not in path])
def test_both_databases_give_the_same_answers(api, server, path):
    client = server[1].test_client()
    file, other = api.get(path), client.get(path)
    assert (file.status_code, other.status_code) == (200, 200)
    if not file.is_json and "json" not in file.mimetype:
        assert file.text == other.text
        return
    # When each was built tells them apart, and that one of them is a file to be taken home; nothing else.
    assert _timeless(file.get_json(force=True)) == _timeless(other.get_json(force=True))


def _timeless(value):
    if isinstance(value, dict):
        return {
            name: _timeless(item)
            for name, item in value.items()
            if name not in {"dateModified", "dct:modified", "citation", "dct:bibliographicCitation"} or "plan" in value
        }
    if isinstance(value, list):
        return [_timeless(item) for item in value if not _is_the_file(item)]
    return value


def _is_the_file(item):
    address = item.get("dcat:downloadURL", {}).get("@id", "") if isinstance(item, dict) else ""
    return address.endswith("/download/service_map.gpkg")


def test_a_server_that_goes_away_is_told_in_words_and_used_again_when_it_is_back(server):
    cluster, app = server
    client = app.test_client()
    for path in ASKED:
        assert client.get(path).status_code in {200, 204}, path
    cluster.kill()
    try:
        for path in ASKED:
            answer = client.get(path)
            assert (answer.status_code, answer.mimetype) == (503, "application/problem+json"), path
            told = answer.get_json(force=True)
            assert answer.headers["Retry-After"]
            assert "127.0.0.1" not in answer.text
            assert any("\u4e00" <= letter <= "\u9fff" for letter in told["detail"])
            assert "server" in client.get(path, headers={"Accept-Language": "en"}).get_json(force=True)["detail"]
        page = client.get("/")
        assert (page.status_code, page.mimetype) == (503, "text/html")
        assert client.get("/healthz").status_code == 200
    finally:
        cluster.start()
    for path in ASKED:
        assert client.get(path).status_code in {200, 204}, path


@pytest.mark.parametrize("path", ["/api/facilities", "/", "/area/140521"])
def test_a_server_that_goes_away_once_an_answer_is_made_does_not_spoil_it(server, invented, caplog, path):
    cluster, _ = server
    app = make_app(f"{cluster.url}/map", invented.geodata)
    gone = []

    @app.after_request
    def go(response):
        if not gone:
            cluster.kill()
            gone.append(True)
        return response

    client = app.test_client()
    try:
        assert client.get(path).status_code == 200
        assert gone
        caplog.clear()
        assert client.get(path).status_code == 503
        # While it is away every request says so: in one line each, not in a traceback.
        assert all(record.exc_info is None and "\n" not in record.getMessage() for record in caplog.records)
    finally:
        cluster.start()
    assert client.get(path).status_code == 200
    let_go(app)


def test_a_site_that_starts_before_its_server_serves_as_soon_as_that_is_there(server, invented):
    cluster, _ = server
    cluster.kill()
    try:
        app = make_app(f"{cluster.url}/map", invented.geodata)
        client = app.test_client()
        assert client.get("/ogc/collections").status_code == 503
    finally:
        cluster.start()
    assert client.get("/ogc/collections").status_code == 200
    let_go(app)
