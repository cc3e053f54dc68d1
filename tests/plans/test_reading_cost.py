"""What reading a plan costs: time, memory, and that both grow with its length alone."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from service_map.plans import extract, read_text

READ = """
import json, re, sys, time
from pathlib import Path
from service_map import plans
text = plans.read_text(Path(sys.argv[1])) * int(sys.argv[2])
plans.extract("新建公墓1处。", plan="p")
begun = time.process_time()
found = len(plans.extract(text, plan="p"))
# Linux tells the peak of this program alone; getrusage would tell that of the program which started it.
peak = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
print(json.dumps({"seconds": time.process_time() - begun, "peak_mb": peak, "found": found}))
"""


@pytest.mark.plans
def test_a_plan_of_forty_thousand_characters_is_read_in_half_a_second(plan_texts):
    for path in plan_texts.values():
        text = read_text(path)
        spent = []
        for _ in range(3):
            begun = time.process_time()
            extract(text, plan=path.stem)
            spent.append(time.process_time() - begun)
        assert min(spent) * 40_000 / len(text) < 0.5, path.name


@pytest.mark.plans
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells the peak memory of one program")
def test_ten_times_the_plan_costs_ten_times_the_time_and_little_memory(plan_texts):
    runs = {}
    for times in (1, 10):
        answer = subprocess.run(
            [sys.executable, "-c", READ, plan_texts["datong.txt"], str(times)],
            capture_output=True,
            check=True,
            timeout=300,
        )
        runs[times] = json.loads(answer.stdout)
    assert runs[10]["found"] >= 9 * runs[1]["found"]
    assert runs[10]["seconds"] < 15 * runs[1]["seconds"]
    # 300 MB are allowed for a hundred times the plan.
    assert runs[10]["peak_mb"] - runs[1]["peak_mb"] < 27
    assert runs[1]["peak_mb"] < 60
