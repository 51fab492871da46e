#!/bin/bash
# Starts a Debian host of its own twice, with systemd as its process 1; its writes are kept in memory.
#
#   unshare --mount --propagation private host.sh TREE FOLDER PROOF
#
# The arguments are those of the other host.sh. Inside, first.sh is run after the first start and second.sh after the second.
set -euo pipefail
tree=$1 folder=$2 proof=$3
readonly longest=240 # seconds that one start may take with its proof

skip() {
    echo "SKIPPED systemd as process 1: $1"
    exit 0
}

# shellcheck source=../mounts.sh
source "$proof/mounts.sh"
overlay "$tree" "$folder"
groups=$folder/groups
mkdir "$groups"
# systemd keeps its services apart by control groups: a group below the machine's own, for which a controller is not needed.
mount -t cgroup2 cgroup2 "$groups" 2>"$folder/why" || skip "no cgroup2: $(cat "$folder/why")"
own=$groups/muster-boot-$$
mkdir "$own" 2>"$folder/why" || skip "no control group of our own: $(cat "$folder/why")"
trap 'find "$own" -depth -type d -exec rmdir {} +' EXIT

# What the proof $1 says, for as long as the host runs.
boot() {
    : >"$folder/said"
    timeout --signal=KILL $longest unshare --mount --pid --net --ipc --uts --fork --kill-child --propagation private \
        bash "$proof/init.sh" "$folder" "$proof" "$own" "$1" </dev/null >"$folder/init.log" 2>&1 &
    tail --lines=+1 --follow --sleep-interval=0.2 --pid=$! "$folder/said"
    wait $! || true # by a signal, as a process 1 that ends in a namespace
    [ -s "$folder/said" ] || return 0
    grep -qx "the proof of the $1 start has ended" "$folder/said" || echo "FAILED the $1 start came to the end of its proof"
}

boot first
[ -s "$folder/said" ] || skip "it did not come up here: $(tail -n 3 "$folder/init.log" | tr '\n' ' ')"
boot second
[ -s "$folder/said" ] || echo "FAILED the host starts again"
