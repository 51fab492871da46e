//! What systemd itself thinks of the units: their exposure, without any systemd that runs.

use crate::layout::UNITS;
use crate::program::{Failure, Outcome, execute, headline, output, program, tree};
use crate::requirements;

/// The exposure that no service may be above, in tenths, as `systemd-analyze security` counts it.
const THRESHOLD: &str = "14";

/// Fails where a service is exposed more than it may be.
pub(crate) fn check() -> Outcome {
    requirements::for_units()?;
    headline("exposure of the services, as systemd-analyze sees it");
    for unit in UNITS.iter().filter(|unit| unit.ends_with(".service")) {
        let said = output(&mut analyze(unit, &[]))?;
        println!("{}", overall(&said)?);
        let threshold = format!("--threshold={THRESHOLD}");
        execute(analyze(unit, &[&threshold]).stdout(std::process::Stdio::null()))?;
    }
    Ok(())
}

fn analyze(unit: &str, more: &[&str]) -> std::process::Command {
    let options = ["security", "--offline=true", "--no-pager"];
    let mut command = program("systemd-analyze", options);
    command
        .args(more)
        .arg(format!("./{unit}"))
        .current_dir(tree().join("packaging/systemd"));
    command
}

/// The line with the result.
fn overall(said: &str) -> Result<&str, Failure> {
    said.lines()
        .find_map(|line| line.split_once("Overall exposure").map(|_| line))
        .ok_or_else(|| Failure::new("systemd-analyze said no exposure"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_result_is_found_among_the_rows() {
        let said = "  NAME  EXPOSURE\n→ Overall exposure level for musterd.service: 1.2 OK\n";
        assert!(overall(said).unwrap().contains("1.2"));
        assert!(overall("nothing").is_err());
    }
}
