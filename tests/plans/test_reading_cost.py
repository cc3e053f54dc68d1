"""What reading a plan costs: work and memory, and that both grow with its length alone."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from service_map.plans import extract, read_text
from service_map.plans.sentences import MAX_SENTENCE, split_sentences

CALLS_A_CHARACTER = 50
READ = """
import json, re, sys
from pathlib import Path
from service_map import plans
text = plans.read_text(Path(sys.argv[1])) * int(sys.argv[2])
found = len(plans.extract(text, plan="p"))
# Linux tells the peak of this program alone; getrusage would tell that of the program which started it.
peak = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
print(json.dumps({"peak_mb": peak, "found": found}))
"""


def read(path, times):
    done = subprocess.run([sys.executable, "-c", READ, path, str(times)], capture_output=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.plans
def test_a_character_of_a_plan_costs_few_calls(plan_texts, calls_of):
    extract("新建幼儿园5所。", plan="p")  # word lists are read and patterns made once
    for path in plan_texts.values():
        text = read_text(path)
        assert calls_of(lambda text=text: extract(text, plan="p")) < CALLS_A_CHARACTER * len(text), path.name


@pytest.mark.plans
def test_three_times_the_plan_costs_three_times_the_work(plan_texts, calls_of):
    text = read_text(plan_texts["datong.txt"])
    extract(text, plan="p")  # word lists are read and patterns made once
    once, thrice = (calls_of(lambda times=times: extract(text * times, plan="p")) for times in (1, 3))
    assert thrice < 3.3 * once


@pytest.mark.parametrize("piece", ["新建幼儿园5所，", "幼儿园\t", "新建甲镇、", "（", "a", "<", "2025年末"])
def test_the_work_for_one_endless_line_is_linear(piece, calls_of):
    # What is quadratic anywhere makes sixteen times the calls for four times the line.
    extract(piece, plan="p")
    short, long = (piece * (size // len(piece.encode())) for size in (2**13, 2**15))
    assert calls_of(lambda: extract(long, plan="p")) < 5 * calls_of(lambda: extract(short, plan="p"))
    assert max(end - start for start, end, _anew in split_sentences(long)) <= MAX_SENTENCE + 1


@pytest.mark.plans
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells the peak memory of one program")
def test_ten_times_the_plan_costs_little_memory(plan_texts):
    one, ten = (read(plan_texts["datong.txt"], times) for times in (1, 10))
    assert ten["found"] >= 9 * one["found"]
    # 300 MB are allowed for a hundred times the plan.
    assert ten["peak_mb"] - one["peak_mb"] < 27
    assert one["peak_mb"] < 60
