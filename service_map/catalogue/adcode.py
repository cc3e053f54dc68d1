"""Codes of areas (行政区划代码): which lies in which, by the digits of GB/T 2260 and GB/T 10114.

Two digits name the province, two the city, two the county, and three more the township: 140521104 lies in 140521,
that in 140500 (晋城), that in 140000 (山西). Nothing here asks whether an area of the code exists.
"""

COUNTRY = "100000"
"""The whole country, in which every code lies."""

COUNTY_DIGITS = 6
"""Digits of the code of a province, city or county; a township has three more, a village six."""

TOWNSHIP_DIGITS = 9
"""Digits of the code of a township."""


def prefix(adcode: str) -> str:
    """Give the digits with which the code of every area inside begins.

    Parameters
    ----------
    adcode
        Six digits (province, city, county) or more (township, village).

    Returns
    -------
    str
        "" for `COUNTRY`, ``14`` for 140000, ``1405`` for 140500, the code itself for a county or less.
    """
    if adcode == COUNTRY:
        return ""
    if len(adcode) == COUNTY_DIGITS:
        if adcode.endswith("0000"):
            return adcode[:2]
        if adcode.endswith("00"):
            return adcode[:4]
    return adcode


def covers(outer: str, inner: str) -> bool:
    """Say whether one code's area holds another's, or is it: 140500 holds 140521, 140521 holds 140521104.

    Parameters
    ----------
    outer, inner
        As for `prefix`.
    """
    return inner.startswith(prefix(outer))


def related(one: str, other: str) -> bool:
    """Say whether one of two codes' areas holds the other."""
    return covers(one, other) or covers(other, one)


def township_of(adcode: str) -> str:
    """Give the code of the township that an area lies in, nine digits; of its county where none is told (000)."""
    return adcode[:9] if len(adcode) >= 9 and adcode[6:9] != "000" else county_of(adcode)


def county_of(adcode: str) -> str:
    """Give the code of the county that an area lies in: 140521 for 140521104; a code of six digits itself."""
    return adcode[:COUNTY_DIGITS]


def city_of(adcode: str) -> str:
    """Give the code of the city that an area lies in, or is: 140500 for 140521."""
    return f"{adcode[:4]}00"


def province_of(adcode: str) -> str:
    """Give the code of the province that an area lies in, or is: 140000 for 140521."""
    return f"{adcode[:2]}0000"


def ancestors(adcode: str) -> tuple[str, ...]:
    """Give the codes of the areas around one, narrowest first.

    Parameters
    ----------
    adcode
        As for `prefix`.

    Returns
    -------
    tuple of str
        For 140521001: 140521, 140500, 140000.
    """
    around = (adcode[:9], county_of(adcode), city_of(adcode), province_of(adcode))
    seen: list[str] = []
    for code in around:
        if len(code) in {6, 9} and code != adcode and code not in seen and covers(code, adcode):
            seen.append(code)
    return tuple(seen)
