//! What keeps a gateway from starting, and how it ends.

use std::{
    fs,
    io::{Seek as _, SeekFrom, Write as _},
    net::TcpListener,
    process::Output,
};

use integration_webhooks::Scheme;

use crate::served::{Place, SOURCES};

/// Where SQLite keeps `user_version` in its file.
const USER_VERSION_AT: u64 = 60;

fn refused(place: &Place, code: i32, words: &[&str]) {
    let Output { status, stderr, .. } = place.refused();
    let stderr = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(code), "{stderr}");
    for word in words {
        assert!(stderr.contains(word), "{word}: {stderr}");
    }
}

#[test]
fn a_port_that_is_taken_is_named_with_its_key() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (key, other) in [("listen", "admin_listen"), ("admin_listen", "listen")] {
        let top = format!("{key} = \"{address}\"\n{other} = \"127.0.0.1:0\"\n");
        let key = format!("{key} = ");
        refused(&Place::new(&top, SOURCES), 2, &[&key, &address, "is taken"]);
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let place = Place::new("data_dir = \"./a-file/data\"", SOURCES);
    fs::write(place.path().join("a-file"), "").unwrap();
    refused(&place, 2, &["data_dir", "a-file/data", "cannot be written"]);
}

#[test]
fn a_store_of_a_newer_version_is_left_alone() {
    let place = Place::new("", SOURCES);
    assert!(place.serve().stop().0.success());
    let file = place.path().join("integration-data/integration.sqlite");
    let mut store = fs::OpenOptions::new().write(true).open(&file).unwrap();
    store.seek(SeekFrom::Start(USER_VERSION_AT)).unwrap();
    store.write_all(&99_u32.to_be_bytes()).unwrap();
    drop(store);
    let before = fs::read(&file).unwrap();
    refused(
        &place,
        2,
        &["has version 99", "knows up to 1", "integration.sqlite"],
    );
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[test]
fn a_folder_has_one_gateway_at_a_time() {
    let place = Place::new("", SOURCES);
    let first = place.serve();
    refused(&place, 1, &["another"]);
    assert_eq!(first.post(&Scheme::GitHub, b"{}").status, 200);
    assert_eq!(first.stop().0.code(), Some(0));
    assert_eq!(place.serve().stats()["events"], 1);
}

#[test]
fn an_admin_interface_for_everybody_wants_a_token() {
    let top = "listen = \"127.0.0.1:0\"\nadmin_listen = \"0.0.0.0:0\"";
    refused(&Place::new(top, SOURCES), 2, &["admin_token", "loopback"]);
}

#[test]
fn told_to_stop_it_ends_with_0() {
    let place = Place::new("", SOURCES);
    let (status, stderr) = place.serve().stop();
    assert_eq!(status.code(), Some(0), "{stderr}");
}
