#!/bin/bash
# What no chroot can prove: musterd's units under a systemd that is process 1. Says a line for each thing, as proof.sh does.
# After the first start of a host that never had muster.
last_words() {
    systemctl status --no-pager --full 'muster*' directory
    journalctl --boot --no-pager --lines=60
}
# shellcheck source=../words.sh
source /opt/proof/words.sh
# shellcheck source=common.sh
source /opt/proof/common.sh

must "systemd is up, and nothing has failed" is running systemctl is-system-running --wait
useradd --create-home --shell /bin/bash larry
echo "larry:$larry" | chpasswd
pam-auth-update --enable mkhomedir
systemd-run --quiet --unit=directory /opt/proof/muster-sim crowd --data /opt/proof/crowd.json --state-dir $state/sim
must "the simulated directory is there" until_it test -s $state/sim/ready

# --- the packages, with a systemd that listens ---
began=$(date +%s%N)
must "apt installs the previous packages" apt install /opt/proof/previous/*.deb
installed=$(date +%s%N)
for unit in musterd.socket musterd-lookup.socket muster-publish.socket musterd.service; do
    check "$unit is active once it is installed" is active systemctl is-active $unit
done
configure
must "the broker restarts with its configuration" systemctl restart musterd.service
must "and is ready, as it said itself" is notify:running shown musterd.service '%s:%s\n' Type SubState
# Asked before the broker has published by its new configuration, nscd would keep for half a minute that she is nobody.
must "the broker knows her" until_it muster user ada
must "names resolve" until_it getent passwd ada
ended=$(date +%s%N)
echo "figure from apt install to the first resolved name: $(((ended - began) / 1000000)) ms, of which apt $(((installed - began) / 1000000)) ms"
check "the publisher was started by its socket" is active systemctl is-active muster-publish.service
check "and is ready, as it said itself" is notify:running shown muster-publish.service '%s:%s\n' Type SubState
check "the sockets are root's, but for the one of the lookups" is '600 root:root 666 root:root 660 root:muster ' \
    stat --printf '%a %U:%G ' /run/muster/{root,lookup,publish}.sock
check "systemd finds nothing wrong with the units" is '' systemd-analyze --man=no verify "${units[@]}"

# --- the sandbox ---
check "the broker runs as its own user, at nice -10" says 'muster -10' owner_and_nice musterd
for unit in musterd muster-publish; do
    check "$unit has no capability, none to be had, and a filter of system calls" confined $unit
    check "$unit writes nowhere in /etc and /usr" refused $unit touch /etc/muster/by-proof /usr/by-proof
    check "$unit sees no home" refused $unit ls /home/larry
done
check "the publisher has no network" is '1: lo' ip_links muster-publish
check "the publisher sees no secrets" refused muster-publish cat /etc/muster/secrets/crowd
check "the broker reads its secret" within musterd cat /etc/muster/secrets/crowd

# --- every system call that the filter refuses ends the process from here on, and the watchdog is impatient ---
for unit in musterd muster-publish; do drop_in $unit proof '[Service]' SystemCallErrorNumber= WatchdogSec=2s; done
drop_in muster-userdb proof '[Service]' SystemCallErrorNumber=
refusal() { systemd-run --quiet --collect --pipe --wait "$@" nice true 2>&1; }
filter=(-p 'SystemCallFilter=@system-service' -p 'SystemCallFilter=~@privileged @resources')
check "the filter refuses a call" says 'Operation not permitted' refusal "${filter[@]}" -p SystemCallErrorNumber=EPERM
check "and kills with the number taken away" not refusal "${filter[@]}"
must "both restart under a filter that kills" systemctl restart muster-publish.service musterd.service
must "and names resolve" until_it muster user ada
steady musterd muster-publish
check "a sync" muster sync
check "names of nobody" nobody getent passwd ada
check "ssh by password, at the host's own sshd" is ada ssh_password ada "$ada" 'id -un'
check "ssh with a wrong password is refused" not ssh_password ada wrong true
check "login, account and session" pam "$ada" login ada authenticate acct_mgmt open_session close_session
check "muster doctor finds no error" doctor
check "logind has a session of hers in her own slice" says user-20001.slice ssh_password ada "$ada" 'cat /proc/self/cgroup'
check "and her own systemd runs" says running ssh_password ada "$ada" 'systemctl --user is-system-running --wait'
check "a service runs as her" is ada systemd-run --quiet --collect --pipe --wait --uid=ada id -un
must "the userdb's socket is switched on" systemctl enable --now muster-userdb.socket
check "a login asks it" is ada ssh_password ada "$ada" 'id -un'
check "its service was started for that" is active systemctl is-active muster-userdb.service
for unit in musterd muster-publish; do check "$unit answers its watchdog" until_it alive_for $unit 5; done
check "nothing was killed, neither by the filter nor by the watchdog" unchanged

# --- the watchdog ---
for unit in musterd muster-publish; do
    old=$(main $unit)
    kill -STOP "$old"
    must "$unit that hangs is started anew" until_it another $unit "$old"
    must "by the watchdog, and is ready again" until_it is running shown $unit.service '%s\n' SubState
    check "which the journal says" says 'Watchdog timeout' journalctl --boot --unit=$unit.service --no-pager
done
crash() {
    local old tries
    for tries in {1..7}; do
        old=$(main "$1")
        kill -KILL "$old"
        until_it another "$1" "$old" || return
    done
}
for unit in musterd muster-publish; do
    check "$unit that ends badly, seven times in a row, comes back" crash $unit
    check "and its sockets stay" is $'active\nactive\nactive' systemctl is-active muster{d,d-lookup,-publish}.socket
done
check "names resolve afterwards" getent passwd ada
check "and logins" until_it pam "$ada" login ada authenticate acct_mgmt

# --- restart and upgrade, asked all the while ---
watch_names
old=$(main musterd)
must "a restart" systemctl restart musterd.service
pam "$ada" login ada authenticate acct_mgmt >$state/login.said 2>&1 &
login=$!
must "and another, while somebody logs in" systemctl restart musterd.service
check "who waits at the socket and is let in" wait $login
must "apt upgrades" apt install /opt/proof/debs/*.deb
check "the broker is another one after it" another musterd "$old"
must "and active" is active systemctl is-active musterd.service
until_it muster user ada
no_miss "there was no moment in which names did not resolve"
check "the publisher is active after the upgrade" is active systemctl is-active muster-publish.service
check "and the userdb, which was switched on" is active systemctl is-active muster-userdb.socket

# --- secrets by credentials ---
mkdir -p /etc/credstore.encrypted
seal() { systemd-creds encrypt --with-key=host --name="$1" - "/etc/credstore.encrypted/$1"; }
seal_secret() { printf application-secret | seal crowd; }
seal_host_key() { head -c 32 /dev/urandom | seal muster.host-key; }
check "a secret is sealed" seal_secret
check "the host key is sealed" seal_host_key
install -m 0644 -D /usr/share/doc/musterd/examples/credentials.conf /etc/systemd/system/musterd.service.d/credentials.conf
sed -i 's|^password_file = .*|password_file = "credential:crowd"|' /etc/muster/muster.toml
mv /etc/muster/secrets/crowd $state/
systemctl daemon-reload
must "the broker starts with both" systemctl restart musterd.service
check "and logs in at the directory with the secret" until_it muster sync
rm -f /var/lib/muster/private/host.key
must "and again" systemctl restart musterd.service
check "without a host key of its own" not test -e /var/lib/muster/private/host.key
check "a login" until_it pam "$ada" login ada authenticate acct_mgmt

# --- restarts without a pause, as of tools that change one file after the other ---
sleep 4
restarts() {
    local nth
    for nth in {1..8}; do systemctl restart "$1.service" || return; done
}
for unit in muster-publish musterd; do check "$unit is started eight times in a row" restarts $unit; done
check "the sockets stay" is $'active\nactive\nactive' systemctl is-active muster{d,d-lookup,-publish}.socket
check "and who logs in then is let in" until_it pam "$ada" login ada authenticate acct_mgmt

# --- stop, start ---
must "the broker stops" systemctl stop musterd.service
check "of itself, as it was asked to" is 'inactive:success' shown musterd.service '%s:%s\n' ActiveState Result
check "names resolve from the snapshot" nobody getent passwd ada
check "somebody who logs in starts it again, by its socket" pam "$ada" login ada authenticate acct_mgmt
check "it is active" is active systemctl is-active musterd.service

# --- a configuration that cannot be used ---
cp /etc/muster/muster.toml $state/
echo nonsense >>/etc/muster/muster.toml
check "a broker that cannot use its configuration does not start" not systemctl restart musterd.service
check "and says so with its status" is 78 shown musterd.service '%s\n' ExecMainStatus
check "nobody is let in meanwhile" not pam wrong login ada authenticate
check "local users are" pam "$larry" login larry authenticate acct_mgmt
check "names resolve from the snapshot all the same" nobody getent passwd ada
cp $state/muster.toml /etc/muster/
# Not within the four seconds for which systemd has had enough of it.
must "once it is mended, a restart is enough" until_it systemctl restart musterd.service
check "for the sockets, too" is $'active\nactive\nactive' systemctl is-active muster{d,d-lookup,-publish}.socket
check "and for logins" until_it pam "$ada" login ada authenticate acct_mgmt

# --- what the second start will show ---
cat >/etc/systemd/system/adas.service <<'UNIT'
[Unit]
After=nss-user-lookup.target
[Service]
Type=oneshot
User=ada
RemainAfterExit=yes
ExecStart=/usr/bin/id -un
[Install]
WantedBy=multi-user.target
UNIT
check "a service of hers is to be started with the host" systemctl enable --quiet adas.service
rm /etc/systemd/system/{musterd,muster-publish,muster-userdb}.service.d/proof.conf
check "nothing that systemd or the kernel forbade is in the journal" nothing_forbidden
check "nothing has failed" is '' systemctl list-units --failed --plain --no-legend
