//! The simulated directories are judged by clients that others wrote, from PyPI.
//!
//! They are installed into a virtual environment below cargo's target folder, in the
//! versions of `thirdparty/requirements.txt`.

mod clients;

use std::path::Path;

#[test]
fn clients_that_others_wrote_find_their_servers_in_the_simulators() {
    let clients = clients::Clients {
        name: "clients",
        folder: "",
    };
    clients.judge(Path::new("python3"));
}
