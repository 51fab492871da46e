//! The floor's file: hash tables and records, laid out for `load/floor.c`, which says how it reads them.

use crate::people::{PRIMARY, People, User};

/// Bytes of the header: four tables, and where the users begin and end.
const HEADER: usize = 4 * 8 + 8;

/// A file under construction.
struct File {
    bytes: Vec<u8>,
}

/// An open-addressing table, at most half full.
struct Table {
    unit: usize,
    mask: usize,
    slots: Vec<(u32, u32)>,
}

impl File {
    /// Where the next record will begin, in units of eight bytes.
    fn unit(&mut self) -> usize {
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        self.bytes.len() / 8
    }

    fn numbers(&mut self, numbers: impl IntoIterator<Item = usize>) {
        for number in numbers {
            self.bytes.extend(narrow(number).to_le_bytes());
        }
    }
}

impl Table {
    /// Room for so many keys after what is in the file.
    fn new(file: &mut File, keys: usize) -> Self {
        let unit = file.unit();
        let size = (keys * 2).next_power_of_two();
        file.bytes.resize(unit * 8 + size * 8, 0);
        Self {
            unit,
            mask: size - 1,
            slots: vec![(0, 0); size],
        }
    }

    fn add(&mut self, hash: u32, unit: usize) {
        let mut place = hash as usize & self.mask;
        while self.slots[place].1 != 0 {
            place = (place + 1) & self.mask;
        }
        self.slots[place] = (hash, narrow(unit));
    }
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// The file for these people.
pub(crate) fn file(people: &People) -> Vec<u8> {
    let mut file = File {
        bytes: vec![0; HEADER],
    };
    let (users, groups) = (people.users.len(), people.groups.len());
    let [mut user_names, mut uids] = [0; 2].map(|_| Table::new(&mut file, users));
    let [mut group_names, mut gids] = [0; 2].map(|_| Table::new(&mut file, groups));
    let first = file.unit();
    let lists = first
        + people
            .users
            .iter()
            .map(|user| 4 + texts(user).0.len().div_ceil(8))
            .sum::<usize>();
    let mut list = lists;
    for user in &people.users {
        let unit = file.unit();
        user_names.add(hash_name(&user.name), unit);
        uids.add(hash_id(user.uid), unit);
        let (text, [gecos, home, shell]) = texts(user);
        let (uid, gid) = (user.uid as usize, PRIMARY.1 as usize);
        file.numbers([
            uid,
            gid,
            text.len(),
            gecos,
            home,
            shell,
            list,
            user.groups.len(),
        ]);
        file.bytes.extend(text.as_bytes());
        list += user.groups.len().div_ceil(2);
    }
    let end = file.unit();
    for user in &people.users {
        file.unit();
        file.numbers(user.groups.iter().map(|&gid| gid as usize));
    }
    for group in &people.groups {
        let unit = file.unit();
        group_names.add(hash_name(&group.name), unit);
        gids.add(hash_id(group.gid), unit);
        let mut text = format!("{}\0*\0", group.name);
        let mut offsets = Vec::new();
        for member in people.members(group) {
            offsets.push(text.len());
            text.extend([member, "\0"]);
        }
        let behind = unit + (16 + text.len()).div_ceil(8);
        file.numbers([group.gid as usize, offsets.len(), text.len(), behind]);
        file.bytes.extend(text.as_bytes());
        file.unit();
        file.numbers(offsets);
    }
    finished(file, &[user_names, uids, group_names, gids], [first, end])
}

fn finished(mut file: File, tables: &[Table; 4], borders: [usize; 2]) -> Vec<u8> {
    file.unit();
    let mut header = File { bytes: Vec::new() };
    for table in tables {
        header.numbers([table.unit, table.mask]);
        let mut slots = File { bytes: Vec::new() };
        slots.numbers(
            table
                .slots
                .iter()
                .flat_map(|&(hash, unit)| [hash as usize, unit as usize]),
        );
        file.bytes[table.unit * 8..][..slots.bytes.len()].copy_from_slice(&slots.bytes);
    }
    header.numbers(borders);
    file.bytes[..HEADER].copy_from_slice(&header.bytes);
    file.bytes
}

/// What getpwnam's caller wants in one piece, and where gecos, home and shell start in it.
fn texts(user: &User) -> (String, [usize; 3]) {
    let (name, full, home) = (&user.name, user.gecos(), user.home());
    let at_gecos = name.len() + 3;
    let at_home = at_gecos + full.len() + 1;
    let at_shell = at_home + home.len() + 1;
    let text = format!("{name}\0*\0{full}\0{home}\0{}\0", User::SHELL);
    (text, [at_gecos, at_home, at_shell])
}

/// FNV-1a, folded.
fn hash_name(name: &str) -> u32 {
    let step = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(1_099_511_628_211);
    let hash = name.bytes().fold(14_695_981_039_346_656_037, step);
    low(hash ^ hash >> 32)
}

fn hash_id(id: u32) -> u32 {
    low(u64::from(id).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32)
}

fn low(hash: u64) -> u32 {
    let [a, b, c, d, ..] = hash.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(file: &[u8], at: usize) -> usize {
        u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize
    }

    /// As floor.c does it.
    fn find(file: &[u8], table: usize, hash: u32) -> Option<usize> {
        let (slots, mask) = (number(file, table * 8) * 8, number(file, table * 8 + 4));
        let mut place = hash as usize & mask;
        loop {
            let slot = slots + place * 8;
            match number(file, slot + 4) {
                0 => return None,
                unit if number(file, slot) == hash as usize => return Some(unit * 8),
                _ => place = (place + 1) & mask,
            }
        }
    }

    #[test]
    fn every_key_leads_to_its_record() {
        let people = People::new(500);
        let file = file(&people);
        for user in &people.users {
            let by_name = find(&file, 0, hash_name(&user.name)).unwrap();
            assert_eq!(Some(by_name), find(&file, 1, hash_id(user.uid)));
            assert_eq!(number(&file, by_name), user.uid as usize);
            assert!(
                file[by_name + 32..].starts_with(format!("{}\0*\0Doctor ", user.name).as_bytes())
            );
            let list = number(&file, by_name + 24) * 8;
            let groups =
                (0..number(&file, by_name + 28)).map(|i| number(&file, list + i * 4) as u32);
            assert!(groups.eq(user.groups.iter().copied()));
        }
        for group in &people.groups {
            let by_name = find(&file, 2, hash_name(&group.name)).unwrap();
            assert_eq!(Some(by_name), find(&file, 3, hash_id(group.gid)));
            assert_eq!(number(&file, by_name), group.gid as usize);
            let offsets = number(&file, by_name + 12) * 8;
            for (place, member) in people.members(group).enumerate() {
                let at = by_name + 16 + number(&file, offsets + place * 4);
                assert!(file[at..].starts_with(format!("{member}\0").as_bytes()));
            }
        }
        assert_eq!(find(&file, 0, hash_name("nobody-of-theirs")), None);
    }

    #[test]
    fn the_users_lie_one_after_another_between_the_borders() {
        let people = People::new(40);
        let file = file(&people);
        let (mut at, end) = (number(&file, 32), number(&file, 36));
        for user in &people.users {
            assert_eq!(number(&file, at * 8), user.uid as usize);
            at += (32 + number(&file, at * 8 + 8)).div_ceil(8);
        }
        assert_eq!(at, end);
    }
}
