#!/bin/bash
# Installs muster's packages with apt on a host that never had them, uses them, upgrades, removes, reinstalls and purges
# them. Says `ok WHAT`, `FAILED WHAT` (and what was said) or `figure WHAT` for each thing.
last_words() { tail -n 20 $state/*.log $state/systemctl; }
# shellcheck source=words.sh
source /opt/proof/words.sh

# Every file with its mode, owner and size, but for what other programs note; and what /etc says.
files() {
    find / -xdev \( -path /proc -o -path /run -o -path /tmp -o -path /dev -o -path /sys -o -path /opt/proof \
        -o -path /var/lib/dpkg -o -path /var/lib/apt -o -path /var/cache -o -path /var/log -o -path /root \
        -o -path /home -o -path /var/spool/cron -o -path /var/lib/pam \) -prune \
        -o -printf '%y %m %u:%g %p %l\n' | sort
}
contents() { find /etc -type f -print0 | sort -z | xargs -0 sha256sum; }
debconf_free() { not grep -E '^Owners:.*muster' /var/cache/debconf/config.dat; }

# There is no systemd here. What maintainer scripts tell it is written down, and muster's part of it done by hand.
pretend_systemd() {
    mkdir -p /run/systemd/system
    cat >$state/systemctl.sh <<'SYSTEMCTL'
#!/bin/bash
echo "$*" >>/run/proof/systemctl
stop() {
    local pid
    pid=$(cat "/run/proof/$1.pid" 2>/dev/null) || return 0
    kill "$pid" 2>/dev/null || return 0
    while kill -0 "$pid" 2>/dev/null; do sleep 0.02; done
}
start() {
    setsid "$1" </dev/null >>"/run/proof/$1.log" 2>&1 &
    echo $! >"/run/proof/$1.pid"
}
case " $* " in
*" preset "* | *" enable "* | *" disable "*) SYSTEMD_OFFLINE=1 exec /run/proof/systemctl.real "$@" ;;
*" is-enabled "*) echo enabled ;;
*" is-active "*) ;;
*" restart "*musterd.service*) stop musterd && start musterd ;;
*" start "*musterd.service*) start musterd ;;
*" start "*muster-publish.socket*) start muster-publish ;;
*"restart "*muster-publish.service*) stop muster-publish && start muster-publish ;;
*" stop "*musterd.service*) stop musterd ;;
*" stop "*muster-publish.socket*) stop muster-publish ;;
esac
exit 0
SYSTEMCTL
    chmod 755 $state/systemctl.sh
    cp /usr/bin/systemctl $state/systemctl.real
    mount --bind $state/systemctl.sh /usr/bin/systemctl # apt has a PATH of its own
}

# --- the host as it is before ---
useradd --create-home --shell /bin/bash larry
echo "larry:$larry" | chpasswd
useradd --uid 20500 --no-create-home lena
cp /etc/nsswitch.conf $state/nsswitch.before
pam-auth-update --enable mkhomedir
ssh-keygen -A >/dev/null
mkdir -p /home
setsid /opt/proof/muster-sim crowd --data /opt/proof/crowd.json --state-dir $state/sim </dev/null >$state/sim.log 2>&1 &
pretend_systemd
if command -v nscd >/dev/null; then
    mkdir -p /run/nscd
    nscd
    nobody getent passwd ada >/dev/null
fi
files >$state/files.before
contents >$state/contents.before
must "the simulated directory is there" until_it test -s $state/sim/ready

# --- the previous packages, as a host has them ---
began=$(date +%s%N)
must "apt installs the previous packages" apt install /opt/proof/previous/*.deb
installed=$(date +%s%N)
# In spite of nscd, which systemd-sysusers asked for a user that was not there yet.
must "the secrets are the broker's to read" is '750 root:muster' stat -c '%a %U:%G' /etc/muster/secrets
must "the store is the broker's to write" is '700 muster:muster' stat -c '%a %U:%G' /var/lib/muster/private
configure
systemctl restart musterd.service
must "the broker knows a name" until_it muster user ada # asked before, nscd would keep "no such user"
must "the first name resolves" getent passwd ada
ended=$(date +%s%N)
echo "figure from apt install to the first resolved name: $(((ended - began) / 1000000)) ms, of which apt $(((installed - began) / 1000000)) ms"
check "a \"no such user\" that nscd kept is forgotten" nobody getent passwd ada
if command -v nscd >/dev/null; then nscd --shutdown; fi
su - ada -c 'echo "* * * * * id -un >/tmp/by-cron" | crontab -'
cron # works once a minute; looked at below
check "nothing was asked by debconf" debconf_free

# --- upgrade ---
(
    while [ ! -e $state/upgraded ]; do
        getent passwd ada >/dev/null || echo passwd >>$state/misses
        getent group linux-users >/dev/null || echo group >>$state/misses
        echo >>$state/asked
    done
) &
watcher=$!
old=$(cat $state/musterd.pid)
: >$state/systemctl
must "apt upgrades" apt install /opt/proof/debs/*.deb
until_it muster status >/dev/null
touch $state/upgraded
wait $watcher
check "the upgrade told systemd to restart the broker" grep -q 'restart .*musterd.service' $state/systemctl
check "and not to restart the sockets, at which somebody may wait" not grep -qE '(restart|stop) .*musterd?(-lookup)?\.socket' $state/systemctl
check "the broker is another one after it" not test "$old" = "$(cat $state/musterd.pid)"
check "there was no moment in which names did not resolve" not test -s $state/misses
check "(they were asked for all the while)" test "$(wc -l <$state/asked)" -ge 10
check "the configuration is the administrator's" grep -q linux-hosts /etc/muster/muster.toml
check "the version is the new one" is "$(dpkg-query -W -f '${Version}' musterd)" cat /opt/proof/version

# --- names ---
check "nsswitch.conf has the word right after files" grep -qE '^passwd:[[:space:]]+files muster( |$)' /etc/nsswitch.conf
check "and so for groups" grep -qE '^group:[[:space:]]+files muster( |$)' /etc/nsswitch.conf
check "getent passwd by name" says 'ada:*:20001:' getent passwd ada
check "getent passwd by id" says 'ada:' getent passwd 20001
check "getent group by name" says ':21001:' getent group engineers
check "getent group by id" says 'engineers:' getent group 21001
check "a local user has the local id" not says '20500:20500:Lena' getent passwd twin
check "whoever is unknown is unknown" not getent passwd nobody-of-that-name
check "id shows the groups" says 'engineers' id ada
check "initgroups as a user without any right" says 'linux-users' nobody id -Gn ada
install -o ada -g engineers -m 600 /dev/null /tmp/adas
check "ls -l as nobody shows names" says 'ada engineers' nobody ls -l /tmp/adas
check "muster user, as nobody" says 20001 nobody muster user ada

# --- PAM ---
for stack in login sshd su sudo cron passwd common-auth; do
    [ -e /etc/pam.d/$stack ] || continue
    case $stack in
    cron)
        check "pamtester $stack: account and session" pam '' $stack ada acct_mgmt open_session close_session
        check "pamtester $stack: whoever is in no group that is allowed is refused" not pam '' $stack charles acct_mgmt
        ;;
    passwd)
        check "pamtester $stack: a local user's password is the stack's own matter" pam "$larry" $stack larry acct_mgmt
        ;;
    common-auth)
        check "pamtester $stack: the right password" pam "$ada" $stack ada authenticate
        ;;
    su) # pam_rootok: root is asked nothing
        check "pamtester $stack: account and session" pam '' $stack ada acct_mgmt open_session close_session
        ;;
    *)
        check "pamtester $stack: the right password, account and session" pam "$ada" $stack ada authenticate acct_mgmt open_session close_session
        check "pamtester $stack: a wrong password is refused" not pam wrong $stack ada authenticate
        check "pamtester $stack: whoever is not allowed is refused" not pam 'difference engine' $stack charles authenticate acct_mgmt
        check "pamtester $stack: a local user" pam "$larry" $stack larry authenticate acct_mgmt
        ;;
    esac
done
su_as_larry() { printf '%s\n' "$ada" | larry su - ada -c 'id -un'; }
check "su, from a local user with the other's password" says ada su_as_larry
check "su, from root" is ada su - ada -c 'id -un'
check "the home was made at the first login" test -d /home/ada
echo '%linux-users ALL=(ALL) ALL' >/etc/sudoers.d/proof
chmod 440 /etc/sudoers.d/proof
sudo_as_ada() { printf '%s\n' "$ada" | su - ada -c "sudo -S -p '' id -un"; }
sudo_wrong() { printf 'wrong\n' | su - ada -c "sudo -S -p '' id -un"; }
check "sudo, by a rule for a group of muster's" is root sudo_as_ada
check "sudo with a wrong password is refused" not sudo_wrong
printf 'Port 22\nListenAddress 127.0.0.1\nUsePAM yes\nPasswordAuthentication yes\nKbdInteractiveAuthentication yes\n' >$state/sshd_config
setsid /usr/sbin/sshd -D -e -f $state/sshd_config </dev/null >$state/sshd.log 2>&1 &
sshd=$!
until_it grep -q listening $state/sshd.log
check "ssh by password" is ada ssh_password ada "$ada" 'id -un'
check "ssh with a wrong password is refused" not ssh_password ada wrong true
check "ssh by a local user's password" is larry ssh_password larry "$larry" 'id -un'
ssh-keygen -q -t ed25519 -N '' -f $state/key
install -d -o ada -g engineers -m 700 /home/ada/.ssh
install -o ada -g engineers -m 600 $state/key.pub /home/ada/.ssh/authorized_keys
check "ssh by key" is ada ssh_to -i $state/key -o PreferredAuthentications=publickey ada@127.0.0.1 'id -un'
passwd_of_ada() {
    local said
    said=$(printf '%s\nnew\nnew\n' "$ada" | su - ada -c passwd 2>&1) && return 1
    echo "$said"
    [[ $said == *'your directory'* ]]
}
check "passwd of a muster user is refused with a sentence that says where to go" passwd_of_ada
passwd_of_larry() { printf '%s\nAnother-secret-7\nAnother-secret-7\n' "$larry" | larry passwd; }
check "passwd of a local user works as ever" passwd_of_larry
check "and the new one logs in" pam Another-secret-7 login larry authenticate
until_it test -s /tmp/by-cron # cron works once a minute
until_it test -s /tmp/by-cron
until_it test -s /tmp/by-cron
check "a cron job of a muster user runs as them" grep -q ada /tmp/by-cron

# --- what the packages brought ---
for page in 1/muster 5/muster.toml 8/musterd 8/muster-publish 8/muster-userdb 8/pam_muster 8/nss_muster; do
    check "man page $page" test -s "/usr/share/man/man${page%/*}/${page#*/}.${page%/*}.gz" -o ! -e /usr/share/man/man1/ls.1.gz
done
check "units are enabled" says musterd.socket ls /etc/systemd/system/sockets.target.wants
check "the broker runs as its own user" is muster stat -c %U /proc/"$(cat $state/musterd.pid)"
check "the private folder is private" is '700 muster' stat -c '%a %U' /var/lib/muster/private
check "the secrets are for root and the broker" is '750 root:muster' stat -c '%a %U:%G' /etc/muster/secrets

# --- what an administrator edits stays ---
sed -i -E 's/^(group:.*) muster/\1/; s/^hosts:.*/hosts: files dns # mine/' /etc/nsswitch.conf
cp /etc/nsswitch.conf $state/nsswitch.edited
check "installing the same again" apt install --reinstall /opt/proof/debs/libnss-muster_*.deb
check "leaves what was edited in nsswitch.conf" cmp /etc/nsswitch.conf $state/nsswitch.edited
kill "$sshd"
pkill -x cron

# --- remove, come back, purge ---
su - ada -c 'crontab -r'
must "apt removes" apt remove libnss-muster libpam-muster musterd muster
check "no stack names a module that is gone" not grep -rqs muster /etc/pam.d
check "nsswitch.conf names no module that is gone" not grep -q muster /etc/nsswitch.conf
check "and keeps the other edits" grep -q '# mine' /etc/nsswitch.conf
check "names are gone" not getent passwd ada
check "local users log in as before" pam Another-secret-7 login larry authenticate acct_mgmt
check "the configuration is kept" grep -q linux-hosts /etc/muster/muster.toml
must "apt installs it again" apt install /opt/proof/debs/*.deb
systemctl restart musterd.service
check "with the word in nsswitch.conf for both" is 2 grep -cE '^(passwd|group):.*files muster' /etc/nsswitch.conf
check "with the stacks" grep -q pam_muster /etc/pam.d/common-auth
check "and with names, by the configuration that was kept" until_it getent passwd ada
check "and logins" until_it pam "$ada" login ada authenticate acct_mgmt
check "apt purges" apt purge libnss-muster libpam-muster musterd muster
cp $state/nsswitch.before $state/nsswitch.expected
sed -i -E 's/^hosts:.*/hosts: files dns # mine/' $state/nsswitch.expected
check "nsswitch.conf is as it was, but for the administrator's own edits" cmp /etc/nsswitch.conf $state/nsswitch.expected
cp $state/nsswitch.before /etc/nsswitch.conf
rm -f /etc/sudoers.d/proof
files >$state/files.after
contents >$state/contents.after
# The user stays, by Debian's policy; the password was changed; backups of passwd and its like.
own='/etc/(passwd|group|shadow|gshadow|subuid|subgid)-?( |$)'
same() {
    local different
    different=$(diff "$state/$1.before" "$state/$1.after" | grep '^[<>]' | grep -vE " $own")
    echo "$different"
    [ -z "$different" ]
}
check "every file of the host is there as before, and no other" same files
check "every file in /etc says what it said before" same contents
check "of muster's user only the user is left" is muster sh -c "grep -E '^muster:' /etc/passwd | cut -d: -f1"
