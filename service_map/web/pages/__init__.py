"""The pages: what people read, in Chinese or English, complete without JavaScript and without the map.

Each module is a group of pages; all share one blueprint and `frame`. A page asks `service_map.store.queries` and
`service_map.analysis` and hands plain records to a template; the maps' scripts get compact JSON of the same records.
"""

from service_map.web.pages import (
    circle,
    drawn,
    facility,
    home,
    machines,
    plan_changes,
    planner,
    plans,
    progress,
    promises,
    ranking,
)
from service_map.web.pages.about import error_page
from service_map.web.pages.area import save_report
from service_map.web.pages.frame import blueprint

__all__ = [
    "blueprint",
    "circle",
    "drawn",
    "error_page",
    "facility",
    "home",
    "machines",
    "plan_changes",
    "planner",
    "plans",
    "progress",
    "promises",
    "ranking",
    "save_report",
]
