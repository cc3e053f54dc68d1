"""Codes of areas (行政区划代码): which lies in which, by the digits of GB/T 2260 and GB/T 10114."""


def prefix(adcode: str) -> str:
    """Give the digits with which the code of every area inside begins.

    Parameters
    ----------
    adcode
        Six digits (province, city, county) or more (township, village), as in GB/T 2260 and GB/T 10114.

    Returns
    -------
    str
        ``14`` for 140000, ``1405`` for 140500, the code itself for a county or less.
    """
    if len(adcode) == 6:
        if adcode.endswith("0000"):
            return adcode[:2]
        if adcode.endswith("00"):
            return adcode[:4]
    return adcode


def ancestors(adcode: str) -> tuple[str, ...]:
    """Give the codes of the areas around one, narrowest first.

    Parameters
    ----------
    adcode
        Six digits or more.

    Returns
    -------
    tuple of str
        For 140521001: 140521, 140500, 140000.
    """
    county = adcode[:6]
    around = (adcode[:9], county, f"{county[:4]}00", f"{county[:2]}0000")
    seen: list[str] = []
    for code in around:
        if len(code) in {6, 9} and code != adcode and code not in seen and adcode.startswith(prefix(code)):
            seen.append(code)
    return tuple(seen)
