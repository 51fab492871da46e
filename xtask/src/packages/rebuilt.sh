#!/bin/bash
# Compares rpms that were packed from what had been built with those that rpmbuild made of the .src.rpm.
#
#   rebuilt.sh FOLDER PACKED REBUILT [PACKED REBUILT …]
#
# FOLDER is empty, and for what is unpacked.
set -uo pipefail
folder=$1
shift

judge() {
    local what=$1 said
    shift
    if said=$("$@" 2>&1); then
        echo "ok $what"
    else
        echo "FAILED $what"
        echo "${said:0:4000}"
    fi
}
listed() { rpm -qp --qf '[%{FILEMODES:octal} %{FILEUSERNAME}:%{FILEGROUPNAME} %{FILEFLAGS:fflags} %{FILENAMES}\n]' "$1"; }
same_list() { diff <(listed "$1") <(listed "$2"); }
tags() { rpm -qp --qf '%{NAME} %{VERSION}-%{RELEASE} %{LICENSE}\n%{PREIN}%{POSTIN}%{PREUN}%{POSTUN}' --provides --requires "$1"; }
same_tags() { diff <(tags "$1") <(tags "$2"); }
unpack() {
    mkdir -p "$2"
    rpm2cpio "$1" | (cd "$2" && cpio --extract --make-directories --quiet)
    # Where debug symbols were split off, a section says what they are called; otherwise they are inside.
    find "$2" -type f -exec sh -c '
        for file; do
            if [ "$(head -c 4 "$file" | tail -c 3)" = ELF ]; then
                chmod u+w "$file"
                objcopy --strip-all --remove-section .gnu_debuglink --remove-section .comment "$file"
            fi
        done' sh {} +
}
same_bytes() {
    rm -rf "$folder"/{packed,rebuilt}
    unpack "$1" "$folder/packed" && unpack "$2" "$folder/rebuilt" && diff --recursive --brief "$folder"/{packed,rebuilt}
}
while [ $# -ge 2 ]; do
    name=$(rpm -qp --qf '%{NAME}' "$1")
    judge "$name: the rebuilt rpm has the same files, modes and owners" same_list "$1" "$2"
    judge "$name: it says the same, provides and requires the same" same_tags "$1" "$2"
    judge "$name: every file has the same bytes, but for debug symbols" same_bytes "$1" "$2"
    shift 2
done
