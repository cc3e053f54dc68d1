"""What machines read of the pages: the QR code, the feed of every search, the site map."""

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import Response, abort, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection

from service_map.errors import InvalidParameterError
from service_map.store import queries, read_meta
from service_map.store.records import FacilityFilter
from service_map.web import addresses, feeds, params
from service_map.web.compute import elsewhere_if
from service_map.web.cost import searches_much
from service_map.web.pages import choices, frame, promises
from service_map.web.pages.frame import blueprint
from service_map.web.pages.home import choice_words
from service_map.web.site import site

FEED_SIZE = 100
MAX_QR_PATH = 1_500


@blueprint.get("/qr.svg")
def qr() -> Response:
    """Draw the address of a page of this site, and of no other, as a QR code."""
    path = request.args.get("path", "/")
    # A path by RFC 3986: it begins with one slash, for two would name another host.
    if not path.startswith("/") or path.startswith(("//", "/\\")) or not path.isprintable() or len(path) > MAX_QR_PATH:
        raise InvalidParameterError("path", "应为本站的路径，以 / 开头", "takes a path of this site, beginning with /")
    return Response(feeds.qr(feeds.absolute(path)), mimetype="image/svg+xml")


@blueprint.get("/feed.atom")
@elsewhere_if(lambda: searches_much(frame.reading(), "q"))
def feed() -> Response:
    """Every search as an Atom feed (RFC 4287); for an area it is the search of that area."""
    values = frame.query((*params.FILTER, choices.BIG))
    known = frame.plans()
    items = queries.facilities(frame.conn(), params.facility_filter(values), limit=FEED_SIZE, surest_first=True).items
    entries = [feeds.entry(item, plans=known, english=frame.english()) for item in items]
    asked = frame.filter_query(values)
    xml = render_template(
        "feed.xml",
        title=" · ".join((_("规划设施地图"), *_chosen(values))),
        subtitle=frame.term_words(area=values["area"], plan=values["plan"]),
        self_url=feeds.absolute(url_for("pages.feed", **asked, **addresses.lasting())),
        page_url=feeds.absolute(url_for("pages.home", **asked, **addresses.lasting())),
        updated=max((entry.updated for entry in entries), default=_newest_plan()),
        entries=entries,
    )
    return Response(xml, mimetype=feeds.ATOM)


@blueprint.get("/changes.atom")
def changes_feed() -> Response:
    """Write what the data has changed as an Atom feed (RFC 4287), the newest first, by area and category."""
    values = frame.query((*params.RELEASE_CHANGE_FEED, choices.BIG))
    wanted = params.release_change_filter(values)
    page = queries.release_changes(frame.conn(), wanted, limit=FEED_SIZE)
    built = read_meta(frame.conn())["built_at"]
    entries = [
        feeds.change_entry(item, url=promises.address(item.item), built=built, english=frame.english())
        for item in page.items
    ]
    known = queries.releases(frame.conn())
    none = dict.fromkeys(parameter.name for parameter in params.FILTER)
    asked = {name: values[name] for name in ("since", "area", "category", "family") if values[name]}
    xml = render_template(
        "feed.xml",
        title=" · ".join((_("规划设施地图"), _("数据的变化"), *_chosen(none | values))),
        subtitle=None,
        self_url=feeds.absolute(url_for("pages.changes_feed", **asked, **addresses.lasting())),
        page_url=feeds.absolute(url_for("pages.home", **asked | {"since": None}, **addresses.lasting())),
        updated=max(
            (entry.updated for entry in entries), default=feeds.moment(known[0].date) if known else built
        ),
        entries=entries,
    )  # fmt: skip
    return Response(xml, mimetype=feeds.ATOM)


def _chosen(values: Mapping[str, Any]) -> list[str]:
    """Name what a search asks for, as its page does."""
    families = [site().families[code] for code in values["family"] or ()]
    categories = [site().categories[code] for code in values["category"] or ()]
    return [
        *([values["q"]] if values["q"] else []),
        *(family.en if frame.english() else family.zh for family in families),
        *(category.en if frame.english() else category.zh for category in categories),
        *(said for said, _chinese in choice_words(values, frame.plans().values()).values()),
    ]


def _newest_plan() -> str:
    """Give the day of the newest plan: what a feed without entries is as new as."""
    days = (plan.date or str(plan.period[0]) for plan in frame.plans().values())
    return feeds.moment(max(days, default=None))


@blueprint.get("/robots.txt")
def robots() -> Response:
    """Tell crawlers where the site map is, and to leave the map's data and the drawn codes alone."""
    paths = ("pages.points", "pages.boundaries", "pages.qr", "pages.embed")
    closed = "".join(f"Disallow: {url_for(name)}\n" for name in paths)
    where = feeds.absolute(url_for("pages.sitemap"))
    return Response(f"User-agent: *\n{closed}Sitemap: {where}\n", mimetype="text/plain")


@blueprint.get("/sitemap.xml")
def sitemap() -> Response:
    """List the files of the site map."""
    count = math.ceil(len(_mapped()) / feeds.MAP_SIZE)
    parts = [feeds.absolute(url_for("pages.sitemap_part", part=part)) for part in range(count)]
    return Response(feeds.site_map_index(parts), mimetype="application/xml")


@blueprint.get("/sitemap/<int:part>.xml")
def sitemap_part(part: int) -> Response:
    """List every page of its own: areas, plans, promised facilities."""
    paths = _mapped()[part * feeds.MAP_SIZE : (part + 1) * feeds.MAP_SIZE]
    if not paths:
        abort(HTTPStatus.NOT_FOUND)
    return Response(feeds.site_map(feeds.absolute(path) for path in paths), mimetype="application/xml")


def _mapped() -> list[str]:
    return frame.reading().keep(("mapped", request.script_root), _make_mapped)


def _make_mapped(conn: Connection) -> list[str]:
    return [
        *(url_for(f"pages.{name}") for name in ("home", "areas", "plans", "progress_page", "about")),
        *(url_for("pages.plan", plan_id=plan.id) for plan in queries.plans(conn)),
        *(url_for("pages.plan_changes", plan_id=plan.id) for plan in queries.plans(conn) if plan.succeeds),
        *(url_for("pages.area", adcode=area.adcode) for area in queries.areas(conn) if area.level != "township"),
        *(
            url_for("pages.facility", facility_id=str(facility_id))
            for facility_id in queries.facility_points(conn, FacilityFilter(promised=True)).id
        ),
    ]
