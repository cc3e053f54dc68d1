"""The command line: ``service-map extract | refresh | build | serve``.

Every error a user can cause is one line on standard error and exit code 2.
"""

import hashlib
import json
import socket
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
from flask import Flask
from gunicorn.app.base import BaseApplication

from service_map import places, plans, settings, store, web
from service_map.errors import PlanFileError, ServiceMapError, SettingsError


class _Commands(click.Group):
    """Commands whose own errors become one line and exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ServiceMapError as error:
            _complain(error)
            ctx.exit(2)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="service-map")
def main() -> None:
    """规划里承诺的公共设施，带出处上图。What plans promise, on a map, with its citation.

    \b
    service-map extract plan.txt -o plan.jsonl     规划文本 → 任务 text to commitments
    service-map build --plans plans/               geodata → 数据库 open data to database
    service-map serve                              网站与接口 the site and its API
    """  # noqa: D301  (\b is click's own mark for lines that stay as they are)


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE…")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="输出文件，缺省为标准输出 JSON Lines file to write."
)
def extract(files: tuple[Path, ...], output: Path | None) -> None:
    """从规划文本提取任务，每行一个 JSON。Read plan files, write one JSON object a commitment.

    \b
    service-map extract qinshui.txt -o qinshui.jsonl
    """  # noqa: D301
    listed = plans.load_plans(settings.load().geodata_dir)
    lines: list[str] = []
    failed = False
    for path in files:
        try:
            found = plans.extract(plans.read_text(path), plan=plans.plan_for_file(listed, path))
        except PlanFileError as error:  # one bad file does not stop the others
            _complain(error)
            failed = True
            continue
        lines += [json.dumps(plans.label_record(item), ensure_ascii=False) + "\n" for item in found]
    if not (failed and not lines):
        _write(output, lines)
    sys.exit(2 if failed else 0)


@main.command()
@click.option("--plans", "plans_dir", required=True, type=click.Path(path_type=Path, file_okay=False, exists=True),
              help="规划文本目录 Folder with the plan texts.")  # fmt: skip
@click.option("--townships", type=click.Path(path_type=Path, dir_okay=False, exists=True),
              help="乡镇点位表，给出时重做 places.csv Table of township points; makes places.csv again.")  # fmt: skip
@click.option("--villages", type=click.Path(path_type=Path, dir_okay=False, exists=True),
              help="村所属乡镇表，随 --townships Table of villages by township, beside --townships.")  # fmt: skip
def refresh(plans_dir: Path, townships: Path | None, villages: Path | None) -> None:
    """重新提取、定位，写 geodata/。Extract and locate again: write the open data files.

    \b
    service-map refresh --plans texts/
    service-map refresh --plans texts/ --townships townships.csv --villages villages.csv
    """  # noqa: D301
    if villages is not None and townships is None:
        raise click.UsageError("--villages needs --townships")
    geodata = settings.load().geodata_dir
    listed = plans.load_plans(geodata)
    commitments = [item for plan in listed.values() for item in _extract_listed(plan, plans_dir)]
    if townships is not None:
        needed = places.gather_places(commitments, listed, townships, villages=villages, geodata=geodata)
        places.write_places(geodata / "places.csv", needed)
    facilities = places.locate(commitments, listed, places.load_gazetteer(geodata))
    plans.write_commitments(geodata / "commitments.jsonl", commitments)
    places.write_facilities(geodata / "facilities.geojson", facilities)
    click.echo(f"{len(commitments)} 项任务 commitments, {len(facilities)} 处设施 facilities → {geodata}")


def _extract_listed(plan: plans.Plan, plans_dir: Path) -> list[plans.Commitment]:
    path = plans_dir / plan.file
    text = plans.read_text(path)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != plan.sha256:
        raise PlanFileError(
            f"{path} 与 plans.toml 登记的不是同一文本：{plan.id}.sha256 应为 {plan.sha256}，实为 {found}",
            f"{path} is not the text listed in plans.toml: {plan.id}.sha256 is {plan.sha256}, the file's {found}",
        )
    return plans.extract(text, plan=plan.id)


@main.command()
@click.option("--plans", "plans_dir", type=click.Path(path_type=Path, file_okay=False, exists=True),
              help="规划文本目录，给出时存入原文 Folder with the plan texts; stores the cited passages.")  # fmt: skip
@click.option("--force", is_flag=True, help="即使数据未变也重建 Build even when the data has not changed.")
def build(plans_dir: Path | None, *, force: bool) -> None:
    """由 geodata/ 建数据库：先建好、验过，再换上。Build the database from the open data.

    \b
    service-map build
    service-map build --plans texts/
    """  # noqa: D301
    config = settings.load()
    source = plans_dir or config.plans_dir
    if not force and store.is_current(config.database_url, config.geodata_dir, source):
        click.echo("数据库已是最新 the database is up to date", err=True)
        return
    report = store.build(config.database_url, geodata=config.geodata_dir, plans_dir=source,
                         progress=lambda step: click.echo(f"  {step}", err=True))  # fmt: skip
    rows, missing = report.rows, "、".join(report.missing_texts)
    click.echo(f"{rows['facilities']} 处设施 facilities, {rows['commitments']} 项任务 commitments, "
               f"{report.passages} 段原文 passages, {report.seconds:.1f} s", err=True)  # fmt: skip
    if missing:
        click.echo(f"原文缺或与登记不符，未存 texts missing or not the listed ones, left out: {missing}", err=True)


@main.command()
def serve() -> None:
    """启动网站与接口（HOST、PORT、THREADS 取自环境）。Serve the site and its API with gunicorn.

    \b
    PORT=9000 service-map serve
    """  # noqa: D301
    config = settings.load()
    store.open_readonly(config.database_url).dispose()  # a missing or damaged database is said here, before listening
    _refuse_taken_port(config.host, config.port)
    host = f"[{config.host}]" if ":" in config.host else config.host
    click.echo(f"Service map: http://{host}:{config.port}", err=True)
    _Server(config, bind=f"{host}:{config.port}").run()


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """Gunicorn with one worker process and the settings' threads, on one reading of the environment."""

    def __init__(self, config: settings.Settings, *, bind: str) -> None:
        self._settings, self._bind = config, bind
        super().__init__()

    def load_config(self) -> None:
        for key, value in {"bind": self._bind, "worker_class": "gthread", "threads": self._settings.threads,
                           "loglevel": "warning"}.items():  # fmt: skip
            self.cfg.set(key, value)

    def load(self) -> Flask:
        return web.create_app(self._settings)


def _refuse_taken_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SettingsError(
                f"无法监听 HOST={host} PORT={port}：{error.strerror}；可换一个 PORT",
                f"cannot listen on HOST={host} PORT={port}: {error.strerror}; choose another PORT",
            ) from error


def _write(output: Path | None, lines: Iterable[str]) -> None:
    if output is None:
        sys.stdout.writelines(lines)
        return
    part = output.with_name(output.name + ".part")
    try:
        part.write_text("".join(lines), encoding="utf-8")
        part.replace(output)  # a reader sees the old file or the new one, whole
    except OSError as error:
        part.unlink(missing_ok=True)
        raise SettingsError(
            f"-o：无法写入 {output}：{error.strerror}", f"-o: cannot write {output}: {error.strerror}"
        ) from error


def _complain(error: ServiceMapError) -> None:
    click.echo(f"service-map: {' '.join(str(error).split())}", err=True)
