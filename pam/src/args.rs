//! The module's arguments: one table. What is not in it is logged and ignored:
//! a typing error in pam.d must neither open nor close the host.

/// The arguments that may stand behind `pam_muster.so`.
pub const ARGUMENTS: &[(&str, &str)] = &[
    (
        "debug",
        "also log the neutral answers and what led to each answer",
    ),
    (
        "try_first_pass",
        "take the password that an earlier module asked for, else ask (always so)",
    ),
    (
        "use_first_pass",
        "take the password that an earlier module asked for, never ask",
    ),
    (
        "forward_pass",
        "leave the password for later modules (always so)",
    ),
    (
        "use_authtok",
        "in the password stack: take the new password that an earlier module asked for, never ask",
    ),
];

/// What the arguments mean. libpam reads `use_first_pass` and `use_authtok` by itself when
/// it is asked for the password.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arguments {
    /// Whether the neutral answers are logged, too.
    pub debug: bool,
    /// What is in no table, for the log.
    pub wrong: Vec<String>,
}

impl Arguments {
    /// Reads the arguments of one call.
    pub fn read(given: &[String]) -> Self {
        let known = |argument: &&String| ARGUMENTS.iter().any(|(name, _)| name == argument);
        Self {
            debug: given.iter().any(|argument| argument == "debug"),
            wrong: given.iter().filter(|a| !known(a)).cloned().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_arguments_are_understood_and_wrong_ones_are_named() {
        let check = |given: &[&str], debug: bool, wrong: &[&str]| {
            let given: Vec<String> = given.iter().map(|&a| a.to_owned()).collect();
            let read = Arguments::read(&given);
            assert_eq!((read.debug, read.wrong), (debug, own(wrong)));
        };
        check(&[], false, &[]);
        check(&["use_first_pass", "debug"], true, &[]);
        check(
            &["try_first_pass", "forward_pass", "use_authtok"],
            false,
            &[],
        );
        check(
            &["Debug", "nullok", "debug=1"],
            false,
            &["Debug", "nullok", "debug=1"],
        );
    }

    fn own(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&text| text.to_owned()).collect()
    }
}
