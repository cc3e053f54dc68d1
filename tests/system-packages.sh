#!/usr/bin/env bash
# Install the programs that some tests drive: Chromium, GDAL, PostgreSQL with PostGIS. Where that cannot be done, say
# which tests are left out and why; those tests then skip with the same reason.
set -u
declare -A package=(
    [chromium]=chromium
    [ogrinfo]=gdal-bin
    [pg_ctl]=postgresql-postgis
    [qgis]=python3-qgis
    [nginx]=nginx-light
    [systemd-analyze]=systemd
)
declare -A tests=(
    [chromium]="tests marked browser"
    [ogrinfo]="tests marked gdal"
    [pg_ctl]="tests marked postgis"
    [qgis]="the test that opens the layers in QGIS"
    [nginx]="the test of the nginx site"
    [systemd-analyze]="the test of the systemd unit"
)
have() {
    case $1 in
        # A server alone is not enough: some machines come with one that has no PostGIS.
        pg_ctl) compgen -G '/usr/lib/postgresql/*/bin/pg_ctl' >/dev/null &&
            compgen -G '/usr/share/postgresql/*/extension/postgis.control' >/dev/null ;;
        chromium) command -v chromium >/dev/null || command -v google-chrome >/dev/null ||
            [ -d "/Applications/Google Chrome.app" ] ;;
        qgis) /usr/bin/python3 -c 'import qgis.core' 2>/dev/null ;;
        nginx) command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] ;;
        *) command -v "$1" >/dev/null ;;
    esac
}
wanted=()
for program in "${!package[@]}"; do have "$program" || wanted+=("${package[$program]}"); done
fonts=no
fc-list :lang=zh 2>/dev/null | grep -q . && fonts=yes
[ $fonts = yes ] || wanted+=(fonts-noto-cjk)
[ ${#wanted[@]} -eq 0 ] && exit 0
if ! command -v apt-get >/dev/null; then
    why="apt-get is not on this machine"
elif [ "$(id -u)" -ne 0 ]; then
    why="apt-get needs root; run: sudo apt-get install ${wanted[*]}"
else
    echo "installing from Debian: ${wanted[*]}"
    # Debian has no version-free name for PostGIS's server part.
    why=$({ apt-get update -qq && export DEBIAN_FRONTEND=noninteractive
        for name in "${wanted[@]}"; do
            [ "$name" = postgresql-postgis ] && name=$(apt-cache search --names-only '^postgresql-[0-9]+-postgis-3$' | sort -V | tail -n 1 | cut -d' ' -f1)
            apt-get install -y -qq --no-install-recommends "$name" >&2 || echo "apt-get could not install $name"
        done; } 2>/dev/null)
fi
for program in "${!package[@]}"; do
    have "$program" || echo "left out: ${tests[$program]}, because ${package[$program]} is missing: ${why:-its programs were not found}"
done
exit 0
