"""Asking a map service where a named facility stands: off unless an operator turns one on.

A geocoder is a plug-in: a function that takes the environment and returns a `Geocoder`, named in the entry-point group
``service_map.geocoders``. Two come with the product: ``tianditu`` (天地图, CGCS2000, key in ``TIANDITU_KEY``) and
``amap`` (高德, GCJ-02, key in ``AMAP_KEY``). What they answer is a table of locations for a person to look through and
import (`service_map.places.location`); nothing is moved on a machine's word alone.
"""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from http.client import HTTPException
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

from service_map.catalogue.adcode import city_of, county_of, covers
from service_map.errors import Fault, GeocoderError, InvalidParameterError
from service_map.io.datum import gcj02_to_wgs84
from service_map.places.facility import Facility
from service_map.places.gazetteer import Gazetteer
from service_map.places.location import DEFAULT_UNCERTAINTY_M, Location
from service_map.places.place_table import metres_outside

ENTRY_POINTS = "service_map.geocoders"

_LARGEST_REPLY = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a geocoder says of some words.

    Attributes
    ----------
    lon, lat
        WGS 84 degrees.
    precision
        What the point stands for, one of `service_map.catalogue.terms.PRECISION`, or None where the service does
        not say.
    adcode
        Code of the county it lies in, as the service says, or None.
    words
        How the service calls what it found.
    """

    lon: float
    lat: float
    precision: str | None
    adcode: str | None
    words: str


class Geocoder(Protocol):
    """What a plug-in returns."""

    @property
    def source(self) -> str:
        """Whose answers they are, shown beside every point."""

    @property
    def licence(self) -> str:
        """Under what terms."""

    def geocode(self, words: str, *, adcode: str) -> Answer | None:
        """Find the words in the area of a code; None when the service knows nothing of the kind."""


@dataclass(slots=True, kw_only=True)
class Service:
    """A JSON web service, asked with patience and within a quota.

    Attributes
    ----------
    url
        Address without the query, http or https.
    timeout_s
        Seconds to wait for each reply.
    tries
        How often one question is asked when the service is slow, busy or broken.
    pause_s
        Seconds before the second try; doubled before each further one.
    quota
        Most requests that this run may make; what the cache answers costs nothing.
    cache
        File that keeps the replies from run to run (JSON, without keys), or None.
    """

    url: str
    timeout_s: float = 5.0
    tries: int = 3
    pause_s: float = 0.5
    quota: int = 1000
    cache: Path | None = None
    asked: int = 0
    _kept: dict[str, Any] | None = field(default=None, repr=False)

    def ask(self, question: Mapping[str, str], *, key: Mapping[str, str], busy: Callable[[Any], bool]) -> Any:
        """Send one question and return the reply.

        Parameters
        ----------
        question
            Query parameters that make the reply what it is.
        key
            Query parameters that say who asks; never written to the cache or into a message.
        busy
            Says of a reply that the service had no time, so that it is asked again.

        Raises
        ------
        GeocoderError
            When the quota is used up, or no usable reply came in all the tries.
        """
        kept = self._load()
        mark = urlencode(sorted(question.items()))
        if mark in kept:
            return kept[mark]
        why = ""
        for attempt in range(self.tries):
            if self.asked >= self.quota:
                raise GeocoderError(
                    f"已用完本次的 {self.quota} 次请求", f"the {self.quota} requests of this run are used up"
                )
            if attempt:
                time.sleep(self.pause_s * 2 ** (attempt - 1))
            self.asked += 1
            try:
                reply = self._fetch({**question, **key})
            except HTTPError as error:
                error.close()
                why = f"HTTP {error.code}"
                if error.code < 500 and error.code not in (408, 429):
                    break
            except (URLError, TimeoutError, HTTPException, OSError, ValueError) as error:
                why = type(error).__name__
            else:
                if not busy(reply):
                    self._keep(mark, reply)
                    return reply
                why = "busy"
        host = urlsplit(self.url).netloc
        raise GeocoderError(f"{host} 没有给出可用的回答（{why}）", f"{host} gave no usable reply ({why})")

    def _fetch(self, query: Mapping[str, str]) -> Any:
        request = Request(f"{self.url}?{urlencode(query)}", headers={"User-Agent": "service-map"})  # noqa: S310
        with urlopen(request, timeout=self.timeout_s) as reply:  # noqa: S310 -- the scheme is checked when it is made
            data = reply.read(_LARGEST_REPLY + 1)
        if len(data) > _LARGEST_REPLY:
            raise ValueError("reply too large")
        return json.loads(data.decode("utf-8-sig"))

    def __post_init__(self) -> None:
        """Refuse addresses that are no web addresses."""
        if urlsplit(self.url).scheme not in ("http", "https"):
            raise InvalidParameterError("url", "应为 http 或 https 地址", "must be an http or https address")

    def _load(self) -> dict[str, Any]:
        if self._kept is None:
            self._kept = {}
            if self.cache is not None and self.cache.is_file():
                try:
                    kept = json.loads(self.cache.read_text(encoding="utf-8"))
                except (OSError, ValueError):
                    kept = {}  # a damaged cache costs requests, nothing else
                self._kept = kept if isinstance(kept, dict) else {}
        return self._kept

    def _keep(self, mark: str, reply: Any) -> None:
        kept = self._load()
        kept[mark] = reply
        if self.cache is not None:
            beside = self.cache.with_name(self.cache.name + ".new")
            beside.write_text(json.dumps(kept, ensure_ascii=False, sort_keys=True), encoding="utf-8")
            beside.replace(self.cache)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tianditu:
    """天地图 geocoding; CGCS2000 equals WGS 84 here. The service names no licence of its answers."""

    key: str
    service: Service
    source: str = "天地图地理编码"
    licence: str = "天地图服务条款"

    def geocode(self, words: str, *, adcode: str) -> Answer | None:
        """Find words; the service takes no area, so a caller checks where the answer lies."""
        del adcode
        question = {"ds": json.dumps({"keyWord": words}, ensure_ascii=False)}
        reply = self.service.ask(question, key={"tk": self.key}, busy=lambda _: False)
        location = reply.get("location") if isinstance(reply, dict) else None
        if not isinstance(reply, dict) or (str(reply.get("status")) != "0" and str(reply.get("status")) != "404"):
            raise _refused("天地图", reply)
        if not isinstance(location, dict):
            return None
        levels = {"门址": "site", "兴趣点": "site", "道路": "street", "村": "village"}
        point = _point(location.get("lon"), location.get("lat"), "天地图")
        precision = levels.get(str(location.get("level")))
        return Answer(
            lon=point[0], lat=point[1], precision=precision, adcode=None, words=str(location.get("keyWord", ""))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Amap:
    """高德 geocoding; its GCJ-02 is turned into WGS 84."""

    key: str
    service: Service
    source: str = "高德地理编码"
    licence: str = "高德开放平台服务协议"

    def geocode(self, words: str, *, adcode: str) -> Answer | None:
        """Find words in the city of a code."""
        question = {"address": words, "city": city_of(adcode), "output": "JSON"}
        # 10004, 10014, 10019, 10020, 10021: too many requests a second or a minute
        crowded = ("10004", "10014", "10015", "10019", "10020", "10021", "10022")
        reply = self.service.ask(
            question,
            key={"key": self.key},
            busy=lambda reply: isinstance(reply, dict) and str(reply.get("infocode")) in crowded,
        )
        if not isinstance(reply, dict) or str(reply.get("status")) != "1":
            raise _refused("高德", reply)
        found = next((one for one in reply.get("geocodes") or () if isinstance(one.get("location"), str)), None)
        if found is None:
            return None
        levels = {
            "门牌号": "site", "门址": "site", "兴趣点": "site", "单元号": "site", "楼层": "site", "房间": "site",
            "道路": "street", "道路交叉路口": "street", "公交站台、地铁站": "street",
            "村庄": "village", "乡镇": "township", "热点商圈": "township", "开发区": "township",
            "区县": "county", "市": "city", "省": "city", "国家": "city",
        }  # fmt: skip
        x, _, y = found["location"].partition(",")
        lon, lat = gcj02_to_wgs84(*_point(x, y, "高德"))
        code = str(found.get("adcode") or "")
        return Answer(
            lon=round(lon, 7),
            lat=round(lat, 7),
            precision=levels.get(str(found.get("level"))),
            adcode=code if len(code) == 6 else None,
            words=str(found.get("formatted_address", "")),
        )


def tianditu(environment: Mapping[str, str]) -> Geocoder:
    """Make the 天地图 geocoder from ``TIANDITU_KEY`` (and ``TIANDITU_URL``, ``GEOCODER_CACHE``, ``GEOCODER_QUOTA``)."""
    url = environment.get("TIANDITU_URL") or "https://api.tianditu.gov.cn/geocoder"
    return Tianditu(key=_key(environment, "TIANDITU_KEY"), service=_service(environment, url))


def amap(environment: Mapping[str, str]) -> Geocoder:
    """Make the 高德 geocoder from ``AMAP_KEY`` (and ``AMAP_URL``, ``GEOCODER_CACHE``, ``GEOCODER_QUOTA``)."""
    url = environment.get("AMAP_URL") or "https://restapi.amap.com/v3/geocode/geo"
    return Amap(key=_key(environment, "AMAP_KEY"), service=_service(environment, url))


def load_geocoder(name: str, environment: Mapping[str, str]) -> Geocoder:
    """Make the geocoder of a name.

    Parameters
    ----------
    name
        An entry point of the group `ENTRY_POINTS`.
    environment
        Where it finds its key.

    Raises
    ------
    InvalidParameterError
        When no installed package has such a geocoder, or its key is not set; the message lists what there is.
    """
    found = {point.name: point for point in entry_points(group=ENTRY_POINTS)}
    if name not in found:
        known = tuple(sorted(found))
        zh, en = Fault(
            f"没有名为 {name} 的地理编码器，现有：{'、'.join(known)}",
            f"none is called {name}; there are: {', '.join(known)}",
        )
        raise InvalidParameterError("geocoder", zh, en, known)
    made: Geocoder = found[name].load()(environment)
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What `geocode_facilities` found.

    Attributes
    ----------
    locations
        One for each facility that the service placed to a site, street or village inside its area.
    unknown, vague, elsewhere
        Ids of the facilities that it does not know, that it places no more surely than the plan does, and that it
        places outside the area the plan names.
    stopped
        Why the run ended early, or None.
    """

    locations: tuple[Location, ...]
    unknown: tuple[str, ...]
    vague: tuple[str, ...]
    elsewhere: tuple[str, ...]
    stopped: GeocoderError | None


def geocode_facilities(
    facilities: Iterable[Facility], geocoder: Geocoder, gazetteer: Gazetteer, *, today: date
) -> Survey:
    """Ask a geocoder about every named facility that is known to its township or less.

    Parameters
    ----------
    facilities
        What `service_map.places.locate` returned. Those that the plan does not name are not asked for: there is
        nothing to find them by.
    geocoder
        What `load_geocoder` returned.
    gazetteer
        For the names and boundaries of the areas.
    today
        The date that the locations carry.

    Returns
    -------
    Survey
        What was found before the service refused or the quota ended is kept.
    """
    locations: list[Location] = []
    unknown: list[str] = []
    vague: list[str] = []
    elsewhere: list[str] = []
    stopped = None
    for facility in facilities:
        if not facility.name_given or facility.precision in DEFAULT_UNCERTAINTY_M:
            continue
        try:
            answer = geocoder.geocode(_address(facility, gazetteer), adcode=facility.adcode)
        except GeocoderError as error:
            stopped = error
            break
        if answer is None:
            unknown.append(facility.id)
        elif _is_elsewhere(answer, facility, gazetteer):
            elsewhere.append(facility.id)
        elif answer.precision is None or answer.precision not in DEFAULT_UNCERTAINTY_M:
            vague.append(facility.id)
        else:
            locations.append(
                Location(
                    facility=facility.id, lon=answer.lon, lat=answer.lat, precision=answer.precision,
                    uncertainty_m=DEFAULT_UNCERTAINTY_M[answer.precision], source=geocoder.source,
                    licence=geocoder.licence, date=today.isoformat(),
                )
            )  # fmt: skip
    return Survey(
        locations=tuple(locations),
        unknown=tuple(unknown),
        vague=tuple(vague),
        elsewhere=tuple(elsewhere),
        stopped=stopped,
    )


def _address(facility: Facility, gazetteer: Gazetteer) -> str:
    """Put the names of the areas around a facility before its name, each once."""
    address, code = facility.name, facility.adcode if facility.adcode in gazetteer.rows else county_of(facility.adcode)
    while code:
        name = gazetteer.rows[code].name
        address = address if name in address else name + address
        code = gazetteer.rows[code].parent
    return address


def _is_elsewhere(answer: Answer, facility: Facility, gazetteer: Gazetteer) -> bool:
    county = county_of(facility.adcode)
    named = answer.adcode is not None and not covers(county, gazetteer.former_codes.get(answer.adcode, answer.adcode))
    return named or metres_outside(answer.lon, answer.lat, county, gazetteer) > 0


def _key(environment: Mapping[str, str], name: str) -> str:
    key = environment.get(name, "").strip()
    if not key:
        raise InvalidParameterError(
            name, "环境变量未设，应为服务商发的密钥", "is not set; it takes the key that the service gave"
        )
    return key


def _service(environment: Mapping[str, str], url: str) -> Service:
    quota, cache = environment.get("GEOCODER_QUOTA", "1000"), environment.get("GEOCODER_CACHE")
    if not quota.isascii() or not quota.isdigit():
        raise InvalidParameterError("GEOCODER_QUOTA", "应为非负整数", "must be a whole number")
    return Service(url=url, quota=int(quota), cache=Path(cache) if cache else None)


def _point(lon: Any, lat: Any, who: str) -> tuple[float, float]:
    try:
        return float(lon), float(lat)
    except (TypeError, ValueError):
        raise GeocoderError(f"{who} 的回答没有坐标", f"the reply of {who} holds no coordinates") from None


def _refused(who: str, reply: Any) -> GeocoderError:
    why = ""
    if isinstance(reply, dict):
        why = str(reply.get("info") or reply.get("msg") or reply.get("message") or reply.get("status") or "")[:80]
    return GeocoderError(f"{who} 拒绝了请求：{why}", f"{who} refused the request: {why}")
