//! The simulated Crowd is judged by clients that others wrote, from PyPI.
//!
//! They are installed into a virtual environment below cargo's target folder, in the
//! versions of `thirdparty/requirements.txt`.

mod clients;

use std::path::Path;

#[test]
fn clients_that_others_wrote_find_a_crowd_in_the_simulator() {
    let clients = clients::Clients {
        name: "clients",
        folder: "",
    };
    clients.judge(Path::new("python3"));
}
