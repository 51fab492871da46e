//! What packages bring: the configuration that stands after the installation, and the examples.

use std::path::{Path, PathBuf};

use muster_common::config;

fn packaging(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../packaging")
        .join(name)
}

#[test]
fn every_example_is_a_configuration_without_a_problem_or_a_warning() {
    for kind in [
        "apicrud",
        "crowd",
        "fas",
        "gafaelfawr",
        "local",
        "three-directories",
    ] {
        let file = packaging(&format!("examples/{kind}.toml"));
        let checked = config::load(&file).unwrap_or_else(|errors| panic!("{errors}"));
        assert!(
            checked.warnings.is_empty(),
            "{kind}: {:?}",
            checked.warnings
        );
    }
}

#[test]
fn the_configuration_of_a_new_host_serves_nobody() {
    let checked = config::load(&packaging("etc/muster.toml")).unwrap();
    assert!(checked.directories.is_empty());
    assert!(
        checked
            .warnings
            .iter()
            .any(|warning| warning.to_string().contains("nobody"))
    );
}
