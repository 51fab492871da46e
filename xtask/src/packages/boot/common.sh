#!/bin/bash
# What both starts of a host with systemd ask it: sourced.
mkdir -p $state
readonly units=(musterd.service musterd.socket musterd-lookup.socket muster-publish.service muster-publish.socket
    muster-userdb.service muster-userdb.socket)

# Properties $3… of the unit $1 by the format $2.
shown() {
    local unit=$1 format=$2 property values=()
    shift 2
    for property in "$@"; do values+=("$(systemctl show --value --property="$property" "$unit")"); done
    # shellcheck disable=SC2059
    printf "$format" "${values[@]}"
}
main() { systemctl show --value --property=MainPID "$1.service"; }
owner_and_nice() { ps -o user=,ni= --pid "$(main "$1")" | tr --squeeze-repeats ' '; }
# Whether the service $1 runs, by another process than $2.
another() {
    local pid
    pid=$(main "$1")
    [ "$pid" != 0 ] && [ "$pid" != "$2" ]
}
# A file $2 of settings for the service $1.
drop_in() {
    local folder=/etc/systemd/system/$1.service.d name=$2
    shift 2
    mkdir -p "$folder"
    printf '%s\n' "$@" >"$folder/$name.conf"
    systemctl daemon-reload
}

# --- what a service can reach: a command in its place, as its user, without its capabilities ---
within() {
    local pid uid gid
    pid=$(main "$1")
    read -r uid gid < <(stat -c '%u %g' "/proc/$pid")
    shift
    nsenter --target "$pid" --mount --net setpriv --reuid "$uid" --regid "$gid" --clear-groups --bounding-set=-all "$@"
}
refused() { ! within "$@"; }
ip_links() { within "$1" ip -oneline link | cut -d: -f1,2; }
confined() {
    local status
    status=/proc/$(main "$1")/status
    grep -E '^(Cap|NoNewPrivs|Seccomp)' "$status"
    [ "$(grep -cE '^Cap(Inh|Prm|Eff|Bnd|Amb):\s0{16}$' "$status")" = 5 ] &&
        grep -qE '^NoNewPrivs:\s1$' "$status" && grep -qE '^Seccomp:\s2$' "$status"
}

# --- who stays the same ---
steady() {
    local unit
    for unit in "$@"; do echo "$unit $(main "$unit")"; done >$state/steady
}
unchanged() {
    local unit pid
    while read -r unit pid; do
        echo "$unit: $pid, now $(main "$unit")"
        [ "$(main "$unit")" = "$pid" ] || return 1
    done <$state/steady
}

# Whether the service $1 has given its watchdog signs of life for $2 seconds.
alive_for() {
    local last since
    last=$(systemctl show --value --property=WatchdogTimestampMonotonic "$1.service")
    since=$(systemctl show --value --property=ExecMainStartTimestampMonotonic "$1.service")
    ((last > since + $2 * 1000000))
}

# --- names, asked all the while ---
watch_names() {
    rm -f $state/{asked,misses,enough}
    while [ ! -e $state/enough ]; do
        getent passwd ada >/dev/null || echo passwd >>$state/misses
        getent group linux-users >/dev/null || echo group >>$state/misses
        echo >>$state/asked
    done &
    watcher=$!
}
no_miss() {
    touch $state/enough
    wait "$watcher"
    check "$1" not test -s $state/misses
    check "(they were asked for all the while)" test "$(wc -l <$state/asked)" -ge 10
}

# --- the journal ---
forbidden='denied|status=31|SIGSYS|not permitted|ordering cycle|Unknown (key|lvalue)|not supported'
nothing_forbidden() {
    local said
    said=$(journalctl --boot --no-pager | grep muster | grep -iE "$forbidden")
    echo "$said"
    [ -z "$said" ]
}
doctor() {
    muster doctor
    local code=$?
    [ $code -lt 5 ]
}
