#!/bin/sh
# deps.sh - what Quoll needs from Debian.
#   deps.sh install                      install the missing packages of tools/packages
#   deps.sh source NAME VERSION SHA256   unpack a source package under build/deps/NAME; its .dsc
#                                        must have that SHA256 (the .dsc pins the rest)
#   deps.sh kernel NAME VERSION SHA256 PATTERN...  unpack files of the package linux-source-6.1
#                                        under build/deps/NAME; together they must have that SHA256.
#                                        If the installed version's have not, VERSION is fetched
#   deps.sh linux                        unpack Debian's newest kernel under build/deps/linux: what
#                                        linux-image-amd64 depends on today, since old ones vanish
# Sources may come from Debian's next release (trixie) too; their lists are private to
# build/deps/apt and leave the machine's configuration alone.
set -eu
cd "$(dirname "$0")/.."

fail() {
    echo "deps: $*" >&2
    exit 1
}

missing_packages() {
    for package in $(sed 's/#.*//' tools/packages); do
        status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || status=none
        [ "$status" = installed ] || echo "$package"
    done
}

install_packages() {
    missing=$(missing_packages | tr '\n' ' ')
    [ -n "$missing" ] || return 0
    options="install -y --no-install-recommends"
    if [ "$(id -u)" = 0 ]; then
        root=""
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        root="sudo -n"
    else
        echo "Some Debian packages are missing. Type this command, then try again:" >&2
        echo "  su -c 'apt-get update && apt-get $options $missing'" >&2
        exit 1
    fi
    echo "installing: $missing"
    $root apt-get -q update
    $root env DEBIAN_FRONTEND=noninteractive apt-get -q $options $missing
    [ -z "$(missing_packages)" ] || fail "still missing: $(missing_packages | tr '\n' ' ')"
}

# The address of the Debian archive that this machine already uses.
archive_address() {
    apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(CODENAME) $(COMPONENT)' 2>/dev/null |
        awk '$2 == "Debian" && $3 !~ /-security$/ && $4 == "main" { print $1; exit }'
}

# Writes the private source list; needs no network.
private_apt() {
    apt_dir=$PWD/build/deps/apt
    [ ! -f "$apt_dir/apt.conf" ] || return 0
    mkdir -p "$apt_dir/lists/partial" "$apt_dir/cache/archives/partial"
    address=$(archive_address)
    [ -n "$address" ] || fail "no Debian archive in this machine's apt configuration"
    key=/usr/share/keyrings/debian-archive-keyring.gpg
    cat >"$apt_dir/src.sources" <<END
Types: deb-src
URIs: $address
Suites: bookworm trixie
Components: main
Signed-By: $key
END
    cat >"$apt_dir/apt.conf" <<END
Dir::Etc::sourcelist "$apt_dir/src.sources";
Dir::Etc::sourceparts "-";
Dir::State "$apt_dir";
Dir::State::lists "$apt_dir/lists";
Dir::Cache "$apt_dir/cache";
Debug::NoLocking "true";
APT::Sandbox::User "";
END
}

# One at a time: make -j wants several, and apt's private lists are one.
alone() {
    mkdir -p build/deps
    exec 9>build/deps/.lock
    flock 9
}

# A network fails now and then.
try() {
    "$@" || { sleep 2 && "$@"; } || { sleep 10 && "$@"; }
}

fetch_source() {
    name=$1 version=$2 sha256=$3
    dir=$PWD/build/deps/$name
    alone
    [ ! -f "$dir/.done-$version" ] || return 0
    private_apt
    export APT_CONFIG="$apt_dir/apt.conf"
    ls "$apt_dir"/lists/*trixie*Sources* >/dev/null 2>&1 || try apt-get -q update
    rm -rf "$dir"
    mkdir -p "$dir"
    cd "$dir"
    try apt-get -q --download-only source "$name=$version" ||
        fail "source package $name $version: not to be had"
    echo "$sha256  $(ls ./*.dsc)" | sha256sum -c --quiet - ||
        fail "source package $name $version: the .dsc is not the one that was pinned"
    dpkg-source --no-check -x ./*.dsc source
    touch ".done-$version"
}

# Unpack the files of tarball $1 (stdin if -) that match the patterns, check them all.
unpack_kernel() {
    tarball=$1 sha256=$2
    shift 2
    rm -rf source
    tar -xJf "$tarball" --wildcards --no-wildcards-match-slash --transform 's,^[^/]*,source,' "$@" || return 1
    found=$(find source -type f | LC_ALL=C sort | xargs sha256sum | sha256sum)
    [ "${found%% *}" = "$sha256" ]
}

fetch_kernel() {
    name=$1 version=$2 sha256=$3
    shift 3
    dir=$PWD/build/deps/$name
    stamp=$dir/.done-$sha256
    alone
    [ ! -f "$stamp" ] || return 0
    rm -rf "$dir"
    mkdir -p "$dir"
    cd "$dir"
    package=linux-source-6.1
    [ ! -f "/usr/src/$package.tar.xz" ] ||
        ! unpack_kernel "/usr/src/$package.tar.xz" "$sha256" "$@" || { touch "$stamp" && return 0; }
    echo "deps: the installed $package is not the one that was tested; fetching $version"
    try apt-get -q download "$package=$version" || fail "$package $version: not to be had"
    dpkg-deb --fsys-tarfile "$package"_*.deb | tar -xO "./usr/src/$package.tar.xz" |
        unpack_kernel - "$sha256" "$@" ||
        fail "$package $version: its files for $name are not those that were pinned (${found%% *})"
    rm -f "$package"_*.deb
    touch "$stamp"
}

# Only for paired runs (tools/linux_pair.py). Once there it stays, until build/deps/linux is removed.
fetch_linux() {
    dir=$PWD/build/deps/linux
    alone
    [ ! -f "$dir/.done" ] || return 0
    package=$(apt-cache depends linux-image-amd64 2>/dev/null | awk '$1 == "Depends:" { print $2; exit }')
    [ -n "$package" ] || fail "linux-image-amd64: not in apt's lists; run apt-get update"
    rm -rf "$dir"
    mkdir -p "$dir"
    cd "$dir"
    try apt-get -q -o APT::Sandbox::User=root download "$package" || fail "$package: not to be had; run apt-get update"
    dpkg-deb -x "$package"_*.deb .
    dpkg-deb -W --showformat='${Package} ${Version}\n' "$package"_*.deb >.version
    rm -f "$package"_*.deb
    mv .version .done
}

case ${1:-} in
install) install_packages && private_apt ;;
source) [ $# = 4 ] || fail "usage: deps.sh source NAME VERSION SHA256"; fetch_source "$2" "$3" "$4" ;;
kernel) [ $# -ge 5 ] || fail "usage: deps.sh kernel NAME VERSION SHA256 PATTERN..."; shift; fetch_kernel "$@" ;;
linux) [ $# = 1 ] || fail "usage: deps.sh linux"; fetch_linux ;;
*) sed -n '2,12s/^# \{0,1\}//p' "$0"; exit 1 ;;
esac
