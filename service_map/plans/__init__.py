"""A document in, commitments out."""

from service_map.plans.circles import PlanCircle, circles_text, extract_circles, load_circles, write_circles
from service_map.plans.commitment import Commitment, label, label_record, load_commitments, write_commitments
from service_map.plans.corrections import (
    CORRECTION_COLUMNS,
    Correction,
    add_corrections,
    apply_corrections,
    correction_fault,
    handles,
    load_corrections,
)
from service_map.plans.explanation import Explanation, Words, explain, explanation_record, explanation_text
from service_map.plans.extract import extract, passage_sha256
from service_map.plans.indicator_pairs import disagreements, indicator_key, measure
from service_map.plans.indicators import Indicator, extract_indicators, load_indicators, write_indicators
from service_map.plans.outline import passages
from service_map.plans.read import read_text
from service_map.plans.registry import LAST, Plan, before, ends, load_plans, plan_for_file, ranks
from service_map.plans.stock_figures import (
    StockFigure,
    extract_stock_figures,
    load_stock_figures,
    write_stock_figures,
)

__all__ = [
    "CORRECTION_COLUMNS",
    "LAST",
    "Commitment",
    "Correction",
    "Explanation",
    "Indicator",
    "Plan",
    "PlanCircle",
    "StockFigure",
    "Words",
    "add_corrections",
    "apply_corrections",
    "before",
    "circles_text",
    "correction_fault",
    "disagreements",
    "ends",
    "explain",
    "explanation_record",
    "explanation_text",
    "extract",
    "extract_circles",
    "extract_indicators",
    "extract_stock_figures",
    "handles",
    "indicator_key",
    "label",
    "label_record",
    "load_circles",
    "load_commitments",
    "load_corrections",
    "load_indicators",
    "load_plans",
    "load_stock_figures",
    "measure",
    "passage_sha256",
    "passages",
    "plan_for_file",
    "ranks",
    "read_text",
    "write_circles",
    "write_commitments",
    "write_indicators",
    "write_stock_figures",
]
