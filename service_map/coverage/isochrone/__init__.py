"""Isochrones on foot (等时圈): the ground whose people reach a facility by the ways of a network, drawn exactly."""

from service_map.coverage.isochrone.ground import reached_ground

__all__ = ["reached_ground"]
