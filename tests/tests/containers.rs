//! A container sees the host's people: the folder of the snapshot and the module mounted into a minimal root, as
//! docs/containers.md says. The container is a chroot here; what it lacks of one, a look-up does not touch.

use muster_tests::world::{Output, World};

const ROOT: &str = "/tmp/container";

/// getent, id and what they are linked to, a nsswitch.conf, and nothing else of this host.
const MAKE: &str = r#"
set -eu
root=$1
mkdir -p $root/usr/bin $root/usr/lib $root/usr/lib64 $root/etc $root/var/lib/muster/public $root/run
ln -s usr/lib $root/lib
ln -s usr/lib64 $root/lib64
ln -s usr/bin $root/bin
for program in getent id; do
    cp -L /usr/bin/$program $root/usr/bin/
    for library in $(ldd /usr/bin/$program | grep -o '/[^ ]*'); do
        mkdir -p $root$(dirname $library)
        cp -L $library $root$library
    done
done
printf 'passwd: files muster\ngroup: files muster\n' >$root/etc/nsswitch.conf
printf 'root:x:0:0::/root:/bin/sh\n' >$root/etc/passwd
printf 'root:x:0:\n' >$root/etc/group
"#;

/// As docs/containers.md has it: the module, a file that only an upgrade replaces, and the folder.
const MOUNT: &str = r#"
set -eu
root=$1 public=$2
module=$(ls /usr/lib/*/libnss_muster.so.2 /usr/lib64/libnss_muster.so.2 2>/dev/null | head -1)
mkdir -p $root$(dirname $module)
touch $root$module
mount --bind -o ro $module $root$module
case $public in
folder)
    mount --bind /var/lib/muster/public $root/var/lib/muster/public
    mount -o remount,bind,ro $root/var/lib/muster/public
    ;;
file)
    touch $root/var/lib/muster/public/snapshot
    mount --bind -o ro /var/lib/muster/public/snapshot $root/var/lib/muster/public/snapshot
    ;;
esac
"#;

struct Container<'a> {
    world: &'a World,
    root: String,
}

impl<'a> Container<'a> {
    /// One with the host's `folder` of the snapshot, or only with the `file` in it.
    #[track_caller]
    fn with(world: &'a World, public: &str) -> Self {
        let root = format!("{ROOT}-{public}");
        world.run(["bash", "-c", MAKE, "make", &root]).said();
        world
            .run(["bash", "-c", MOUNT, "mount", &root, public])
            .said();
        Self { world, root }
    }

    /// Runs a command inside, as nobody.
    fn run(&self, words: &[&str]) -> Output {
        let inside = ["chroot", "--userspec=65534:65534", &self.root];
        self.world.run(inside.iter().chain(words))
    }
}

#[test]
fn names_resolve_in_a_container_as_outside_and_nothing_can_be_written_there() {
    let Some(world) = World::usual() else { return };
    let container = Container::with(&world, "folder");
    for words in [
        &["getent", "passwd", "ada"][..],
        &["getent", "group", "linux-users"],
        &["id", "ada"],
        &["id", "-Gn", "grace"],
    ] {
        assert_eq!(container.run(words).said(), world.run(words).said());
    }
    let uid = world.run(["id", "-u", "ada"]).said().to_owned();
    assert!(container.run(&["getent", "passwd", &uid]).succeeded());
    // The host's own accounts are not the container's.
    assert_eq!(container.run(&["getent", "passwd", "larry"]).code, 2);
    assert_eq!(container.run(&["getent", "passwd", "nemo"]).code, 2);
    let public = format!("{}/var/lib/muster/public", container.root);
    let written = world.run(["touch", &format!("{public}/x")]);
    assert!(written.refused().contains("Read-only"), "{written}");
    for socket in ["root.sock", "lookup.sock", "publish.sock"] {
        let path = format!("{}/run/muster/{socket}", container.root);
        assert!(!world.path(&path).exists());
    }
}

#[test]
fn a_snapshot_that_is_replaced_outside_is_seen_inside_where_the_folder_is_mounted_and_not_the_file()
{
    let Some(world) = World::usual() else { return };
    let folder = Container::with(&world, "folder");
    let file = Container::with(&world, "file");
    for container in [&folder, &file] {
        assert!(container.run(&["getent", "passwd", "ada"]).succeeded());
    }
    world.tell_crowd("rename-user ada augusta");
    world.sync().said();
    let of_augusta = ["getent", "passwd", "augusta"];
    assert_eq!(folder.run(&of_augusta).said(), world.run(of_augusta).said());
    assert_eq!(folder.run(&["getent", "passwd", "ada"]).code, 2);
    // A mounted file stays the one that it was.
    assert_eq!(file.run(&of_augusta).code, 2);
}

#[test]
fn while_muster_is_down_and_after_an_upgrade_of_the_module_the_container_goes_on() {
    let Some(world) = World::usual() else { return };
    let container = Container::with(&world, "folder");
    let before = container.run(&["id", "ada"]).said().to_owned();
    world.kill("musterd");
    world.kill("muster-publish");
    let replace = "module=$(ls /usr/lib/*/libnss_muster.so.2); cp $module $module.new && mv $module.new $module";
    world.run(["sh", "-c", replace]).said();
    assert_eq!(container.run(&["id", "ada"]).said(), before);
}

#[test]
fn who_is_asked_for_by_name_is_found_in_a_container_only_with_the_socket_for_look_ups() {
    let Some(world) = World::three() else { return };
    let container = Container::with(&world, "folder");
    let asks = |name: &str| container.run(&["getent", "passwd", name]);
    // Nobody can be asked, and nobody waits: getent would be killed for it.
    assert_eq!(asks("rosalind").code, 2);
    assert!(asks("ada").succeeded());
    // Whom the host has come to know is known inside, too.
    world.run(["id", "-u", "rosalind"]).said();
    assert!(asks("rosalind").said().starts_with("rosalind:*:60001:"));

    let mount = "mkdir -p $1/run/muster && touch $1/run/muster/lookup.sock && mount --bind /run/muster/lookup.sock $1/run/muster/lookup.sock";
    world
        .run(["sh", "-c", mount, "mount", &container.root])
        .said();
    assert!(asks("jocelyn").said().starts_with("jocelyn:*:60002:"));
    assert_eq!(asks("nemo").code, 2);
}

#[test]
fn an_image_with_a_built_snapshot_needs_no_host() {
    let Some(world) = World::new() else { return };
    let root = format!("{ROOT}-image");
    world.run(["bash", "-c", MAKE, "make", &root]).said();
    world.write(
        "/tmp/passwd",
        "ada:x:70001:70001:Ada Lovelace:/home/ada:/bin/sh\n",
    );
    world.write("/tmp/group", "ada:x:70001:\n");
    let place = format!("{root}/var/lib/muster/public/snapshot");
    let build = [
        "muster",
        "snapshot",
        "build",
        "--strict",
        "--passwd",
        "/tmp/passwd",
    ];
    let into = ["--group", "/tmp/group", "--out", &place];
    world.run(build.iter().chain(&into)).said();
    world
        .run(["bash", "-c", MOUNT, "mount", &root, "nothing"])
        .said();
    let container = Container {
        world: &world,
        root,
    };
    let ada = container.run(&["id", "ada"]);
    assert!(ada.said().starts_with("uid=70001(ada)"), "{ada}");
    assert_eq!(container.run(&["getent", "passwd", "nemo"]).code, 2);
}
