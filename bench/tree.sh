#!/bin/bash
# The peers' own Debian, made once below target/, and a throw-away view of it in private namespaces.
#
#   tree.sh make TREE SUITE MIRROR SOURCES PACKAGES PEERS…     as root; PACKAGES is one word, PEERS one word a peer
#   unshare --mount --pid --net … tree.sh enter TREE FOLDER COMMAND…     FOLDER becomes /bench
#
# `make` installs each peer by itself; one that fails is named in the tree's /peers-missing, and the others
# are measured all the same. SOURCES holds nss_db.sh and glibc.h, for what Debian has no package of. `enter` changes nothing of the tree: what is written lands in memory.
set -euo pipefail
mode=$1 tree=$2
shift 2

make() {
    local suite=$1 mirror=$2 sources=$3 packages=$4 peer
    shift 4
    rm -rf "$tree.new"
    debootstrap --variant=minbase --include=ca-certificates "$suite" "$tree.new" "$mirror"
    # Proxies and the like, as the machine itself needs them.
    cp --recursive /etc/apt/apt.conf.d/. "$tree.new/etc/apt/apt.conf.d/" || true
    cp --dereference /etc/resolv.conf /etc/hosts "$tree.new/etc/" || true
    printf '#!/bin/sh\nexit 101\n' >"$tree.new/usr/sbin/policy-rc.d" # no service may start
    chmod 755 "$tree.new/usr/sbin/policy-rc.d"
    : >"$tree.new/peers-missing"
    mount -t proc proc "$tree.new/proc"
    mount --bind /dev/null "$tree.new/dev/null"
    local apt="apt-get install -qq -y --no-install-recommends"
    export DEBIAN_FRONTEND=noninteractive
    chroot "$tree.new" apt-get update -qq
    chroot "$tree.new" $apt $packages
    for peer in "$@"; do
        chroot "$tree.new" $apt $peer || echo "$peer" >>"$tree.new/peers-missing"
    done
    bash "$sources/nss_db.sh" "$tree.new" "$sources/glibc.h" || echo nss_db >>"$tree.new/peers-missing"
    chroot "$tree.new" useradd --system --no-create-home --shell /usr/sbin/nologin muster
    chroot "$tree.new" apt-get clean
    umount "$tree.new/dev/null" "$tree.new/proc"
    mv "$tree.new" "$tree"
}

enter() {
    local folder=$1 work=$tree.work device
    shift
    mkdir -p "$work"
    mount -t tmpfs -o mode=755 tmpfs "$work"
    mkdir "$work"/{upper,work,root}
    mount -t overlay overlay -o "lowerdir=$tree,upperdir=$work/upper,workdir=$work/work" "$work/root"
    cd "$work/root"
    mount -t proc proc proc
    mount -t tmpfs -o mode=755 tmpfs run
    mount -t tmpfs -o mode=1777 tmpfs tmp
    mount -t tmpfs -o mode=755 tmpfs dev
    for device in null zero full random urandom tty; do
        touch "dev/$device"
        mount --bind "/dev/$device" "dev/$device"
    done
    mkdir dev/shm bench
    ln -s /proc/self/fd dev/fd
    mount --bind "$folder" bench
    pivot_root . .
    umount --lazy .
    ip link set lo up
    exec env --ignore-environment PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 "$@"
}

"$mode" "$@"
