#!/bin/bash
# A Debian host of its own, whose writes are kept in memory, for the proof of the packages.
#
#   unshare --mount --pid --net --fork … host.sh TREE FOLDER PROOF
#
# TREE is what debootstrap made, FOLDER an empty folder to mount things on, PROOF a folder with the packages (`debs`,
# `previous`), the simulator, its people and proof.sh, which is run inside and says a line for each thing it proved.
set -euo pipefail
tree=$1 folder=$2 proof=$3

# shellcheck source=mounts.sh
source "$proof/mounts.sh"
overlay "$tree" "$folder"
cd "$folder/root"
devices "$proof"
mkdir run/sshd
exec chroot . /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb \
    LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive bash /opt/proof/proof.sh
