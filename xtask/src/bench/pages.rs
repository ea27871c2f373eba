//! The console's pages over a great many images.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::http::Connection;
use super::report::{Bar, Report, Row};
use super::sample::{Samples, ratio, shown};
use super::server::{PASSWORD, Server};

/// What a page may take.
const LIMIT: Duration = Duration::from_millis(200);
/// Looks at each page.
const LOOKS: u32 = 30;
/// Rows of a page.
const ROWS: u32 = 50;

/// The overview and tables of images: the newest, the last ones by name, those whose name has something in it.
pub(crate) fn among_many(server: &Server, database: &str, images: u32, report: &mut Report) -> Result<()> {
    let mut connection = Connection::open(server.address)?;
    let cookie = sign_in(&mut connection)?;
    for (name, path) in [
        ("the overview", "/".to_owned()),
        ("images, newest first", "/images".to_owned()),
        ("images, last page by name", format!("/images?sort=name&page={}", images / ROWS)),
        ("images by a part of the name", "/images?name=he-o".to_owned()),
    ] {
        let lines = format!("Cookie: {cookie}\r\nAccept-Encoding: gzip\r\n");
        let request = connection.encode_with("GET", &path, &lines, "");
        let mut times = Samples::default();
        for look in 0..LOOKS + 3 {
            let begin = Instant::now();
            let answer = connection.send(&request)?;
            anyhow::ensure!(answer.status == 200, "{path} answered {}", answer.status);
            if look >= 3 {
                times.push(begin.elapsed());
            }
        }
        report.add(Row {
            measure: format!("page: {name}, of {images}, {database}, p50"),
            ours: shown(times.p50()),
            other: "200 ms".to_owned(),
            ratio: ratio(times.p50(), LIMIT),
            bar: Bar::AtMost(1.0),
        });
    }
    Ok(())
}

/// The cookie of a session.
fn sign_in(connection: &mut Connection) -> Result<String> {
    let lines = "Content-Type: application/x-www-form-urlencoded\r\n";
    let form = format!("account=admin&password={PASSWORD}");
    let request = connection.encode_with("POST", "/sign-in", lines, &form);
    let answer = connection.send(&request)?;
    let head = std::str::from_utf8(answer.head).context("the head of the answer")?;
    let mut fields = head.lines().filter_map(|line| line.split_once(": "));
    let cookie = fields.find(|(name, _)| name.eq_ignore_ascii_case("set-cookie")).map(|(_, value)| value);
    let cookie = cookie.and_then(|value| value.split(';').next()).context("the sign-in set no cookie")?;
    Ok(cookie.to_owned())
}
