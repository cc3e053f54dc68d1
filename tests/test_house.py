"""What keeps the house as it is: the order of the rooms, the documentation, what may not be committed."""

import ast
import math
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

import pytest

from service_map import cli, settings

ROOT = Path(__file__).resolve().parents[1]
ROOMS = [
    "errors",
    "settings",
    "catalogue",
    "io",
    "plans",
    "places",
    "coverage",
    "store",
    "analysis",
    "national",
    "web",
    "worker",
    "cli",
]


def tracked():
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name for name in listing.decode().split("\0") if name and (ROOT / name).is_file()]


def lint_imports(root):
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run([program], cwd=root, capture_output=True, text=True, check=False)


def test_each_room_imports_only_the_rooms_before_it():
    answer = lint_imports(ROOT)
    assert answer.returncode == 0, answer.stdout


def test_an_import_against_the_order_is_noticed(tmp_path):
    shutil.copytree(ROOT / "service_map", tmp_path / "service_map", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    catalogue = tmp_path / "service_map" / "catalogue" / "__init__.py"
    catalogue.write_text(catalogue.read_text(encoding="utf-8") + "\nimport service_map.web\n", encoding="utf-8")
    answer = lint_imports(tmp_path)
    assert answer.returncode != 0
    assert "service_map.catalogue" in answer.stdout
    assert "service_map.web" in answer.stdout


def test_two_files_that_import_each_other_are_noticed(tmp_path):
    shutil.copytree(ROOT / "service_map", tmp_path / "service_map", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    demand = tmp_path / "service_map" / "coverage" / "demand.py"
    lazy = "\n\ndef _late():\n    from service_map.coverage import gaps\n"
    demand.write_text(demand.read_text(encoding="utf-8") + lazy, encoding="utf-8")
    answer = lint_imports(tmp_path)
    assert answer.returncode != 0
    assert "service_map.coverage" in answer.stdout


def test_the_order_holds_for_every_room_there_is():
    layers = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"][
        0
    ]
    assert [name.removeprefix("service_map.") for name in reversed(layers["layers"])] == ROOMS
    there = {path.stem for path in (ROOT / "service_map").iterdir() if path.suffix == ".py" or path.is_dir()}
    assert there - {"__init__", "__pycache__", "_data"} == set(ROOMS)


# What tells the time or how busy the machine is; a wait that only ends what hangs is at least PATIENCE_S long.
CLOCKS = re.compile(
    r"perf_counter|process_time|thread_time|monotonic\(|time\.time\(|timeit|getloadavg|"
    r"performance\.now|getEntriesByType|getMetrics|setTimeout"
)
PATIENCE_S = 120
# Calls whose bare number is a wait, and calls of the browser, which count in milliseconds.
WAITS = {"acquire", "communicate", "create_connection", "join", "result", "settimeout", "urlopen", "wait"}
BROWSER = re.compile(
    r"set_default_\w+|goto|reload|go_back|go_forward|click|tap|fill|press|select_option|expect_\w+|to_\w+|"
    r"wait_for(_function|_url|_load_state|_selector|_timeout)?"
)


def clocks(text):
    """What reads a clock in a test, or gives up sooner than a busy machine may need."""
    tree = ast.parse(text)
    named = {
        target.id: number(node.value, {})
        for node in tree.body if isinstance(node, ast.Assign)
        for target in node.targets if isinstance(target, ast.Name)
    }  # fmt: skip
    return CLOCKS.findall(text) + [ast.unparse(node) for node in ast.walk(tree) if shortest(node, named) < PATIENCE_S]


def shortest(node, named):
    """The seconds after which this very node of a program gives up; without end where it waits for nothing."""
    if isinstance(node, ast.Call):
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        told = [word.value for word in node.keywords if word.arg and "timeout" in word.arg]
        inside = 1000 if BROWSER.fullmatch(name) else 1
        told += node.args if name in WAITS or name.startswith("set_default_") or name == "wait_for_timeout" else []
        return min((seconds / inside for one in told if (seconds := number(one, named)) is not None), default=math.inf)
    if isinstance(node, ast.For) and getattr(getattr(node.iter, "func", None), "id", "") == "range":
        inside, turns = list(ast.walk(node)), number(node.iter.args[-1], named)
        sleeps = [
            number(call.args[0], named) for call in inside
            if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "sleep"
        ]  # fmt: skip
        # A loop that ends before its last turn waits for something; one within which another waits does not give up.
        gives_up = any(isinstance(one, ast.Break | ast.Return) for one in inside) and not any(
            isinstance(one, ast.While) for one in inside
        )
        return turns * sum(sleeps) if gives_up and sleeps and None not in (turns, *sleeps) else math.inf
    return math.inf


def number(node, named):
    """The number that stands there, by itself, under a name of the module or as a product; None where it is none."""
    if isinstance(node, ast.Constant) and type(node.value) in {int, float}:
        return node.value
    if isinstance(node, ast.Name):
        return named.get(node.id)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        factors = (number(node.left, named), number(node.right, named))
        return None if None in factors else factors[0] * factors[1]
    return None


def test_no_test_reads_a_clock():
    """Another program that keeps the machine busy fails no test: work is counted there, seconds stand in benchmarks/."""
    for path in tracked():
        if path.relative_to(ROOT).parts[0] == "tests" and path.suffix == ".py" and path != Path(__file__).resolve():
            found = clocks(path.read_text(encoding="utf-8"))
            assert not found, (
                f"{path.relative_to(ROOT)} reads a clock or gives up in under {PATIENCE_S} s ({', '.join(found)}): "
                "count calls (fixture calls_of), queries, bytes or nodes there, and print the seconds in benchmarks/"
            )


@pytest.mark.parametrize(
    "line",
    [
        "begun = time.perf_counter()", "page.evaluate('performance.now()')", "child.wait(timeout=30)", "thread.join(9)",
        "context.set_default_timeout(60_000)", "page.goto(address, timeout=5000)", "page.wait_for_timeout(500)",
        "SHORT = 5\nsocket.create_connection(place, SHORT)", "for _ in range(600):\n    if there():\n        break\n    time.sleep(0.05)",
    ],
)  # fmt: skip
def test_a_clock_in_a_test_is_noticed(line):
    assert clocks(line)


@pytest.mark.parametrize(
    "line",
    ["child.wait(timeout=300)", "', '.join(names)", "context.set_default_timeout(180_000)", "for _ in range(9):\n    ask()",
     "LONG = 300\nfor _ in range(20 * LONG):\n    if there():\n        break\n    time.sleep(0.05)", "while not seen:\n    time.sleep(0.01)"],
)  # fmt: skip
def test_patience_in_a_test_is_no_clock(line):
    assert not clocks(line)


HAN = re.compile(r"[\u3400-\u9fff]")
ENGLISH = re.compile(r"[A-Za-z]+[^A-Za-z]* [A-Za-z]+")
# The table of closed sets is a catalogue itself.
BOTH = {"catalogue/terms.py"}


def literal(node):
    """The text that stands there, without what a program puts into its places; None where there is none."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value for part in node.values if isinstance(part, ast.Constant))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        return "".join(filter(None, (literal(node.left), literal(node.right)))) or None
    if isinstance(node, ast.IfExp):
        return literal(node.body) or literal(node.orelse)
    return None


def called(node):
    return ast.unparse(node.func).rpartition(".")[2] if isinstance(node, ast.Call) else ""


def error_makers(trees):
    """Names of what says a pair as an error: errors, problems, and the functions that make or raise one of `zh` and `en`."""
    found, takers = {"Fault"}, []
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.ClassDef) and node.name.endswith(("Error", "Problem")):
            found.add(node.name)
        if isinstance(node, ast.FunctionDef):
            arguments = {one.arg for one in (*node.args.args, *node.args.kwonlyargs)}
            takers += [node] if {"zh", "en"} <= arguments else []
    while more := {node.name for node in takers if any(called(inner) in found for inner in ast.walk(node))} - found:
        found |= more
    return found


def pairs(tree, makers):
    """Lines where English stands behind Chinese in one call, tuple, list, table, choice or text, and no error says it."""
    inside = {id(part) for node in ast.walk(tree) if called(node) in makers for part in ast.walk(node)}
    for node in ast.walk(tree):
        beside = []
        if isinstance(node, ast.Call):
            beside = [*node.args, *(word.value for word in node.keywords)]
        elif isinstance(node, ast.Tuple | ast.List):
            beside = node.elts
        elif isinstance(node, ast.Dict):
            beside = node.values
        elif isinstance(node, ast.IfExp):
            beside = [node.body, node.orelse]
        elif isinstance(node, ast.Constant | ast.JoinedStr):
            beside = [ast.Constant(text) for text in (literal(node) or "").split(" / ")]
        texts = [literal(part) or "" for part in beside]
        if id(node) not in inside and any(
            HAN.search(one) and ENGLISH.search(other) and not HAN.search(other) for one, other in pairwise(texts)
        ):
            yield node.lineno


def test_english_beside_chinese_stands_in_errors_alone():
    """All else that is said has its English in the catalogue of translations."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "service_map").rglob("*.py"))}
    makers = error_makers(trees.values())
    for path, tree in trees.items():
        name = path.relative_to(ROOT / "service_map").as_posix()
        lines = list(pairs(tree, makers))
        assert bool(lines) == (name in BOTH), f"{name}, lines {lines}: say it by `sentence`, or raise it as an error"


@pytest.mark.parametrize(
    "line",
    [
        'choose("没有边界", "it has no boundary")', 'option(zh="只算到年底", en="what stands by then")',
        'SAID = {"a": ("没有边界", f"{name} has no boundary")}', 'told = "没有边界 / it has no boundary"',
        'told = "没有边界" if zh else "it has no boundary"', 'zh, en = "没有边界", "it has no " + "boundary"',
    ],
)  # fmt: skip
def test_english_beside_chinese_is_noticed(line):
    assert list(pairs(ast.parse(line), {"Fault"}))


@pytest.mark.parametrize(
    "line",
    [
        'raise Fault("没有边界", "it has no boundary")', 'sentence("没有边界")', 'NAMES = {"规划": "planned"}',
        'found = ("under construction", "在建")', '"""What 边界 means."""',
    ],
)  # fmt: skip
def test_what_an_error_says_and_what_is_no_translation_is_no_pair(line):
    assert not list(pairs(ast.parse(line), {"Fault"}))


def test_the_readme_documents_every_setting():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for field in fields(settings.Settings):
        assert f"`{field.name.upper()}`" in readme


def test_the_readme_documents_every_command_and_every_make_target():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for command in cli.main.list_commands(None):
        assert f"service-map {command}" in readme
    for target in re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE):
        assert f"make {target}" in readme


def test_pinned_packages_have_hashes_and_no_address():
    for name in ("requirements.lock", "requirements-test.lock", "requirements-tools.lock"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert not re.search(r"https?:|file:|--index-url|--find-links", text)
        pins = re.findall(r"^[A-Za-z0-9][^\n]*==[^\n]*$(?:\n    --hash[^\n]*)*", text, re.MULTILINE)
        assert pins
        assert all("--hash=sha256:" in pin for pin in pins)


def test_no_tracked_file_holds_a_sentence_of_a_plan(plan_texts):
    width = 32
    shingles = set()
    for path in plan_texts.values():
        text = re.sub(r"\s", "", path.read_text(encoding="utf-8"))
        shingles.update(text[i : i + width] for i in range(len(text) - width))
    for path in tracked():
        text = re.sub(r"\s", "", path.read_bytes().decode("utf-8", "replace"))
        held = next((text[i : i + width] for i in range(len(text) - width) if text[i : i + width] in shingles), None)
        assert held is None, f"{path.name} holds a sentence of a plan: {held}"


def test_no_page_or_program_names_another_host_to_load_from():
    loads = re.compile(r"""(?:src|href)=["']https?://|url\(\s*["']?https?://|@import\s""")
    for path in tracked():
        if path.relative_to(ROOT).parts[0] in {"static", "templates"} and path.suffix in {".html", ".css", ".js"}:
            text = path.read_text(encoding="utf-8")
            links = re.sub(r"<a\s[^>]*>", "", text)  # a link a reader may follow loads nothing
            assert not loads.search(links), path


def test_settings_are_refused_by_the_name_of_their_variable():
    for environment in ({"PORT": "0"}, {"PORT": "x"}, {"PORT": "８０"}, {"THREADS": "65"}, {"GEODATA_DIR": "/nowhere"}):
        with pytest.raises(settings.SettingsError, match=next(iter(environment))):
            settings.load(environment)


def test_settings_have_the_defaults_of_the_readme():
    config = settings.load({})
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"`{config.host}`" in readme
    assert f"`{config.port}`" in readme
    assert f"`{config.database_url}`" in readme
