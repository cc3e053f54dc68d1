"""Lines and grounds of facilities, for the analyses."""

from dataclasses import dataclass

from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, select

from service_map.store.models import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class FacilityShape:
    """What a facility is measured from.

    Attributes
    ----------
    facility
        Its id.
    uncertainty_m
        Metres within which the edge lies.
    geometry
        Line or polygon in WGS 84.
    """

    facility: str
    uncertainty_m: float
    geometry: BaseGeometry


def facility_shapes(connection: Connection) -> tuple[FacilityShape, ...]:
    """Give the shapes on record, by facility.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.

    Returns
    -------
    tuple of FacilityShape
        Few, for only parks, trails and squares have one, and only where the operator's layer draws them.
    """
    rows = connection.execute(select(Shape.facility, Shape.uncertainty_m, Shape.geom).order_by(Shape.facility))
    return tuple(
        FacilityShape(facility=facility, uncertainty_m=metres, geometry=geometry) for facility, metres, geometry in rows
    )
