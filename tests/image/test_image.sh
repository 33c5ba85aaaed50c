#!/usr/bin/env bash
# Builds deploy/Dockerfile twice with buildah and compares the bytes; looks into the image; runs
# `usher version` and `usher demo --events 50` in it as its own user, with a read-only root.
#
# usage: tests/image/test_image.sh    as root, with the network of apt; 77: a tool is missing
# USHER_IMAGE_BASE=debian:trixie-slim takes that base instead of one made by debootstrap;
# USHER_IMAGE_KEEP=FOLDER leaves the image there, as an OCI layout.
set -euo pipefail

here="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$here/../.." && pwd)"
work=""

say() { printf 'test_image: %s\n' "$*"; }
skip() {
    say "left out: $*"
    exit 77
}
fail() {
    say "$*"
    exit 1
}

[ "$(id -u)" = 0 ] || skip "root is needed to make a base and to mount"
for tool in buildah unshare python3; do
    command -v "$tool" >/dev/null || skip "no $tool"
done
[ -n "${USHER_IMAGE_BASE-}" ] || command -v debootstrap >/dev/null || skip "no debootstrap"

work="$(mktemp -d "${TMPDIR:-/var/tmp}/usher-image.XXXXXX")"
clean_up() {
    [ -z "$work" ] || rm -rf "$work"
}
trap clean_up EXIT

# A store of its own, so that it can be thrown away; and no policy of the machine is asked.
export BUILDAH_ISOLATION=chroot
echo '{"default":[{"type":"insecureAcceptAnything"}]}' >"$work/policy.json"
store() {
    buildah --storage-driver vfs --root "$work/store" --runroot "$work/run" "$@"
}

# quietly NAME COMMAND...: its output is shown only where it fails
quietly() {
    local name=$1 start=$SECONDS
    shift
    if ! "$@" >"$work/$name.log" 2>&1 </dev/null; then
        tail -n 40 "$work/$name.log"
        fail "$name failed; its last lines are above"
    fi
    say "$name: $((SECONDS - start)) s"
}

# ---- the base ----------------------------------------------------------------------------------

mirror() {
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Codename: $1" | sed -n 1p
}

# Chained, for what `quietly` runs is not ended by its first error.
make_base() {
    local container folder from
    from="$(. /etc/os-release && mirror "$VERSION_CODENAME")"
    container="$(store from scratch)" && folder="$(store mount "$container")" || return
    # shellcheck disable=SC2086
    debootstrap --variant=minbase trixie "$folder" $from || return
    # A mirror that stands still is no reason to stop, if it is none here.
    apt-config dump | grep -E '^Acquire::Check-(Valid-Until|Date) ' \
        >"$folder/etc/apt/apt.conf.d/90as-outside" || true
    rm -rf "$folder"/var/cache/apt/archives/*.deb
    store umount "$container" &&
        store commit --signature-policy "$work/policy.json" --rm "$container" usher-base
}

# ---- twice -------------------------------------------------------------------------------------

git_says() { git -c "safe.directory=*" -C "$root" "$@" 2>/dev/null; }
epoch="$(git_says log -1 --format=%ct || echo 1000000000)"
revision="$(git_says rev-parse --short=12 HEAD || echo unknown)"
version="$(sed -n 's/^project(usher VERSION \([0-9.]*\).*/\1/p' "$root/CMakeLists.txt")"

build() {
    store bud --signature-policy "$work/policy.json" --isolation chroot --format oci \
        --timestamp "$epoch" --build-arg "BASE=$base" --build-arg "USHER_VERSION=$version" \
        --build-arg "USHER_REVISION=$revision" --build-arg "SOURCE_DATE_EPOCH=$epoch" \
        --build-arg "USHER_CREATED=$(date -u -d "@$epoch" +%Y-%m-%dT%H:%M:%SZ)" \
        -f "$root/deploy/Dockerfile" -t "usher-$1" "$root" &&
        store push --signature-policy "$work/policy.json" "usher-$1" "oci:$work/$1:usher"
}

base="${USHER_IMAGE_BASE-}"
if [ -z "$base" ]; then
    quietly base make_base
    base=localhost/usher-base
fi
quietly first build first
quietly second build second
diff -r "$work/first" "$work/second" || fail "two builds differ"
say "two builds gave the same bytes"

# ---- what is in it -----------------------------------------------------------------------------

container="$(store from --signature-policy "$work/policy.json" usher-second)"
folder="$(store mount "$container")"
python3 "$here/check_image.py" "$work/first" "$folder" "$version" "$revision"

# ---- run ---------------------------------------------------------------------------------------

said="$(store run --isolation chroot "$container" -- /usr/bin/usher version)"
say "buildah run: ${said//$'\n'/,}"

# inside COMMAND...: what a runtime does for a container with a read-only root
inside() {
    # shellcheck disable=SC2016
    unshare --mount --pid --fork --kill-child bash -euc '
        folder=$1
        shift
        mount --make-rprivate /
        mount --bind "$folder" "$folder"
        mount -t proc proc "$folder/proc"
        mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$folder/tmp"
        mount -t tmpfs -o mode=755 tmpfs "$folder/dev"
        for device in null zero urandom random; do
            : >"$folder/dev/$device"
            mount --bind "/dev/$device" "$folder/dev/$device"
        done
        mount -o remount,bind,ro "$folder"
        ! touch "$folder/written" 2>/dev/null || exit 98
        exec env -i PATH=/usr/bin /usr/sbin/chroot --userspec=65532:65532 --groups= "$folder" "$@"
    ' inside "$folder" "$@"
}

said="$(inside /usr/bin/usher version --json)"
[[ "$said" == *"\"usher\":\"$version\",\"revision\":\"$revision\""* ]] ||
    fail "usher version says $said"
inside /usr/bin/usher demo --events 50 >"$work/demo.txt" 2>"$work/demo.err" || {
    code=$?
    cat "$work/demo.err" "$work/demo.txt"
    fail "usher demo ended with $code"
}
grep -q 'every event was answered once' "$work/demo.txt" || fail "usher demo did not say so"
say "usher demo --events 50: $(tail -n 1 "$work/demo.txt")"

if [ -n "${USHER_IMAGE_KEEP-}" ]; then
    mkdir -p "$USHER_IMAGE_KEEP"
    cp -r "$work/first/." "$USHER_IMAGE_KEEP/"
fi
say "passed"
