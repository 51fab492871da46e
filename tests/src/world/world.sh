#!/bin/bash
# A second, writable view of this machine's root in private namespaces. Nothing of it reaches the machine: the
# upper layer is a tmpfs in a private mount namespace and goes with its last process.
#
#   unshare --mount --pid --fork --propagation private world.sh base  FOLDER TARBALL PACKAGE...
#   unshare --mount --pid --net … world.sh enter FOLDER TARBALL PRODUCT PROGRAMS
#
# FOLDER is an empty folder to mount things on. `base` installs the packages and keeps the upper layer as a
# tarball; `enter` lays it and a copy of the folder PRODUCT over /, says `ready PID`, and lives until its stdin ends.
set -euo pipefail
mode=$1 folder=$2 tarball=$3
shift 3

layers() {
    mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" "$folder/root"
    cd "$folder/root"
    mount -t proc proc proc
    mount -t tmpfs -o mode=755 tmpfs run # 0755: else anybody could take /run/muster
    mount -t tmpfs -o mode=1777 tmpfs tmp
    mount -t tmpfs -o mode=755 tmpfs dev # its own: a socket at /dev/log must not appear on the machine
    local device
    for device in null zero full random urandom tty; do
        touch "dev/$device"
        mount --bind "/dev/$device" "dev/$device"
    done
    mkdir dev/pts dev/shm
    mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts dev/pts
    ln -s pts/ptmx dev/ptmx
    ln -s /proc/self/fd dev/fd
}

base() {
    layers
    # The machine's may lead into its /run, which is not here.
    local resolver
    resolver=$(cat /etc/resolv.conf)
    rm -f etc/resolv.conf
    echo "$resolver" >etc/resolv.conf
    # No service may start, and no question may be asked.
    printf '#!/bin/sh\nexit 101\n' >usr/sbin/policy-rc.d
    chmod 755 usr/sbin/policy-rc.d
    export DEBIAN_FRONTEND=noninteractive
    local apt="apt-get install -qq -y --no-install-recommends --no-upgrade"
    chroot . $apt "$@" >&2 || { chroot . apt-get update -qq >&2 && chroot . $apt "$@" >&2; }
    chroot . bash -e >&2 <<'INSIDE'
        useradd --create-home --shell /bin/bash larry
        useradd --uid 20500 --no-create-home --shell /bin/bash lena # an id that a directory gives to somebody, too
        printf 'larry:local-secret\nroot:root-secret\n' | chpasswd
        sed -i -E 's/^(passwd|group):.*/\1: files muster/; s/^(initgroups|shadow):.*//' /etc/nsswitch.conf
        echo 'shadow: files' >>/etc/nsswitch.conf
        ssh-keygen -A
        rm -rf /var/lib/apt/lists/* /var/cache/apt/*
INSIDE
    tar --create --xattrs --xattrs-include='trusted.overlay.*' --file "$tarball" -C "$folder/upper" \
        --exclude=./etc/resolv.conf --exclude=./var/lib/apt/lists --exclude=./var/cache/apt --exclude=./var/log .
}

enter() {
    local product=$1 programs=$2 pid
    read -r pid _ </proc/self/stat # the machine's /proc is still here, so this is its number for us
    tar --extract --xattrs --xattrs-include='*' --file "$tarball" -C "$folder/upper"
    cp --archive "$product/." "$folder/upper" # not a lower layer: none may lie inside another
    layers
    mkdir run/world run/sshd
    touch run/world/muster-sim
    mount --bind "$programs/muster-sim" run/world/muster-sim
    pivot_root . . # the machine's root lies over ours now
    umount --lazy .
    ip link set lo up
    echo "ready $pid"
    read -r _ || true # as process 1: bash reaps what loses its parent
}

if [ -n "$(findmnt --noheadings --target /usr --output TARGET | grep -v '^/$')$(findmnt --noheadings --target /var/lib/dpkg --output TARGET | grep -v '^/$')" ]; then
    echo "/usr or /var is a file system of its own here, which a world cannot lie over" >&2
    exit 1
fi
mount -t tmpfs -o mode=755 tmpfs "$folder"
mkdir "$folder"/{upper,work,root}
"$mode" "$@"
