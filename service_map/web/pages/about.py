"""What the data is and is not; Leaflet's own files; errors told to a person."""

from flask import Response, render_template, request, send_from_directory
from flask_babel import gettext as _

from service_map.store import export, queries
from service_map.web import addresses
from service_map.web.language import language
from service_map.web.pages import choices, frame
from service_map.web.pages.frame import blueprint
from service_map.web.problems import Problem
from service_map.web.site import site


@blueprint.get("/about")
def about() -> str:
    """Explain what the data is and is not, where it comes from, and how to read it."""
    frame.query((choices.BIG,))
    return render_template(
        "about.html",
        plans=queries.plans(frame.conn()),
        formats=[(chosen.suffix, chosen.name) for chosen in export.FORMATS.values()],
        whole=site().database.file is not None,
    )


@blueprint.get("/vendor/leaflet/<path:file>")
def vendor(file: str) -> Response:
    """Leaflet's own files from the package that brought them; nothing is fetched from another host."""
    return send_from_directory(addresses.VENDOR_DIR, file)


def error_page(problem: Problem) -> Response:
    """Tell a problem to a person: what happened, what is allowed, what to do next.

    Parameters
    ----------
    problem
        What went wrong.

    Returns
    -------
    Response
        With the problem's status and headers.
    """
    frame.release()
    html = render_template(
        "error.html",
        heading=problem.title(language()),
        words=problem.detail(language()),
        allowed=problem.allowed,
        advice=_advice(problem),
        status=problem.status,
    )
    response = Response(html, status=problem.status)
    response.headers.extend(dict(problem.headers))
    response.headers["Cache-Control"] = "no-store"
    return response


def _advice(problem: Problem) -> list[str]:
    match problem.kind:
        case "gone":
            return [_("这个标识不会再给别的设施用。按名称或地区，可以查到现在的设施。")]
        case "not-found":
            return [
                _("检查网址有没有抄错或被截断。"),
                _("这处设施可能已经并入另一处，或者新一版数据里没有了：按名称或地区再查一次。"),
            ]
        case "invalid-parameter" | "bad-request" | "address-too-long" | "unanswerable":
            mend = (
                _("在自己的文件里或表单上改好所说的那一处，回到上一页再上传。")
                if request.method == "POST"
                else _("网址里有一个值用不上，把它改掉或删掉再打开。")
            )
            return [mend, _("也可以回到首页重新选条件。")]
        case "too-large":
            return [_("把文件分成几份，或去掉用不到的列，再上传。"), _("更大的数据，请用命令行 service-map coverage。")]
        case "unavailable":
            return [
                _("过一会儿再打开；您什么也不用改。"),
                _("如果您是管理员：数据库缺失或损坏，请运行 service-map build 重建。"),
            ]
        case _:
            return [_("过一会儿再试一次。如果还是这样，请把网址告诉管理员。")]
