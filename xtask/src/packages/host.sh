#!/bin/bash
# A Debian host of its own, whose writes are kept in memory, for the proof of the packages.
#
#   unshare --mount --pid --net --fork … host.sh TREE FOLDER PROOF
#
# TREE is what debootstrap made, FOLDER an empty folder to mount things on, PROOF a folder with the packages (`debs`,
# `previous`), the simulator, its people and proof.sh, which is run inside and says a line for each thing it proved.
set -euo pipefail
tree=$1 folder=$2 proof=$3

mount -t tmpfs -o mode=755 tmpfs "$folder"
mkdir "$folder"/{upper,work,root}
mount -t overlay overlay -o "lowerdir=$tree,upperdir=$folder/upper,workdir=$folder/work" "$folder/root"
cd "$folder/root"
mount -t proc proc proc
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero full random urandom tty; do
    touch "dev/$device"
    mount --bind "/dev/$device" "dev/$device"
done
mkdir -p dev/pts dev/shm run/sshd run/proof run/lock opt/proof
mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s fd/0 dev/stdin
ln -s fd/1 dev/stdout
ln -s fd/2 dev/stderr
mount --bind "$proof" opt/proof
mount -o remount,bind,ro opt/proof
ip link set lo up
exec chroot . /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb \
    LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive bash /opt/proof/proof.sh
