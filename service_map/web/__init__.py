"""The web: ``create_app`` makes the Flask application of one `Settings`; nothing is global.

``api`` answers programs, ``pages`` answers people. An error under ``/api`` and ``/download`` is told as problem+json;
one anywhere else goes to ``pages.error_page(problem)``, which tells the same `problems.Problem` as a page.
"""

from collections.abc import Callable
from contextlib import suppress
from hashlib import blake2b
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from flask import Flask, Response, request
from sqlalchemy.exc import SQLAlchemyError

from service_map import analysis, catalogue
from service_map.errors import ServiceMapError
from service_map.settings import STATIC_DIR, TEMPLATES_DIR, Settings, load
from service_map.store import FacilityFilter, clusters, features, queries
from service_map.web import (
    dcat,
    download,
    ogc,
    params,
    problems,
    progress,
    promised,
    questions,
    ranking,
    service,
    targets,
    term,
    tiles,
)
from service_map.web.database import Database
from service_map.web.language import init_language
from service_map.web.pool import Pool
from service_map.web.security import init_security, is_open
from service_map.web.site import EXTENSION, Site

ErrorPage = Callable[[problems.Problem], Response]


def create_app(settings: Settings | None = None) -> Flask:
    """Make the application.

    Parameters
    ----------
    settings
        What to serve; None reads the environment. The database may be missing: every address that needs it then
        answers 503 and says how to build it.

    Returns
    -------
    Flask

    Raises
    ------
    SettingsError
        When the environment is read and holds a value that cannot be used.
    GeodataError
        When the catalogue under ``geodata/`` is missing or damaged.
    """
    if settings is None:
        settings = load()
    app = Flask(__name__, static_folder=str(STATIC_DIR), template_folder=str(TEMPLATES_DIR))
    families = catalogue.families(settings.geodata_dir)
    categories = catalogue.categories(settings.geodata_dir)
    rules = catalogue.rules(settings.geodata_dir)
    plan_rules = catalogue.plan_rules(settings.geodata_dir)
    inventories = catalogue.inventories(settings.geodata_dir)
    edges = catalogue.edge_categories(settings.geodata_dir)
    basis = analysis.read_basis(settings.geodata_dir)
    app.extensions[EXTENSION] = Site(
        settings=settings,
        families=families,
        categories=categories,
        rules=rules,
        plan_rules=plan_rules,
        network=None if settings.network is None else analysis.read_network(settings.network),
        database=Database(settings.database_url, settings.today),
        pool=Pool(settings, create_app),
        version=_program_version(
            repr((families, categories, rules, plan_rules, inventories, sorted(edges), basis, settings.network))
        ),
        basis=basis,
        inventories=inventories,
        edges=edges,
    )
    # A trailing slash is a typing slip, and a redirect would cost a program one more request.
    app.url_map.strict_slashes = False
    service.init_service(app, settings)
    init_security(app)
    init_language(app)
    app.register_blueprint(questions.blueprint)
    app.register_blueprint(ranking.blueprint)
    app.register_blueprint(targets.blueprint)
    app.register_blueprint(progress.blueprint)
    app.register_blueprint(promised.blueprint)
    app.register_blueprint(download.blueprint)
    app.register_blueprint(ogc.blueprint)
    app.register_blueprint(tiles.blueprint)
    app.register_blueprint(dcat.blueprint)
    error_page: ErrorPage | None = None
    if find_spec("service_map.web.pages") is not None:
        pages = import_module("service_map.web.pages")
        app.register_blueprint(pages.blueprint)
        error_page = getattr(pages, "error_page", None)
    app.register_error_handler(Exception, _error_handler(error_page))
    return app


def warm(app: Flask) -> None:
    """Read what every answer needs, so that no reader waits for it; nothing where there is no database yet.

    Parameters
    ----------
    app
        From `create_app`.
    """
    with suppress(ServiceMapError, SQLAlchemyError), app.extensions[EXTENSION].database.reading() as data:
        queries.vocabulary(data.conn)
        queries.facilities(data.conn, FacilityFilter(promised=True), limit=1)
        queries.tally(data.conn, FacilityFilter(promised=True))
        term.ended(data.conn, queries.plans(data.conn))
        clusters.is_fresh(data.conn)
        for layer in features.collections(data.conn).values():
            features.extent(data.conn, layer)
            features.page(data.conn, layer, features.FeatureQuery(), limit=1)


def _program_version(facts: str) -> str:
    """Name this program and its catalogue by their content: an upgrade must not leave old answers valid."""
    digest = blake2b(facts.encode(), digest_size=8)
    for path in sorted(Path(__file__).resolve().parents[1].rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _error_handler(error_page: ErrorPage | None) -> Callable[[Exception], Response]:
    def handle(error: Exception) -> Response:
        problem = problems.from_exception(error)
        if error_page is None or is_open(request.path):
            return problems.problem_response(problem, language=params.reply_language())
        return error_page(problem)

    return handle
