#!/bin/bash
# Becomes systemd, process 1 of a host in namespaces of its own.
#
#   unshare --mount --pid --net --ipc --uts --fork … init.sh FOLDER PROOF GROUP SCRIPT
#
# FOLDER/root is its root, GROUP the control group that is its whole tree of them; PROOF/SCRIPT.sh is run when it is up.
set -euo pipefail
folder=$1 proof=$2 group=$3 script=$4
echo 0 >"$group/cgroup.procs"
cd "$folder/root"
# shellcheck source=../mounts.sh
source "$proof/mounts.sh"
devices "$proof"
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs sys
# The kernel is the machine's, and its settings are none of this host's.
for place in proc/sys proc/sysrq-trigger; do
    [ -e "$place" ] || continue
    mount --bind "$place" "$place"
    mount -o remount,bind,ro "$place"
done
touch run/said
mount --bind "$folder/said" run/said
cat >etc/systemd/system/proof.service <<UNIT
[Unit]
Description=the proof of the packages
Requires=multi-user.target
After=multi-user.target
SuccessAction=poweroff
FailureAction=poweroff
[Service]
Type=exec
Environment=HOME=/root TERM=dumb LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
ExecStart=/bin/bash -c 'bash /opt/proof/$script.sh; echo "the proof of the $script start has ended"'
StandardOutput=append:/run/said
StandardError=append:/run/said
UNIT
cat >run/become.sh <<'BECOME'
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 sys/fs/cgroup
pivot_root . mnt
# Shared, as systemd wants it of whoever starts it in a container: credentials come to a service by a mount.
exec chroot . sh -ec 'umount --lazy /mnt
    mount --make-rshared /
    exec env -i container=other PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        /sbin/init --unit=proof.service --log-target=journal'
BECOME
# What would reach out of the namespaces: modules, clock, devices, the log of the kernel.
exec setpriv --bounding-set=-sys_module,-sys_time,-sys_rawio,-syslog,-audit_read,-mac_admin,-mac_override \
    unshare --cgroup bash -e run/become.sh
