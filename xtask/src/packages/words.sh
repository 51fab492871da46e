#!/bin/bash
# What the proofs of the packages say and do alike, inside a host: sourced, with last_words() defined, which shows what is
# worth reading when a proof breaks off.
set -uo pipefail
cd /
state=/run/proof
readonly ada='analytical engine' larry=local-secret

check() {
    local what=$1
    shift
    if "$@" >$state/said 2>&1 </dev/null; then
        echo "ok $what"
    else
        echo "FAILED $what"
        sed 's/^/    /' $state/said
        return 1
    fi
}

# Without this the rest proves nothing.
must() {
    check "$@" && return
    last_words
    exit 1
}

# Succeeds if the command fails.
not() { ! "$@"; }
# Succeeds if the command succeeds and says this.
says() {
    local wanted=$1 said
    shift
    said=$("$@") || return
    echo "$said"
    [[ $said == *"$wanted"* ]]
}
is() {
    local wanted=$1 said
    shift
    said=$("$@") || return
    echo "$said"
    [[ $said == "$wanted" ]]
}
until_it() {
    local tries
    for ((tries = 0; tries < 600; tries++)); do
        if "$@" >/dev/null 2>&1; then return 0; fi
        sleep 0.05
    done
    echo "waited in vain for: $*"
    return 1
}
nobody() { setpriv --reuid nobody --regid nogroup --clear-groups "$@"; }
larry() { setpriv --reuid larry --regid larry --init-groups "$@"; }
pam() {
    local password=$1 service=$2 user=$3
    shift 3
    printf '%s\n' "$password" | pamtester "$service" "$user" "$@"
}
ssh_to() { ssh -F /dev/null -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o NumberOfPasswordPrompts=1 "$@"; }
ssh_password() { sshpass -p "$2" ssh -F /dev/null -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o NumberOfPasswordPrompts=1 -o PreferredAuthentications=password "$1@127.0.0.1" "$3"; }
# What apt says but for what it is wont to.
apt() { apt-get -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 "$@"; }

# Five lines of configuration, and the secret.
configure() {
    install -m 0640 -o root -g muster /dev/stdin /etc/muster/secrets/crowd <<<'application-secret'
    install -m 0644 $state/sim/ca.pem /etc/muster/ca.pem
    cat >/etc/muster/muster.toml <<TOML
version = 1

[[directory]]
name = "corp"
kind = "crowd"
url = "$(cat $state/sim/ready)"
application = "linux-hosts"
password_file = "/etc/muster/secrets/crowd"
ca_file = "/etc/muster/ca.pem"

[access]
allow = ["group:corp/linux-users"]
TOML
}
