//! Queries among a great many images, and queries and templates of many clients at once.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use imprint_test_support::PostgresCluster;

use super::api::{Api, Mode};
use super::pages;
use super::report::{Bar, Report, Row};
use super::sample::{Samples, ratio, shown};
use super::server::{PASSWORD, Server};
use super::setting::Setting;
use super::volume::{self, Layout};

/// What one query of one image may take.
const LIMIT: Duration = Duration::from_millis(5);
/// Clients that make images side by side.
const MAKERS: u32 = 32;
/// Clients that query and make templates at once.
const CLIENTS: u32 = 64;
/// Queries of each kind.
const CALLS: u32 = 500;

/// One image by its id, name or tag among all, on both databases.
pub(crate) fn among_many(setting: &mut Setting, report: &mut Report) -> Result<()> {
    among_many_on(setting, report, "SQLite", &[])?;
    let cluster = PostgresCluster::start().context("start PostgreSQL")?;
    let url = cluster.create_database().context("make a database")?;
    among_many_on(setting, report, "PostgreSQL", &["--database", &url])
}

fn among_many_on(setting: &Setting, report: &mut Report, database: &str, arguments: &[&str]) -> Result<()> {
    let dir = setting.dir.join(format!("queries-{database}"));
    std::fs::create_dir_all(&dir)?;
    let server = Server::start_with(&dir, arguments)?;
    let mut api = Api::log_in(server.address, PASSWORD)?;
    let path = dir.join("data/volumes/small.raw");
    volume::write(&path, Layout { size: 64 << 20, data: 1 << 20, seed: 5 })?;
    let uuid = api.create_volume("small.raw", "raw")?;
    let (backup, _) = api.back_up(&uuid, Mode::Full)?;
    make_images(&api, &server, &backup, setting.scale.images)?;
    let image = api.settled_template(&backup)?;
    api.mark(&image, "the-one")?;
    for (name, condition) in [
        ("uuid", format!("uuid={image}")),
        ("name", "name=the-one".to_owned()),
        ("tag", "__userTag__=the-one".to_owned()),
    ] {
        let mut times = Samples::default();
        for call in 0..CALLS + 50 {
            let begin = Instant::now();
            let found = api.images(&condition)?;
            if call >= 50 {
                times.push(begin.elapsed());
            }
            anyhow::ensure!(found == 1, "{condition} found {found} images");
        }
        report.add(Row {
            measure: format!("query by {name} among {} images, {database}, p50", setting.scale.images),
            ours: shown(times.p50()),
            other: "5 ms".to_owned(),
            ratio: ratio(times.p50(), LIMIT),
            bar: Bar::AtMost(1.0),
        });
    }
    pages::among_many(&server, database, setting.scale.images, report)
}

fn make_images(api: &Api, server: &Server, backup: &str, images: u32) -> Result<()> {
    let made = AtomicU32::new(0);
    thread::scope(|scope| {
        let maker = || -> Result<()> {
            let mut api = api.again(server.address)?;
            let request = api.template_request(backup);
            while made.fetch_add(1, Ordering::Relaxed) < images {
                api.make_template(&request)?;
            }
            Ok(())
        };
        let threads: Vec<_> = (0..MAKERS).map(|_| scope.spawn(maker)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| anyhow!("a client panicked"))?)
    })
}

/// Many clients, each a query and a template in turn: none fails, and none waits much longer than most.
pub(crate) fn mixed(setting: &mut Setting, report: &mut Report) -> Result<()> {
    let path = setting.volumes().join("mixed.raw");
    volume::write(&path, Layout { size: 64 << 20, data: 1 << 20, seed: 6 })?;
    let uuid = setting.api.create_volume("mixed.raw", "raw")?;
    let (backup, _) = setting.api.back_up(&uuid, Mode::Full)?;
    let image = setting.api.settled_template(&backup)?;
    let stop = AtomicBool::new(false);
    let all = Mutex::new((Samples::default(), Samples::default()));
    let condition = format!("uuid={image}");
    thread::scope(|scope| {
        let client = || -> Result<()> {
            let mut api = setting.api.again(setting.server.address)?;
            let request = api.template_request(&backup);
            let (mut queries, mut templates) = (Samples::default(), Samples::default());
            while !stop.load(Ordering::Relaxed) {
                let begin = Instant::now();
                api.images(&condition)?;
                queries.push(begin.elapsed());
                templates.push(api.make_template(&request)?);
            }
            let mut all = all.lock().map_err(|_| anyhow!("a client panicked"))?;
            all.0.extend(&queries);
            all.1.extend(&templates);
            Ok(())
        };
        let threads: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(client)).collect();
        thread::sleep(Duration::from_secs(setting.scale.mixed_seconds));
        stop.store(true, Ordering::Relaxed);
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| anyhow!("a client panicked"))?)
    })?;
    let all = all.into_inner().map_err(|_| anyhow!("a client panicked"))?;
    for (name, times) in [("queries", all.0), ("templates", all.1)] {
        report.add(Row {
            measure: format!("{CLIENTS} clients mixing queries and templates: p99 of {name}"),
            ours: shown(times.p99()),
            other: format!("p50 {}", shown(times.p50())),
            ratio: ratio(times.p99(), times.p50()),
            bar: Bar::AtMost(10.0),
        });
    }
    Ok(())
}
