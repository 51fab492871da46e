//! The people as passwd(5), group(5), LDIF, and nsscache's maps with their indexes.

use crate::people::{Group, PRIMARY, People, User};

/// Lines of passwd(5).
pub(crate) fn passwd(people: &People) -> String {
    people.users.iter().map(user_line).collect()
}

/// Lines of group(5).
pub(crate) fn group(people: &People) -> String {
    let lines = people.groups.iter().map(|group| group_line(people, group));
    lines.collect()
}

/// Whom the load program asks for: lines of a name and an id.
pub(crate) fn asked(people: &People, most: usize) -> String {
    let asked = people.asked(most).into_iter();
    asked
        .map(|user| format!("{} {}\n", user.name, user.uid))
        .collect()
}

fn user_line(user: &User) -> String {
    let User { name, uid, .. } = user;
    let (gecos, home) = (user.gecos(), user.home());
    format!(
        "{name}:x:{uid}:{}:{gecos}:{home}:{}\n",
        PRIMARY.1,
        User::SHELL
    )
}

fn group_line(people: &People, group: &Group) -> String {
    let members: Vec<&str> = people.members(group).collect();
    format!("{}:x:{}:{}\n", group.name, group.gid, members.join(","))
}

/// Where the directory begins in LDAP.
pub(crate) const BASE: &str = "dc=bench,dc=example";

/// What slapadd reads: RFC 2307's schema.
pub(crate) fn ldif(people: &People) -> String {
    let mut text = format!(
        "dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\ndc: bench\no: bench\n\n"
    );
    for folder in ["people", "groups"] {
        text +=
            &format!("dn: ou={folder},{BASE}\nobjectClass: organizationalUnit\nou: {folder}\n\n");
    }
    for user in &people.users {
        let (name, gecos) = (&user.name, user.gecos());
        text += &format!(
            "dn: uid={name},ou=people,{BASE}\nobjectClass: account\nobjectClass: posixAccount\nuid: {name}\n\
             cn: {gecos}\ngecos: {gecos}\nuidNumber: {}\ngidNumber: {}\nhomeDirectory: {}\nloginShell: {}\n\
             userPassword: password-{name}\n\n",
            user.uid,
            PRIMARY.1,
            user.home(),
            User::SHELL
        );
    }
    for group in &people.groups {
        let (name, gid) = (&group.name, group.gid);
        text += &format!(
            "dn: cn={name},ou=groups,{BASE}\nobjectClass: posixGroup\ncn: {name}\ngidNumber: {gid}\n"
        );
        for member in people.members(group) {
            text += &format!("memberUid: {member}\n");
        }
        text.push('\n');
    }
    text
}

/// A map of nsscache's with its two indexes, `[map, by name, by id]`; all ordered by their bytes.
pub(crate) type Map = [String; 3];

/// passwd.cache and its indexes.
pub(crate) fn passwd_map(people: &People) -> Map {
    let lines = people.users.iter();
    map(lines
        .map(|user| (user.name.clone(), user.uid, user_line(user)))
        .collect())
}

/// group.cache and its indexes.
pub(crate) fn group_map(people: &People) -> Map {
    let lines = people.groups.iter();
    map(lines
        .map(|group| (group.name.clone(), group.gid, group_line(people, group)))
        .collect())
}

fn map(mut lines: Vec<(String, u32, String)>) -> Map {
    lines.sort();
    let (mut text, mut names, mut ids) = (String::new(), Vec::new(), Vec::new());
    for (name, id, line) in lines {
        names.push((name, text.len().to_string()));
        ids.push((id.to_string(), text.len().to_string()));
        text += &line;
    }
    [text, index(names), index(ids)]
}

/// Lines of one width: key NUL offset NUL, filled up with NULs.
fn index(mut entries: Vec<(String, String)>) -> String {
    entries.sort();
    let width = |lengths: &dyn Fn(&(String, String)) -> usize| {
        entries.iter().map(lengths).max().unwrap_or(0)
    };
    let width = width(&|(key, _)| key.len()) + width(&|(_, offset)| offset.len()) + 2;
    let lines = entries.iter().map(|(key, offset)| {
        let line = format!("{key}\0{offset}\0");
        let filling = "\0".repeat(width - line.len());
        format!("{line}{filling}\n")
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwd_and_group_have_a_line_for_each_record() {
        let people = People::new(100);
        assert_eq!(passwd(&people).lines().count(), 102);
        let first = passwd(&people).lines().next().unwrap().to_owned();
        assert_eq!(first.split(':').count(), 7);
        assert_eq!(group(&people).lines().count(), people.groups.len());
        let last = group(&people).lines().last().unwrap().to_owned();
        assert!(last.starts_with("team249:x:5000249:"), "{last}");
    }

    #[test]
    fn the_offsets_of_a_map_lead_to_their_lines_and_its_indexes_are_sorted() {
        let [map, names, ids] = passwd_map(&People::new(100));
        for index in [names, ids] {
            let lines: Vec<&str> = index.lines().collect();
            assert!(lines.is_sorted());
            let width = lines[0].len();
            for line in lines {
                assert_eq!(line.len(), width);
                let mut fields = line.split('\0');
                let (key, offset) = (fields.next().unwrap(), fields.next().unwrap());
                let found = map[offset.parse().unwrap()..].lines().next().unwrap();
                assert!(found.split(':').any(|field| field == key), "{found}");
            }
        }
    }

    #[test]
    fn the_ldif_names_every_user_group_and_member() {
        let people = People::new(30);
        let text = ldif(&people);
        let count = |what: &str| text.matches(what).count();
        assert_eq!(count("objectClass: posixAccount\n"), people.users.len());
        assert_eq!(count("objectClass: posixGroup\n"), people.groups.len());
        let members: usize = people.groups.iter().map(|group| group.members.len()).sum();
        assert_eq!(count("\nmemberUid: "), members);
    }
}
