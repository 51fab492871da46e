#!/bin/bash
# After the second start of the host, whose directory is gone: what first.sh left must be there before anybody needs it.
last_words() {
    systemctl status --no-pager --full 'muster*'
    journalctl --boot --no-pager --lines=60
}
# shellcheck source=../words.sh
source /opt/proof/words.sh
# shellcheck source=common.sh
source /opt/proof/common.sh

must "the host starts again, and nothing has failed" is running systemctl is-system-running --wait
for unit in musterd.socket musterd-lookup.socket muster-publish.socket musterd.service; do
    check "$unit is active after a start" is active systemctl is-active $unit
done
# When the unit $1 became active, in microseconds.
since() { systemctl show --value --property=ActiveEnterTimestampMonotonic "$1"; }
before() {
    echo "$1: $(since "$1"); $2: $(since "$2")"
    [ "$(since "$1")" -gt 0 ] && [ "$(since "$1")" -le "$(since "$2")" ]
}
check "the sockets are there before the target of names" before musterd-lookup.socket nss-user-lookup.target
check "and the broker is" before musterd.service nss-user-lookup.target
check "which a service of hers waited for" before nss-user-lookup.target adas.service
check "that ran" is 'active:success' shown adas.service '%s:%s\n' ActiveState Result
check "the broker waits for no network" not grep -q network-online <(systemctl list-dependencies --all --plain musterd.service)
check "systemd met no cycle in the order of units" not grep -q 'ordering cycle' <(journalctl --boot --no-pager)
check "names resolve though the directory is gone" nobody getent passwd ada
check "and whoever logged in before logs in" pam "$ada" login ada authenticate acct_mgmt
check "with a password that was not the right one nobody does" not pam wrong login ada authenticate

# --- remove and purge ---
must "apt removes" apt remove libnss-muster libpam-muster musterd muster
check "no unit of muster's is left that runs" is '' systemctl list-units --plain --no-legend 'muster*'
check "nor a process" not pgrep -u muster
check "nor a socket" not test -e /run/muster/root.sock
check "a local user logs in" pam "$larry" login larry authenticate acct_mgmt
must "apt purges" apt purge libnss-muster libpam-muster musterd # the package of all is gone already
check "no unit of muster's is known" not grep muster <(systemctl list-unit-files --no-legend)
check "nor enabled" is '' find /etc/systemd/system /var/lib/systemd -name 'muster*.s*' -not -name '*.d'
