"""How long a degree is: one figure for each way in which it is asked.

On WGS 84 a degree of latitude measures 110 574 m at the equator and 111 694 m at the poles; one of longitude, divided
by the cosine of the latitude, 111 320 m and 111 694 m (NIMA TR8350.2, semi-axes 6 378 137.0 and 6 356 752.3 m). Where a
distance decides, `service_map.coverage` measures it; these make boxes and steps around it.
"""

DEGREE_M = 111_195.0
"""Metres of a degree on the sphere of the earth's mean radius: for a plan of a few kilometres, within 0.6 %."""

LEAST_DEGREE_M = 110_500.0
"""No degree of latitude is shorter, nor one of longitude over the cosine: a box by it is never too small."""

MOST_DEGREE_M = 111_700.0
"""None is longer: a step by it is never too wide, and what it measures in degrees is at most so far."""
