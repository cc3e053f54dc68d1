"""The two-step floating catchment of an answer: capacity shared where every facility has one, else facilities."""

import numpy as np
from numpy.typing import NDArray

from service_map import coverage
from service_map.analysis import answers
from service_map.analysis.context import Ground, Supply
from service_map.analysis.threshold import Reach
from service_map.catalogue.messages import Sentence, message, sentence
from service_map.coverage import Demand

_MOST_PAIRS = 5_000_000
_ALL_HAVE = {
    "beds": message("两步移动搜索法：%(count)d 处设施都有床位数，每千人平均 %(got)s 张床位"),
    "places": message("两步移动搜索法：%(count)d 处设施都有容量（学位、座位），每千人平均 %(got)s 个位子"),
}
_SOME_LACK = {
    "beds": message(
        "两步移动搜索法按处数算，不按容量：%(count)d 处设施中 %(lacking)d 处没有床位数；每千人平均 %(got)s 处"
    ),
    "places": message(
        "两步移动搜索法按处数算，不按容量：%(count)d 处设施中 %(lacking)d 处没有容量（学位、座位）；"
        "每千人平均 %(got)s 处"
    ),
    None: message(
        "两步移动搜索法按处数算，不按容量：%(count)d 处设施中 %(lacking)d 处没有床位数或容量；每千人平均 %(got)s 处"
    ),
}


def catchment(ground: Ground, asked: Reach, supply: Supply, demand: Demand) -> answers.Catchment | None:
    """Count what each person has within reach, and share the capacity of each facility among all who reach it.

    Parameters
    ----------
    ground
        Whose language the sentence is in.
    asked
        How far.
    supply
        The facilities that stand; one known to its county or city only is left out and counted in ``unplaced``.
    demand
        People.

    Returns
    -------
    dict or None
        ``of`` says what is shared: ``beds`` where every facility has them, else ``places`` where every facility has
        those, else ``facilities``, one each; beds and places are never added up. ``without_capacity`` is how many
        facilities lack the one of the two that most have. None where nobody lives, or where there are so many pairs
        that they would take memory and seconds which the rest of the answer does not need.

    Notes
    -----
    `service_map.coverage.two_step`: Luo and Wang, Environment and Planning B 30 (2003) 865–884.
    """
    placed = coverage.placed(supply.candidates)
    candidates = coverage.choose(supply.candidates, placed)
    laid = coverage.lay_out(candidates)
    # No walk leads farther than the straight line, but for one downhill.
    farthest = asked.metres * (coverage.DOWNHILL if asked.network is not None and asked.network.sloped else 1.0)
    if demand.total <= 0 or coverage.count_pairs(laid.lonlat, demand.lonlat, farthest) > _MOST_PAIRS:
        return None
    found = coverage.edge_pairs(candidates, demand.lonlat, asked.metres, network=asked.network)
    within = coverage.count_within(found, len(demand.lonlat))
    of, capacity, most, lacking = _capacity(supply.beds[placed], supply.places[placed])
    shared = coverage.two_step(found, demand.amount, capacity)
    told: answers.Catchment = {
        "method": asked.method,
        "within_mean": round(float(within @ demand.amount / demand.total), 4),
        "of": of,
        "per_1000_mean": round(float(shared.places @ demand.amount / demand.total) * 1000, 6),
        "idle": round(shared.idle, 4),
        "without_capacity": lacking,
        "unplaced": int((~placed).sum()),
        "said": "",
    }
    return {**told, "said": _said(ground, told, len(capacity), most)}


def _capacity(
    beds: NDArray[np.float64], places: NDArray[np.float64]
) -> tuple[str, NDArray[np.float64], str | None, int]:
    """Say what is shared, how much of it each facility has, which capacity most have, and how many lack that one."""
    known = {"beds": beds, "places": places}
    lacking = {name: int(np.isnan(of).sum()) for name, of in known.items()}
    most = min(lacking, key=lambda name: lacking[name])
    if len(beds) and not lacking[most]:
        return most, known[most], most, 0
    return "facilities", np.ones(len(beds)), most if lacking[most] < len(beds) else None, lacking[most]


def _said(ground: Ground, told: answers.Catchment, count: int, most: str | None) -> str:
    got = f"{told['per_1000_mean']:,.3f}".rstrip("0").rstrip(".")
    if told["of"] in _ALL_HAVE:
        words = Sentence(_ALL_HAVE[told["of"]], {"count": count, "got": got})
    else:
        words = Sentence(_SOME_LACK[most], {"count": count, "lacking": told["without_capacity"], "got": got})
    if told["unplaced"]:
        words = words.also(sentence("另有 %(count)d 处只知道在哪个县或市，没有算进来", count=told["unplaced"]))
    return ground.say(words)
