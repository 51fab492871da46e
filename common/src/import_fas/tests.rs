//! A whole fas.conf, and hostile ones.

use super::*;
use crate::config;

/// Every key that fasClient's own sample and its source have.
const FULL: &str = r#"
[global]
; url - Location to fas server
url = https://admin.example.org/accounts/
# temp - Location to generate files while user creation process is happening
temp = /var/db
login = systems
password = s3cret "word" ; not the comment
prefix = /srv/
modefile = /var/lib/fas/client_dir_perms
cla_group = cla_done

[host]
groups = sysadmin-main, @all,@system
    fi-apprentice
restricted_groups = nobody
ssh_restricted_groups = @git, packager
aliases_template = /etc/aliases.template

[users]
shell = /bin/bash
home = /home/fedora
ssh_restricted_app = HOME=/srv/git exec git-shell -c "$SSH_ORIGINAL_COMMAND" %(username)s
restricted_shell = /sbin/nologin
ssh_restricted_shell: /bin/sh
ssh_key_options = no-port-forwarding,no-agent-forwarding,no-X11-forwarding,no-pty
ssh_admin_app = /usr/bin/admin
ssh_admin_options = no-pty
"#;

fn imported(text: &str) -> Imported {
    import(
        text,
        Path::new("/etc/fas.conf"),
        Path::new("/etc/muster/secrets/fas"),
    )
    .unwrap()
}

fn parsed(imported: &Imported) -> config::Config {
    config::parse(&imported.config, Path::new("muster.toml"))
        .unwrap_or_else(|errors| panic!("{errors}\n{}", imported.config))
}

fn says(imported: &Imported, what: &str) -> bool {
    imported.remarks.iter().any(|remark| remark.contains(what))
}

#[test]
fn a_whole_fas_conf_becomes_a_configuration_that_means_the_same() {
    let imported = imported(FULL);
    let config = parsed(&imported);
    let directory = &config.directories[0];
    assert_eq!(
        directory.server.as_ref().unwrap().url.as_str(),
        "https://admin.example.org/accounts/"
    );
    let config::DirectoryKind::Fas(fas) = &directory.kind else {
        panic!("not FAS");
    };
    assert_eq!(
        (fas.user.as_str(), fas.cla_group.as_str()),
        ("systems", "cla_done")
    );
    assert_eq!(config.home.folder_of(&directory.name), "/srv/home/fedora");
    assert_eq!(config.home.shell_of(&directory.name), "/bin/bash");
    for line in [
        r#"allow = ["group:fas/sysadmin-main", "group:fas/@all", "group:fas/@type:system", "group:fas/fi-apprentice"]"#,
        r#"groups = ["group:fas/@type:git", "group:fas/packager"]"#,
        r#"options = ["no-port-forwarding", "no-agent-forwarding", "no-X11-forwarding", "no-pty"]"#,
        r#"shell = "/bin/sh""#,
    ] {
        assert!(
            imported.config.contains(line),
            "{line}\n{}",
            imported.config
        );
    }
    assert!(imported.config.contains("git-shell") && imported.config.contains("{name}"));
    assert_eq!(config.access.restricted_shells(), ["/bin/sh"]);
}

#[test]
fn the_password_stands_in_neither_the_configuration_nor_a_remark() {
    let imported = imported(FULL);
    let password = imported.password.as_ref().unwrap();
    assert_eq!(password.expose_text(), Some("s3cret \"word\""));
    let told = format!("{}{:?}", imported.config, imported.remarks);
    assert!(!told.contains("s3cret"), "{told}");
    let error = import("[global]\ns3cret\n", Path::new("x"), Path::new("/y")).unwrap_err();
    assert!(!error.to_string().contains("s3cret"), "{error}");
}

#[test]
fn what_muster_has_nothing_for_is_said() {
    let imported = imported(&format!("{FULL}unheard_of = 1\n"));
    for key in [
        "global.temp",
        "global.modefile",
        "host.aliases_template",
        "host.restricted_groups",
        "users.restricted_shell",
        "users.ssh_admin_app",
        "users.ssh_admin_options",
        "users.unheard_of",
    ] {
        assert!(
            says(&imported, &format!("{key}: not carried over")),
            "{key}"
        );
    }
    assert!(says(&imported, "here each has its own"));
    assert!(!says(&imported, "global.url"));
}

#[test]
fn restricted_groups_never_get_more_than_they_had() {
    let base = "[global]\nurl = https://f.example/\nlogin = l\n[host]\ngroups = a\nssh_restricted_groups = b\n[users]\n";
    for (line, why) in [
        ("", "neither a command nor a shell"),
        ("ssh_restricted_app = x %(username)s \\\n", "backslash"),
        ("ssh_restricted_app = x {user}\n", "stands for nothing"),
    ] {
        let imported = imported(&format!("{base}{line}"));
        assert!(
            !imported.config.contains("[[restricted]]"),
            "{}",
            imported.config
        );
        assert!(says(&imported, why), "{:?}", imported.remarks);
        assert!(!parsed(&imported).access.restricts());
    }
    let odd = "ssh_restricted_app = x\nssh_key_options = no-pty,environment=\"A=B\"\n";
    let imported = imported(&format!("{base}{odd}"));
    assert!(
        imported
            .config
            .contains(r#"options = ["restrict", "no-pty"]"#),
        "{}",
        imported.config
    );
    assert!(says(&imported, "is no option"));
}

#[test]
fn hostile_values_stay_values() {
    let text = "[global]\nurl = https://f.example/\nlogin = a\"\\nversion = 2\n[host]\ngroups = a\"]b, ../x, @a/b, ok\n[users]\n";
    let imported = imported(text);
    let config = parsed(&imported);
    assert_eq!(config.version, 1);
    assert!(
        imported.config.contains(r#"allow = ["group:fas/ok"]"#),
        "{}",
        imported.config
    );
    assert_eq!(
        imported
            .remarks
            .iter()
            .filter(|one| one.contains("no group's name"))
            .count(),
        3
    );
}

#[test]
fn what_is_no_configuration_is_refused_with_its_line() {
    let refused = |text: &str| import(text, Path::new("x"), Path::new("/y")).unwrap_err();
    assert!(matches!(refused("[global\n"), ImportError::Line(1)));
    assert!(matches!(refused("[global]\n\nurl\n"), ImportError::Line(3)));
    assert!(matches!(
        refused("[global]\nlogin = x\n"),
        ImportError::Missing("global.url")
    ));
}
