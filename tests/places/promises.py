"""Commitments made by hand, for the tests of this room."""

import hashlib
import json

from service_map.plans import Commitment


def commitment(plan, line, **fields):
    """One commitment; what is not said is a site that the plan names and puts nowhere."""
    defaults = {
        "category": "kindergarten", "kind": "site", "name": None, "count": 1, "unit": None, "at_least": False,
        "action": "new", "place": None, "place_level": "plan", "per": None, "year": None, "section": None,
    }  # fmt: skip
    made = {**defaults, **fields}
    digest = hashlib.sha256(json.dumps([plan, line, made], sort_keys=True).encode()).hexdigest()
    mark = f"{plan}-{line}-{digest[:6]}"
    return Commitment(id=mark, plan=plan, line=line, quote="", passage_sha256="0" * 64, **made)
