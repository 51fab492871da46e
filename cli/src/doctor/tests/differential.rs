//! Stacks that nobody would write by hand, and all that a few controls can make, asked of both: the evaluator and
//! libpam.

use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::libpam::{Bench, MODULE, predicted, word};
use crate::doctor::pam::code::Code;
use crate::doctor::pam::evaluate::ends;
use crate::doctor::pam::read::{Type, service};

/// Every word, and what Debian, Fedora and muster write between brackets.
const CONTROLS: [&str; 9] = [
    "required",
    "requisite",
    "sufficient",
    "optional",
    "[success=1 default=ignore]",
    "[success=2 new_authtok_reqd=ok default=die]",
    "[success=ok user_unknown=ignore default=bad]",
    "[default=reset]",
    "[success=done ignore=ok default=1]",
];
/// What modules of these stacks return.
const CODES: [&str; 6] = [
    "success",
    "auth_err",
    "ignore",
    "user_unknown",
    "new_authtok_reqd",
    "perm_denied",
];
const ACTIONS: [&str; 9] = ["ignore", "ok", "done", "bad", "die", "reset", "1", "2", "3"];

/// A line of a stack.
#[derive(Debug, Clone)]
enum Line {
    /// The control of a module.
    Module(String),
    /// `include` or `substack` or `@include`, of the file so much further on.
    Other(&'static str, usize),
}

/// The files of a service; each names only those behind it.
type Files = Vec<Vec<Line>>;

fn control() -> impl Strategy<Value = String> {
    let value = prop_oneof![Just("default"), prop::sample::select(CODES.to_vec())];
    let action = prop::sample::select(ACTIONS.to_vec());
    let pair = (value, action).prop_map(|(value, action)| format!("{value}={action}"));
    let listed = prop::collection::vec(pair, 1..5);
    prop_oneof![
        prop::sample::select(CONTROLS.to_vec()).prop_map(str::to_owned),
        listed.prop_map(|pairs| format!("[{}]", pairs.join(" "))),
    ]
}

fn line() -> impl Strategy<Value = Line> {
    let other = prop::sample::select(vec!["auth include", "auth substack", "@include"]);
    prop_oneof![
        3 => control().prop_map(Line::Module),
        1 => (other, 1usize..3).prop_map(|(word, further)| Line::Other(word, further)),
    ]
}

fn files() -> impl Strategy<Value = Files> {
    let file = |most| prop::collection::vec(line(), 0..most);
    (file(6), file(4), file(4), file(3)).prop_map(|(a, b, c, d)| vec![a, b, c, d])
}

/// What each line of each file returns, where it is a module's.
fn outcomes() -> impl Strategy<Value = Vec<Vec<&'static str>>> {
    let code = prop::sample::select(CODES.to_vec());
    prop::collection::vec(prop::collection::vec(code, 6), 4)
}

/// The text of the file at `at` of the service at `place`.
fn text(lines: &[Line], at: usize, files: usize, codes: &[&str], place: &Path) -> String {
    let place = place.display();
    let lines = lines.iter().zip(codes).map(|(line, code)| match line {
        Line::Module(control) => format!("auth {control} {MODULE} auth={code}\n"),
        Line::Other(word, further) if at + further < files => {
            format!("{word} {place}-{}\n", at + further)
        }
        // Nothing is behind the last file.
        Line::Other(..) => "# nothing\n".to_owned(),
    });
    lines.collect()
}

fn write(bench: &Bench, files: &Files, codes: &[Vec<&str>], name: &str) {
    for (at, (lines, codes)) in files.iter().zip(codes).enumerate() {
        let file = match at {
            0 => name.to_owned(),
            at => format!("{name}-{at}"),
        };
        let place = bench.services().join(name);
        bench.write(&file, &text(lines, at, files.len(), codes, &place));
    }
}

#[test]
fn whatever_a_stack_looks_like_the_evaluator_says_what_libpam_does() {
    let Some(bench) = Bench::new() else {
        return;
    };
    bench.write("other", &format!("auth required {MODULE} auth=maxtries\n"));
    let cases = (files(), prop::collection::vec(outcomes(), 12));
    let mut runner = TestRunner::new(Config {
        cases: 256,
        failure_persistence: None,
        ..Config::default()
    });
    let ran = runner.run(&cases, |(files, outcomes)| {
        let names: Vec<String> = (0..outcomes.len()).map(|at| format!("s{at}")).collect();
        for (name, codes) in names.iter().zip(&outcomes) {
            write(&bench, &files, codes, name);
        }
        let host = bench.host();
        for (name, real) in names.iter().zip(bench.real(&names)) {
            prop_assert_eq!(predicted(&host, name), [word(real)], "{}", name);
        }
        Ok(())
    });
    ran.unwrap();
}

#[test]
fn of_all_that_three_lines_can_be_every_combination_of_outcomes_is_foretold() {
    let Some(bench) = Bench::new() else {
        return;
    };
    let codes = ["success", "auth_err", "ignore"];
    let threes = |count: usize| {
        (0..count.pow(3)).map(move |at| [at % count, at / count % count, at / count / count])
    };
    for controls in threes(CONTROLS.len()) {
        let mut names = Vec::new();
        for said in threes(codes.len()) {
            let name = format!("s{}{}{}", said[0], said[1], said[2]);
            let lines = controls.iter().zip(said);
            let text: String = lines
                .map(|(control, code)| {
                    format!(
                        "auth {} {MODULE} auth={}\n",
                        CONTROLS[*control], codes[code]
                    )
                })
                .collect();
            bench.write(&name, &text);
            names.push(name);
        }
        let mut real: Vec<&str> = bench.real(&names).into_iter().map(word).collect();
        let host = bench.host();
        let alone: Vec<&str> = names
            .iter()
            .flat_map(|name| predicted(&host, name))
            .collect();
        assert_eq!(alone, real, "{controls:?}");

        // All at once, as the proofs ask it, gives all of them and no other.
        let any = |_: &_| -> Vec<Code> {
            let all = Code::all();
            all.filter(|code| codes.contains(&code.name())).collect()
        };
        let service = service(&host, &names[0]);
        let found = ends(&service.stack(Type::Auth), &any, &|_, _, memory| memory);
        let mut together: Vec<&str> = found.keys().map(|end| end.status.name()).collect();
        real.sort_unstable();
        real.dedup();
        together.sort_unstable();
        together.dedup();
        assert_eq!(together, real, "{controls:?}");
    }
}

/// What people mistype; `@/` stands for the folder of services. libpam 1.5 and 1.7 agree on all of it.
const ODD: [&str; 38] = [
    "",
    "# nothing\n",
    "auth required\n",
    "auth\n",
    "-auth required pam_debug.so auth=user_unknown\n",
    "-auth required pam_not_there.so\n",
    "auth required pam_not_there.so\n",
    "auth optional pam_not_there.so\n",
    "AUTH Sufficient pam_debug.so auth=success\n",
    "auth perhaps pam_debug.so auth=success\n",
    "auth success=ok pam_debug.so auth=success\n",
    "auth [success=perhaps] pam_debug.so auth=success\n",
    "auth [success=0 default=ok] pam_debug.so auth=success\n",
    "auth [default=ok success=die] pam_debug.so auth=success\n",
    "auth [success = ok default = die] pam_debug.so auth=success\n",
    "auth [success=ok default=die pam_debug.so auth=success\n",
    "auth [success=okdefault=die] pam_debug.so auth=auth_err\n",
    "auth [success=ok\tdefault=bad] pam_debug.so auth=success\n",
    "auth \\\n required \\\n pam_debug.so auth=user_unknown # auth=success\n",
    "auth required \\ # what follows is no part of it\n pam_debug.so auth=maxtries\n",
    "auth required pam_debug.so auth=maxtries \\\n",
    "auth required pam_debug.so auth=success#auth=maxtries\n",
    "auth required pam_debug.so [auth=user_unknown]\n",
    "auth required pam_debug.so [auth=user_unknown#]\n",
    "aut required pam_debug.so auth=success\n",
    "auth include not-there\n",
    "auth substack not-there\n",
    "auth substack @/probe\n",
    "auth include @/other\n",
    "@INCLUDE @/other\n",
    "@include not-there\n",
    "auth required pam_debug.so auth=success\n@include not-there\n",
    "session include @/missing\n",
    "@include @/missing\n",
    "auth [success=1] pam_debug.so auth=success\nauth include @/missing\n",
    "auth [success=1] pam_debug.so auth=success\nauth include @/broken-off\n",
    "auth [success=2] pam_debug.so auth=success\nauth include @/broken-off\n",
    "auth [success=1] pam_debug.so auth=success\nauth substack @/broken-off\n",
];

/// A folder with files to be included.
fn bench_for_oddities() -> Option<Bench> {
    let bench = Bench::new()?;
    let unknown = format!("auth required {MODULE} auth=user_unknown\n");
    bench.write("other", &format!("auth required {MODULE} auth=cred_err\n"));
    bench.write("missing", &format!("@include not-there\n{unknown}"));
    bench.write("broken-off", &format!("{unknown}auth required {MODULE} \\"));
    Some(bench)
}

#[test]
fn what_people_mistype_is_read_as_libpam_reads_it() {
    let Some(bench) = bench_for_oddities() else {
        return;
    };
    let folder = format!("{}/", bench.services().display());
    for odd in ODD {
        for behind in ["", "auth required pam_debug.so auth=success\n"] {
            let text = format!("{odd}{behind}").replace("@/", &folder);
            bench.write("probe", &text);
            bench.agree("probe");
        }
    }
}

#[test]
fn what_is_broken_in_other_breaks_every_service() {
    let Some(bench) = bench_for_oddities() else {
        return;
    };
    bench.write("probe", &format!("auth required {MODULE} auth=success\n"));
    for other in [
        "@include not-there\n",
        "session include not-there\n",
        "auth required x \\",
    ] {
        bench.write("other", other);
        bench.agree("probe");
    }
}

#[test]
fn substacks_lie_in_each_other_as_deep_as_libpam_goes() {
    let Some(bench) = bench_for_oddities() else {
        return;
    };
    let folder = bench.services();
    for at in 0..20 {
        let next = folder.join(format!("s{}", at + 1));
        bench.write(
            &format!("s{at}"),
            &format!("auth substack {}\n", next.display()),
        );
    }
    bench.write("s20", &format!("auth required {MODULE} auth=maxtries\n"));
    for at in 0..20 {
        bench.agree(&format!("s{at}"));
    }
}

#[test]
fn where_a_file_is_not_there_both_take_other() {
    let Some(bench) = Bench::new() else {
        return;
    };
    bench.write("other", &format!("auth required {MODULE} auth=cred_err\n"));
    bench.write("sessions", &format!("session required {MODULE}\n"));
    bench.agree("not-there");
    bench.agree("sessions");
}
