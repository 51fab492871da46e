//! Gives the library the name that glibc looks for, and a static unwinder.

use std::path::PathBuf;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libnss_muster.so.2");
    // A thread may be inside, and mappings outlive calls: dlclose(3) must not take the code away.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    // What C compilers put around a library runs constructors and destructors of C++, of which there are none, and has
    // the loader look for four symbols that it mostly does not find.
    println!("cargo:rustc-cdylib-link-arg=-nostartfiles");
    if let Err(error) = link_unwinder_statically() {
        println!("cargo:warning=the unwinder will be a shared library: {error}");
    }
}

/// Loading libgcc_s costs every process that resolves a name a tenth of its
/// start-up. rustc always asks for it; a linker script of that name, found
/// first, gives its static half instead.
fn link_unwinder_statically() -> std::io::Result<()> {
    if std::env::var("CARGO_CFG_TARGET_ENV").as_deref() != Ok("gnu") {
        return Ok(());
    }
    let folder = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    std::fs::write(folder.join("libgcc_s.so"), "INPUT(-lgcc_eh)\n")?;
    println!("cargo:rustc-link-search=native={}", folder.display());
    Ok(())
}
