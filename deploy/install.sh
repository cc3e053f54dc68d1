#!/bin/sh
# 安装、升级、退回 install, upgrade, go back: ./install.sh [rollback] [--to DIR]; docs/operators.md says how.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$(readlink -f -- "$0")")" && pwd -P)
. "$here/about"
found=
for python in "python$PYTHON" python3; do
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
    [ "$version" = "$PYTHON" ] && exec "$python" "$here/install.py" "$@"
    found="$found $version"
done
echo "install: 本安装包需要 Python $PYTHON，本机有：${found:- 无}。请安装它，或换用文件名与本机相符的安装包" >&2
echo "install: this bundle needs Python $PYTHON, the machine has:${found:- none}. Install it, or take a bundle made for it" >&2
exit 2
