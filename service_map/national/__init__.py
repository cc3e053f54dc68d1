"""All of China, a county at a time: coverage, completeness and gaps by kind and year, on any number of machines.

Each county is a partition with a halo around it; inside, `service_map.coverage` computes as it does for one city. Dask
hands the counties out. The answer is the same, bit for bit, whatever the number of workers and wherever a large county
is cut.
"""

from service_map.national.county import ALL, County, counties
from service_map.national.population import Source
from service_map.national.question import Horizon, Question, Target, question
from service_map.national.record import whole_register
from service_map.national.survey import MOST_CELLS, TRIES, Failure, Outcome, run

__all__ = [
    "ALL",
    "MOST_CELLS",
    "TRIES",
    "County",
    "Failure",
    "Horizon",
    "Outcome",
    "Question",
    "Source",
    "Target",
    "counties",
    "question",
    "run",
    "whole_register",
]
