#!/usr/bin/env bash
# Prints Chromium's path for tests/report; if it is missing, installs it from Debian's packages, which needs root.
set -euo pipefail

main() {
  local browser
  browser=$(found) || { install >&2 && browser=$(found); } || refuse "chromium is still missing after its installation"
  echo "$browser"
}

found() {
  command -v chromium || command -v chromium-browser || command -v google-chrome
}

install() {
  command -v apt-get >/dev/null || refuse "no chromium; install it by this system's package manager"
  [ "$(id -u)" = 0 ] || refuse "no chromium, and root is needed to install it: apt-get install chromium fonts-dejavu-core"
  local log
  log=$(mktemp)
  echo "installing chromium and fonts-dejavu-core"
  {
    apt-get update
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -y --no-install-recommends chromium fonts-dejavu-core
  } >"$log" 2>&1 || {
    tail -n 15 "$log" >&2
    refuse "apt-get could not install chromium; the end of $log is above"
  }
  rm -f "$log"
}

refuse() {
  echo "setup_browser.sh: $*" >&2
  exit 1
}

main "$@"
