//! Starting, stopping and mending the server.

use crate::server::{PASSWORD, Server};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

fn fails(command: &mut Command) -> String {
    let output = command.stdout(Stdio::null()).stderr(Stdio::piped()).output().unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_second_server_on_the_same_directory_is_refused() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path());
    let said = fails(&mut Server::command(temp.path(), &[]));
    assert!(said.contains("in use by another server"), "{said}");
    assert!(said.contains(temp.path().to_str().unwrap()), "{said}");
    server.kill();
    Server::start(temp.path());
}

#[test]
fn the_data_directory_is_private_and_foreign_files_in_it_are_left_alone() {
    let temp = tempfile::tempdir().unwrap();
    let data = temp.path().join("data");
    drop(Server::start(&data));
    assert_eq!(std::fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o700);
    std::fs::write(data.join("letter.txt"), "dear").unwrap();
    drop(Server::start(&data));
    assert_eq!(std::fs::read_to_string(data.join("letter.txt")).unwrap(), "dear");
}

#[test]
fn sigterm_ends_the_server_at_once_when_nothing_runs() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path());
    // An idle keep-alive connection is open: the client's.
    let started = std::time::Instant::now();
    assert!(server.terminate().success());
    assert!(started.elapsed().as_secs() < 4, "{:?}", started.elapsed());
}

#[test]
fn without_a_given_password_a_random_one_is_made_and_can_be_reset() {
    let temp = tempfile::tempdir().unwrap();
    let mut child = Server::command(temp.path(), &[])
        .env_remove("IMPRINT_ADMIN_PASSWORD")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 9];
    child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    child.kill().unwrap();
    let said = String::from_utf8(child.wait_with_output().unwrap().stderr).unwrap();
    let file = temp.path().join("admin-password");
    assert!(said.contains("admin-password"), "{said}");
    let password = std::fs::read_to_string(&file).unwrap();
    assert!(!said.contains(password.trim()));
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let reset = |value: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_imprint"));
        command.args(["admin", "reset-password", "--data"]).arg(temp.path()).env("IMPRINT_ADMIN_PASSWORD", value);
        command
    };
    assert!(reset(PASSWORD).output().unwrap().status.success());
    let server = Server::start(temp.path());
    assert_eq!(server.log_in("admin", password.trim()).status, 503);
    assert!(fails(&mut reset("other")).contains("in use"));
}

#[test]
fn keys_come_from_flag_variable_and_file_in_that_order() {
    let temp = tempfile::tempdir().unwrap();
    let file = temp.path().join("imprint.toml");
    std::fs::write(&file, "time-zone = \"Asia/Shanghai\"\nlog-format = \"json\"\n").unwrap();
    let data = temp.path().join("data");
    let server = Server::start_with(&data, &["--config", file.to_str().unwrap()]);
    let there = server.query("/zstack/v1/zones")[0]["createDate"].clone();
    drop(server);
    let server = Server::start_with(&data, &["--config", file.to_str().unwrap(), "--time-zone", "UTC"]);
    assert_ne!(server.query("/zstack/v1/zones")[0]["createDate"], there);
    drop(server);
    std::fs::write(&file, "time-zome = \"UTC\"\n").unwrap();
    let said = fails(&mut Server::command(&data, &["--config", file.to_str().unwrap()]));
    assert!(said.contains("time-zome"), "{said}");
    let said = fails(&mut Server::command(&data, &["--time-zone", "Mars/Olympus"]));
    assert!(said.contains("Mars/Olympus"), "{said}");
}

#[test]
fn a_database_of_a_newer_version_is_refused_with_the_version_it_needs() {
    let temp = tempfile::tempdir().unwrap();
    drop(Server::start(temp.path()));
    let database = temp.path().join("imprint.db");
    let sql = "import sqlite3,sys; c=sqlite3.connect(sys.argv[1]); \
               c.execute(\"insert into seaql_migrations values ('m29990101_000001_future', 1)\"); c.commit()";
    crate::server::run("python3", &["-c", sql, database.to_str().unwrap()]);
    let said = fails(&mut Server::command(temp.path(), &[]));
    assert!(said.contains("m29990101_000001_future"), "{said}");
}
