#!/usr/bin/env bash
# What `cmake --install` brings: every file in its place, a unit that systemd takes, pages that man
# can show, completions that the shells can read. What a machine has no tool for is left out.
#
# usage: tests/image/test_install.sh [BUILD]    build/release, or another without sanitizers
set -euo pipefail

root="$(cd "$(dirname "$0")/../.." && pwd)"
build="${1-$root/build/release}"
work="$(mktemp -d "${TMPDIR:-/tmp}/usher-install.XXXXXX")"
trap 'rm -rf "$work"' EXIT
export LC_ALL=C

say() { printf 'test_install: %s\n' "$*"; }
fail() {
    say "$*"
    exit 1
}
has() { command -v "$1" >/dev/null; }

[ -f "$build/build.ninja" ] || {
    say "left out: no $build; cmake --preset release makes it"
    exit 77
}

{
    cmake -S "$root" -B "$build" # scdoc may have come since
    ninja -C "$build" usher usher-sandbox usher_install_files
    DESTDIR="$work" cmake --install "$build"
} >"$work/log" 2>&1 || {
    tail -n 20 "$work/log"
    fail "it does not install; its last lines are above"
}
prefix="$work$(sed -n 's/^CMAKE_INSTALL_PREFIX:[A-Z]*=//p' "$build/CMakeCache.txt")"

expected="bin/usher bin/usher-sandbox lib/systemd/system/usher.service lib/sysusers.d/usher.conf
    share/bash-completion/completions/usher share/doc/usher/LICENSE
    share/doc/usher/examples/usher.yaml share/fish/vendor_completions.d/usher.fish
    share/zsh/site-functions/_usher"
if has scdoc; then
    for page in "$root"/deploy/man/*.scd; do
        name="$(basename "$page" .scd)"
        expected="$expected share/man/man${name##*.}/$name"
    done
else
    say "no scdoc: no man pages"
fi
found="$(cd "$prefix" && find . -type f | sort)"
wanted="$(for name in $expected; do echo "./$name"; done | sort)"
diff <(echo "$wanted") <(echo "$found") || fail "missing (<) or too many (>), above"
say "$(wc -l <<<"$found") files"

# ---- the program and its example ---------------------------------------------------------------

[[ "$("$prefix/bin/usher" version)" == usher\ * ]] || fail "usher version"
if grep -n "/usr/local/bin" "$prefix/lib/systemd/system/usher.service" >/dev/null &&
    [ "$prefix" != "$work/usr/local" ]; then
    fail "the unit names /usr/local/bin"
fi

# ---- systemd -----------------------------------------------------------------------------------

drain_s=$(sed -n 's/^drain: *\([0-9]*\)s.*/\1/p' "$root/config/usher.yaml")
stop_s=$(sed -n 's/^TimeoutStopSec=\([0-9]*\)s$/\1/p' "$prefix/lib/systemd/system/usher.service")
[ "$stop_s" = $((drain_s + 20)) ] || fail "TimeoutStopSec is $stop_s s, drain $drain_s s"
if has systemd-analyze; then
    unit="$work/usher.service"
    sed "s#^ExecStart=/[^ ]*#ExecStart=$prefix/bin/usher#; /^Documentation=/d" \
        "$prefix/lib/systemd/system/usher.service" >"$unit"
    said="$(systemd-analyze verify "$unit" 2>&1)" || fail "systemd-analyze verify: $said"
    [ -z "$said" ] || fail "systemd-analyze verify: $said"
    # From 0, tight, to 10; what a network service needs costs 1.4.
    systemd-analyze security --offline=yes --threshold=20 "$unit" >"$work/security" ||
        fail "$(tail -n 1 "$work/security")"
    say "$(tail -n 1 "$work/security")"
fi
if has systemd-sysusers; then
    mkdir -p "$work/host/etc"
    systemd-sysusers --root="$work/host" "$prefix/lib/sysusers.d/usher.conf" >"$work/log" 2>&1 ||
        fail "systemd-sysusers: $(cat "$work/log")"
    grep -q '^usher:' "$work/host/etc/passwd" || fail "systemd-sysusers makes no user usher"
fi

# ---- man and shells ----------------------------------------------------------------------------

if has man && has scdoc; then
    for page in "$prefix"/share/man/man?/*; do
        said="$(MANROFFSEQ='' MANWIDTH=80 man --warnings -l "$page" 2>&1 >"$work/page")" ||
            fail "man $page: $said"
        [ -z "$said" ] || fail "man $page: $said"
        grep -q NAME "$work/page" || fail "man $page shows nothing"
    done
fi
for script in bash:bash-completion/completions/usher zsh:zsh/site-functions/_usher \
    fish:fish/vendor_completions.d/usher.fish; do
    shell="${script%%:*}"
    ! has "$shell" || "$shell" -n "$prefix/share/${script#*:}" || fail "$script"
done
# shellcheck disable=SC2016
[ "$(bash -c 'source "$1"; complete -p usher' bash \
    "$prefix/share/bash-completion/completions/usher")" = "complete -F _usher usher" ] ||
    fail "bash does not complete usher"
say "passed"
