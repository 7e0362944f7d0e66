#!/bin/sh
# The tests drive a real browser and look at real servers, which they start themselves. Installs
# what is missing where that is possible, otherwise says how.
set -eu
PATH="$PATH:/usr/sbin:/sbin" # where Debian keeps servers

present() {
    for command in "$@"; do
        command -v "$command" >/dev/null 2>&1 && return 0
    done
    return 1
}

missing=""
present chromium chromium-browser google-chrome || missing="$missing chromium fonts-dejavu-core"
present mariadbd || missing="$missing mariadb-server-core"
present my_print_defaults || missing="$missing mariadb-client-core"
present pgbouncer || missing="$missing pgbouncer"
present redis-server || missing="$missing redis-server"
present sshd || missing="$missing openssh-server"
present nginx || missing="$missing nginx-light"

[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "The tests need more of the system: sudo apt-get install$missing" >&2
    exit 1
fi
echo "Installing$missing …"
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then # no package may start a server of its own
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
apt-get update -qq
# shellcheck disable=SC2086 # one word for each package
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
