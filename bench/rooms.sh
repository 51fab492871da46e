#!/bin/bash
# A room for one peer: a private view of the tree in which names come from that peer and nowhere else.
#
#   unshare --mount --propagation private rooms.sh PEER USERS
#
# Says `ready PID FOLDER` once names come, and lives until its stdin ends; then it ends what it started, whose
# numbers stand in FOLDER/NAME.pid. /bench/data/USERS holds the people in every peer's format.
# The peers `complete` and `lazy` are muster at work, with a broker, a publisher and a simulated directory.
set -euo pipefail
read -r self _ </proc/self/stat
peer=$1 users=$2
data=/bench/data/$users
own=$(mktemp -d /tmp/room.XXXXXX)
daemons=()
chmod 755 "$own"

# A file or folder of the room's own in place of the tree's.
over() {
    if [ -d "$1" ]; then mkdir -p "$2"; else [ -e "$2" ] || touch "$2"; fi
    mount --bind "$1" "$2"
}

switch() {
    printf 'passwd: %s\ngroup: %s\nshadow: files\nhosts: files\n' "$1" "$1" >"$own/nsswitch.conf"
    over "$own/nsswitch.conf" /etc/nsswitch.conf
}

# A daemon that stays in the foreground, and with the room. It goes on seeing what is in place now: the
# daemon of a peer must not ask itself for its own user.
stay() {
    local pid=$own/${1##*/}.pid
    unshare --mount --propagation private nice -n "${niceness:-0}" sh -c 'echo $$ >"$0" && exec "$@"' "$pid" "$@" </dev/null >>"$own/log" 2>&1 &
    daemons+=($!)
    while [ ! -s "$pid" ]; do sleep 0.01; done
}

# Ten lines, and behind them the people.
local_files() {
    head -10 /etc/passwd >"$own/passwd"
    head -10 /etc/group >"$own/group"
    if [ "$1" = all ]; then
        cat "$data/passwd" >>"$own/passwd"
        cat "$data/group" >>"$own/group"
    fi
    over "$own/passwd" /etc/passwd
    over "$own/group" /etc/group
}

until_answered() {
    local tries
    for tries in $(seq 600); do
        if "$@" >/dev/null 2>&1; then return; fi
        sleep 0.1
    done
    echo "$peer does not answer: $*" >&2
    cat "$own/log" >&2
    exit 1
}

# A directory server with the same people; its database is made once for each number of them.
ldap() {
    local port=$1 database=$data/slapd conf
    conf() {
        printf '%s\n' 'include /etc/ldap/schema/core.schema' 'include /etc/ldap/schema/cosine.schema' \
            'include /etc/ldap/schema/nis.schema' 'modulepath /usr/lib/ldap' 'moduleload back_mdb' \
            "pidfile $own/slapd.pid" 'threads 4' 'sizelimit unlimited' 'loglevel 0' 'database mdb' \
            'suffix dc=bench,dc=example' "directory $1" 'maxsize 4294967296' 'dbnosync' \
            'index objectClass eq' 'index uid,uidNumber,gidNumber,cn,memberUid eq'
    }
    if [ ! -d "$database" ]; then
        mkdir "$database.new"
        conf "$database.new" >"$own/slapd.conf"
        slapadd -q -f "$own/slapd.conf" -l "$data/ldif" >&2
        mv "$database.new" "$database"
    fi
    cp -r "$database" "$own/slapd"
    conf "$own/slapd" >"$own/slapd.conf"
    stay slapd -f "$own/slapd.conf" -h "ldap://127.0.0.1:$port" -d 0
    until_answered bash -c "</dev/tcp/127.0.0.1/$port"
}

# What glibc's nss_db reads, made once: each line under `.name`, `=id` and its number, a user's groups under `:name`.
databases() {
    local new=$data/db.new
    if [ -d "$data/db" ]; then return; fi
    mkdir -p "$new"
    awk -F: '{ print "." $1, $0; print "=" $3, $0; print "0" NR - 1, $0 }' "$data/passwd" |
        makedb --quiet --output "$new/passwd.db" -
    awk -F: '{ print "." $1, $0; print "=" $3, $0; print "0" NR - 1, $0; count = split($4, members, ",")
               for (i = 1; i <= count; i++) groups[members[i]] = groups[members[i]] "," $3 }
         END { for (user in groups) print ":" user, user, substr(groups[user], 2) }' "$data/group" |
        makedb --quiet --output "$new/group.db" -
    mv "$new" "$data/db"
}

# Everybody who will be asked for once, so that the cache is warm.
warm() {
    local name rest
    while read -r name rest; do getent passwd "$name" "$rest" || true; done <"$data/asked" >/dev/null
    getent initgroups in20 in200 >/dev/null || true
}

# SSSD with these services, and with what the domain says more.
sssd_conf() {
    cat >/etc/sssd/sssd.conf <<END
[sssd]
services = $1
domains = bench
config_file_version = 2
[nss]
memcache_timeout = 36000
[domain/bench]
id_provider = ldap
access_provider = permit
ldap_uri = ldap://127.0.0.1:3891
ldap_search_base = dc=bench,dc=example
ldap_schema = rfc2307
enumerate = false
$2
END
    chmod 600 /etc/sssd/sssd.conf
}

sssd_up() {
    local folder
    ldap 3891
    for folder in /var/lib/sss /var/log/sssd /etc/sssd; do
        mkdir -p "$folder"
        mount -t tmpfs -o mode=755 tmpfs "$folder"
    done
    mkdir -p /var/lib/sss/{db,mc,pipes,pubconf,gpo_cache,secrets,keytabs}
    mkdir -m 700 /var/lib/sss/pipes/private
    mkdir /etc/sssd/conf.d
    sssd_conf "$@"
    stay sssd --interactive
    switch sss
    until_answered getent passwd in20
}

# Twenty of the people as local users, their passwords hashed by this method of crypt(5)'s.
local_passwords() {
    local name uid
    local_files ten
    head -10 /etc/shadow >"$own/shadow"
    while read -r name uid; do
        echo "$name:x:$uid:100::/:/bin/sh" >>"$own/passwd"
        echo "$name:$(mkpasswd --method="$1" "password-$name"):19000:0:99999:7:::" >>"$own/shadow"
    done < <(head -20 "$data/asked")
    over "$own/shadow" /etc/shadow
    switch files
}

# Muster as it is installed, for one simulated directory: KIND, made-up people, what the configuration says more.
broker() {
    local kind=$1 size=$2 secret=$3 more=$4 folder
    for folder in /run/muster /etc/muster/secrets /var/lib/muster/public /var/lib/muster/private; do
        mkdir -p "$folder"
        mount -t tmpfs -o mode=755 tmpfs "$folder"
    done
    chown muster:muster /var/lib/muster/private
    chmod 700 /var/lib/muster/private
    echo "$secret" >/etc/muster/secrets/service
    chown root:muster /etc/muster/secrets /etc/muster/secrets/service
    chmod 750 /etc/muster/secrets
    chmod 640 /etc/muster/secrets/service
    stay /bench/muster-sim "$kind" --generate "$size" --listen 127.0.0.1:0 --state-dir "$own/sim"
    until_answered test -s "$own/sim/ready"
    cp "$own/sim/ca.pem" /etc/muster/simulator.pem
    cat >/etc/muster/muster.toml <<END
version = 1
[[directory]]
name = "corp"
kind = "$kind"
url = "$(cat "$own/sim/ready")"
ca_file = "/etc/muster/simulator.pem"
$more
[access]
allow = ["everyone"]
END
    stay /bench/muster-publish
    until_answered test -S /run/muster/publish.sock
    niceness=-10 stay /bench/musterd # as its unit has it
    until_answered test -S /run/muster/lookup.sock
    switch muster
}

case $peer in
complete)
    # Some more than are asked for: who never logged in.
    broker crowd "$((users + 10))x30" muster-secret 'application = "muster"
password_file = "/etc/muster/secrets/service"'
    until_answered getent passwd user00000
    ;;
lazy)
    broker gafaelfawr "$users" gt-muster-service-key-000.muster-service-secret0 \
        'token_file = "/etc/muster/secrets/service"
lists = "never"'
    until_answered getent passwd user00000
    ;;
files10)
    local_files ten
    switch files
    ;;
files)
    local_files all
    switch files
    ;;
muster)
    over "$data/public" /var/lib/muster/public
    switch muster
    ;;
floor)
    over "$data/floor" /var/lib/floor
    switch floor
    ;;
nss_db)
    databases
    over "$data/db" /var/lib/misc # where Debian's glibc has it
    switch db
    ;;
extrausers)
    over "$data/extrausers" /var/lib/extrausers
    switch extrausers
    ;;
cache)
    for file in "$data"/cache/*; do over "$file" "/etc/${file##*/}"; done
    switch cache
    ;;
nscd)
    local_files all
    switch files
    mount -t tmpfs -o mode=755 tmpfs /var/cache/nscd
    mkdir -p /run/nscd
    mount -t tmpfs -o mode=755 tmpfs /run/nscd
    stay nscd --foreground
    until_answered test -S /run/nscd/socket
    warm
    ;;
nslcd)
    ldap 3890
    printf '%s\n' 'uid root' 'gid root' 'uri ldap://127.0.0.1:3890/' 'base dc=bench,dc=example' 'threads 5' >"$own/nslcd.conf"
    chmod 600 "$own/nslcd.conf"
    over "$own/nslcd.conf" /etc/nslcd.conf
    mkdir -p /run/nslcd
    mount -t tmpfs -o mode=755 tmpfs /run/nslcd
    stay nslcd --nofork
    switch ldap
    until_answered getent passwd in20
    ;;
sssd)
    sssd_up nss ""
    warm
    ;;
sssd-pam)
    sssd_up 'nss, pam' 'auth_provider = ldap
ldap_auth_disable_tls_never_use_in_production = true
cache_credentials = true'
    ;;
unix-sha512)
    local_passwords sha512crypt
    ;;
unix-yescrypt)
    local_passwords yescrypt
    ;;
*)
    echo "no such peer: $peer" >&2
    exit 2
    ;;
esac
echo "ready $self $own"
exec 2>/dev/null # daemons may be killed from outside, and have ended already
read -r _ || true
for daemon in "${daemons[@]}"; do kill "$daemon" || true; done
wait
