#!/bin/bash
# Installs the rpms with rpm, in the tree of a host that is not theirs (its rpm has Fedora's format, not its packages):
# files, modes, requirements and scripts are what can be proved there.
#
#   unshare --mount … rpm.sh TREE FOLDER PACKAGE…
set -uo pipefail
tree=$1 folder=$2
shift 2
mount -t tmpfs -o mode=755 tmpfs "$folder"
mkdir "$folder"/{upper,work,root}
mount -t overlay overlay -o "lowerdir=$tree,upperdir=$folder/upper,workdir=$folder/work" "$folder/root"
root=$folder/root said=$folder/said
mount --bind /dev "$root/dev"
mount -t proc proc "$root/proc"

check() {
    local what=$1
    shift
    if "$@" >"$said" 2>&1 </dev/null; then
        echo "ok $what"
    else
        echo "FAILED $what"
        sed 's/^/    /' "$said"
    fi
}
not() { ! "$@"; }
is() {
    local wanted=$1 got
    shift
    got=$("$@")
    echo "$got"
    [[ $got == "$wanted" ]]
}
of() { # the package of this name among those that were given
    local name=$1 package
    shift
    for package in "$@"; do [[ $(rpm -qp --qf '%{name}' "$package") == "$name" ]] && echo "$package"; done
}
lists() { grep -qx "$2" <(rpm -qpl "$1"); }
nss=$(of libnss-muster "$@") pam=$(of libpam-muster "$@") broker=$(of musterd "$@") meta=$(of muster "$@")
check "the NSS module is in lib64" lists "$nss" /usr/lib64/libnss_muster.so.2
check "the PAM module is in lib64/security" lists "$pam" /usr/lib64/security/pam_muster.so
check "the authselect profile is with it" lists "$pam" /etc/authselect/custom/muster/system-auth
check "units are where systemd looks" lists "$broker" /usr/lib/systemd/system/musterd.service
check "the SELinux policy's source is with the broker" lists "$broker" /usr/share/selinux/packages/muster/muster.te
check "no file is Debian's own" not grep -qE 'apparmor|pam-configs|x86_64-linux-gnu' <(rpm -qpl "$@")
check "the configuration is config(noreplace)" is '/etc/muster/muster.toml' rpm -qpc "$broker"
check "the NSS module is provided by its SONAME" grep -q 'libnss_muster.so.2' <(rpm -qp --provides "$nss")
check "the PAM module wants libpam" grep -q '^libpam.so.0' <(rpm -qp --requires "$pam")
glibc_up_to() { # whether packages want a glibc, and none after 2.$1
    local limit=$1 newest
    shift
    newest=$(rpm -qp --requires "$@" | grep -oE 'GLIBC_2\.[0-9]+' | cut -d. -f2 | sort -n | tail -n 1)
    echo "2.$newest"
    [[ -n $newest ]] && ((newest <= limit))
}
check "PAM module and programs want no glibc after EL 9's" glibc_up_to 34 "$pam" "$broker"
# 2.35 is _dl_find_object, by which the unwinder of bookworm's gcc, inside the NSS module, finds its tables.
check "the NSS module wants glibc no newer than 2.35" glibc_up_to 35 "$nss"
refused() { ! rpm --root "$root" --test -i "$nss" 2>"$said.why" && grep -F "libc.so.6(GLIBC_2.35)(64bit) is needed by" "$said.why"; }
check "rpm refuses a host without it, and says so" refused
for name in libnss-muster libpam-muster musterd; do
    check "the package of all wants $name" grep -q "^$name(.*= " <(rpm -qp --requires "$meta")
done
scripts() { rpm -qp --qf '%{PREIN}\n%{POSTIN}\n%{PREUN}\n%{POSTUN}\n' "$1" | grep -v '^(none)$'; }
for package in "$nss" "$pam" "$broker"; do
    check "the scripts of $(rpm -qp --qf '%{name}' "$package") are shell" bash -n <(scripts "$package")
done

cp "$root/etc/nsswitch.conf" "$folder/nsswitch.before"
check "rpm installs them, scripts and all" rpm --root "$root" --nodeps -i "$@"
check "rpm finds every file as it is listed" rpm --root "$root" --nodeps -V libnss-muster libpam-muster musterd muster
check "the user is there" chroot "$root" getent passwd muster
check "the secrets are for root and the broker" is '750 root:muster' chroot "$root" stat -c '%a %U:%G' /etc/muster/secrets
check "the store is the broker's alone" is '700 muster:muster' chroot "$root" stat -c '%a %U:%G' /var/lib/muster/private
check "nsswitch.conf has the word where no authselect owns it" is 2 grep -cE '^(passwd|group):.*files muster' "$root/etc/nsswitch.conf"
check "musterd runs" is "musterd $(rpm -qp --qf '%{version}' "$broker")" chroot "$root" /usr/sbin/musterd --version
echo '# mine' >>"$root/etc/muster/muster.toml"
check "rpm installs the same again" rpm --root "$root" --nodeps -U --replacepkgs "$@"
check "with the word once" is 2 grep -cE '^(passwd|group):.*files muster( |$)' "$root/etc/nsswitch.conf"
check "with the configuration as it was edited" grep -q '# mine' "$root/etc/muster/muster.toml"
check "rpm erases them" rpm --root "$root" --nodeps -e libnss-muster libpam-muster musterd muster muster-debuginfo
check "nsswitch.conf is as it was" cmp "$root/etc/nsswitch.conf" "$folder/nsswitch.before"
check "the edited configuration is kept" grep -q '# mine' "$root/etc/muster/muster.toml.rpmsave"
