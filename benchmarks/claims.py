"""How often the site claims a certainty, and on what record: every county of the data by five kinds.

``python benchmarks/claims.py`` builds a database from ``geodata/`` in a temporary folder and asks the planner's
question of each county and kind, as anybody would, then once more for who wants the record as it is. A claim counts
where more than 99 % of the land is said to be out of reach of everything. It fails when one stands on a record that
nobody states to be complete.
"""

import sys
import tempfile
from collections import Counter
from pathlib import Path

from service_map import settings, store
from service_map.store import queries
from service_map.web import create_app

KINDS = ("kindergarten", "elderly_community", "elderly_institution", "primary_school", "fitness_square")
METRES = 300


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'service_map.gpkg'}"
        geodata = settings.load({}).geodata_dir
        store.build(url, geodata=geodata)
        engine = store.open_readonly(url)
        with engine.connect() as conn:
            counties = [
                area.adcode for area in queries.areas(conn, level="county", with_geometry=True) if area.geometry
            ]
        engine.dispose()
        client = create_app(settings.load({"DATABASE_URL": url, "GEODATA_DIR": str(geodata)})).test_client()
        bad = 0
        for more in ("", "&as_recorded=true"):
            count: Counter[str] = Counter()
            for area in counties:
                for kind in KINDS:
                    asked = f"area={area}&category={kind}&metres={METRES}{more}"
                    told = client.get(f"/api/gaps?{asked}").get_json(force=True)["gaps"]
                    count[told["record"]] += 1
                    claimed = told["zones"] is not None and told["zones"]["gap"]["share"] > 0.99
                    labelled = told["record"] == "complete" or told["record_basis"]["as_recorded"]
                    count["over 99 % out of reach"] += claimed
                    count["of them said to be certain"] += claimed and not told["record_basis"]["as_recorded"]
                    bad += claimed and not labelled
            what = ", ".join(f"{name} {number}" for name, number in sorted(count.items()))
            print(f"{len(counties)} counties × {len(KINDS)} kinds{more and ', as recorded'}: {what}")
        return min(bad, 1)


if __name__ == "__main__":
    sys.exit(main())
