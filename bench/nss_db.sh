#!/bin/bash
# glibc's own nss_db, which Debian does not package: built from Debian's source of glibc, by itself.
#
#   nss_db.sh TREE HEADER     as root, with /proc and /dev/null in the tree; HEADER is load/glibc.h
#
# Leaves the module among the tree's, and makedb in its /usr/sbin.
set -euo pipefail
tree=$1 header=$(realpath "$2")
mkdir -p "$tree/var/tmp/glibc"
sed -n 's/^deb /deb-src /p' "$tree/etc/apt/sources.list" >"$tree/etc/apt/sources.list.d/source.list"
chroot "$tree" apt-get update -qq
chroot "$tree" sh -c 'cd /var/tmp/glibc && apt-get source -qq --download-only glibc'
cd "$tree/var/tmp/glibc"
tar --extract --xz --strip-components=1 --file glibc_*.orig.tar.xz --wildcards '*/nss/*' '*/intl/hash-string.*'
# The headers of glibc's build; what is needed of them is in HEADER.
mkdir -p empty
for name in libc-lock.h nsswitch.h nss_files.h not-cancel.h libc-diag.h programs/xmalloc.h intl/hash-string.h; do
    mkdir -p "empty/$(dirname "$name")"
    : >"empty/$name"
done
cp intl/hash-string.h empty/intl/hash-string.h
cp intl/hash-string.h empty/hash-string.h
printf '#define VERSION "of glibc"\n' >version.h
compile=(cc -O2 -w -fPIC -include "$header" -Iempty -Inss/nss_db -Inss)
for file in pwd grp; do
    "${compile[@]}" -DGENERIC='"nss_db/db-XXX.c"' -c "nss/nss_files/files-$file.c" -o "$file.o"
done
"${compile[@]}" -c nss/nss_db/db-open.c -o open.o
"${compile[@]}" -c nss/nss_db/db-initgroups.c -o initgroups.o
"${compile[@]}" -c intl/hash-string.c -o hash.o
libraries=$(dirname "$(find "$tree/usr/lib" -name libc.so.6 | head -1)")
cc -shared -o "$libraries/libnss_db.so.2" pwd.o grp.o open.o initgroups.o hash.o -lpthread
"${compile[@]}" -Dxmalloc=malloc -Dxcalloc=calloc -DPACKAGE='"makedb"' -DPKGVERSION='""' -DREPORT_BUGS_TO='""' \
    -DLOCALEDIR='"/"' '-DN_(x)=x' '-D_(x)=x' -D_libc_intl_domainname='"libc"' -DDIAG_PUSH_NEEDS_COMMENT= \
    -DDIAG_POP_NEEDS_COMMENT= '-DDIAG_IGNORE_Os_NEEDS_COMMENT(version,option)=' \
    '-DDIAG_IGNORE_NEEDS_COMMENT(version,option)=' nss/makedb.c hash.o -o "$tree/usr/sbin/makedb"
rm -rf "$tree/var/tmp/glibc"
