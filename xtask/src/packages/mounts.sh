# What a host of its own is made of: sourced by the scripts that start one, outside it.

# A writable view of the tree $1 at $2/root, whose writes are kept in memory.
overlay() {
    mount -t tmpfs -o mode=755 tmpfs "$2"
    mkdir "$2"/{upper,work,root}
    mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
}

# What a kernel gives, for the root that one stands in, and the folder $1 with the proof.
devices() {
    local device
    mount -t proc proc proc
    mount -t tmpfs -o mode=755 tmpfs run
    mount -t tmpfs -o mode=1777 tmpfs tmp
    mount -t tmpfs -o mode=755 tmpfs dev
    for device in null zero full random urandom tty; do
        touch "dev/$device"
        mount --bind "/dev/$device" "dev/$device"
    done
    mkdir -p dev/pts dev/shm run/proof run/lock opt/proof
    mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts dev/pts
    mount -t tmpfs -o mode=1777 tmpfs dev/shm
    ln -s pts/ptmx dev/ptmx
    ln -s /proc/self/fd dev/fd
    ln -s fd/0 dev/stdin
    ln -s fd/1 dev/stdout
    ln -s fd/2 dev/stderr
    mount --bind "$1" opt/proof
    mount -o remount,bind,ro opt/proof
    ip link set lo up
}
