//! Long jobs: how far one has come, and what it ended with.

use crate::cell::{Cell, cell, text};
use crate::collections::collection;
use crate::console::Console;
use crate::layout::ErrorBox;
use crate::outcome;
use crate::texts::Texts;
use crate::visit::Visit;
use askama::Template;
use imprint_api::{ErrorCode, OperationDescription};
use imprint_domain::LongJobState;
use serde_json::{Map, Value};
use std::time::Duration;

/// How long the page of a job that was just submitted waits for its end, and how often it looks.
const LOOKS: [Duration; 10] = [Duration::from_millis(150); 10];

/// Where a job stands.
#[derive(Clone, Debug, Template)]
#[template(path = "job_state.html")]
pub(crate) struct JobState {
    texts: &'static Texts,
    /// Its state.
    state: Cell,
    /// Of a hundred.
    percent: u64,
    /// What it does now.
    step: String,
    /// Where what it made has its page.
    made: Option<String>,
    /// What went wrong.
    error: Option<ErrorBox>,
}

impl JobState {
    /// Whether it goes on.
    pub(crate) fn runs(&self) -> bool {
        !has_ended(&self.state.text)
    }

    /// How far the job of this row has come.
    pub(crate) fn new(console: &Console, visit: &Visit, row: &Value) -> Self {
        let mut state = Self {
            texts: visit.texts,
            state: cell("state", row.get("state")),
            percent: 100,
            step: String::new(),
            made: None,
            error: None,
        };
        if state.runs() {
            (state.percent, state.step) = progress(console, visit, text(row, "apiId"));
            return state;
        }
        let result: Value = serde_json::from_str(text(row, "jobResult")).unwrap_or_default();
        if state.state.text == LongJobState::Succeeded.as_str() {
            let run = OperationDescription::of_job(text(row, "jobName"));
            let parameters: Map<String, Value> = serde_json::from_str(text(row, "jobData")).unwrap_or_default();
            state.made = run.and_then(|it| outcome::leads_to(it, &result, &parameters));
        } else {
            state.error = error_of(result).map(|error| ErrorBox::new(visit, error));
        }
        state
    }
}

/// A job that runs, or a call that takes long.
#[derive(Clone, Debug)]
struct RunningJob {
    /// The page of a job; calls have none.
    href: Option<String>,
    name: String,
    percent: u64,
    step: String,
}

/// The jobs that run, and the calls that take long on this server.
#[derive(Clone, Debug, Template)]
#[template(path = "running_jobs.html")]
pub(crate) struct RunningJobs {
    texts: &'static Texts,
    jobs: Vec<RunningJob>,
}

/// Jobs that are shown at most, and calls.
const SHOWN: usize = 20;

impl RunningJobs {
    /// The newest of them that the visitor sees.
    ///
    /// # Errors
    /// When they cannot be asked for.
    pub(crate) async fn load(console: &Console, visit: &Visit) -> Result<Self, Box<ErrorCode>> {
        let mut running = Self { texts: visit.texts, jobs: Vec::new() };
        let Some(it) = collection("jobs") else { return Ok(running) };
        let unended = LongJobState::UNENDED.map(LongJobState::as_str).join(",");
        let asked = format!("q=state?={unended}&sort=-createDate&limit={SHOWN}");
        let found = console.api.query(it.query(), &asked, &visit.visitor).await?;
        for row in found.inventories.unwrap_or_default() {
            let (percent, step) = progress(console, visit, text(&row, "apiId"));
            let (href, name) = (Some(format!("/jobs/{}", text(&row, "uuid"))), text(&row, "name").to_owned());
            running.jobs.push(RunningJob { href, name, percent, step });
        }
        let calls = visit.person.as_ref().map(|person| console.api.backend().running_calls(person.caller));
        for call in calls.into_iter().flatten().take(SHOWN) {
            let name = visit.texts.operation(call.operation);
            running.jobs.push(RunningJob { href: None, name, percent: call.percent.into(), step: call.step });
        }
        Ok(running)
    }
}

/// Whether a job in this state has ended.
fn has_ended(state: &str) -> bool {
    state.parse().is_ok_and(LongJobState::has_ended)
}

/// How far a call has come, and what it does.
fn progress(console: &Console, visit: &Visit, call: &str) -> (u64, String) {
    let caller = visit.person.as_ref().map(|person| person.caller);
    let progress = caller.and_then(|caller| console.api.backend().progress_of(call, caller));
    progress.map_or((0, String::new()), |(percent, step)| (percent.into(), step))
}

/// The error in a job's result.
pub(crate) fn error_of(result: Value) -> Option<Box<ErrorCode>> {
    serde_json::from_value(result.get("error").cloned().unwrap_or(result)).ok()
}

/// The reply of a job that succeeds at once; `None` when it goes on.
///
/// # Errors
/// What it failed with.
pub(crate) async fn ended_soon(console: &Console, visit: &Visit, uuid: &str) -> Result<Option<Value>, Box<ErrorCode>> {
    for wait in LOOKS {
        tokio::time::sleep(wait).await;
        // The job was submitted, whatever comes of looking at it.
        let Ok(Some(row)) = console.row("jobs", uuid, visit).await else { return Ok(None) };
        if !has_ended(text(&row, "state")) {
            continue;
        }
        let result = serde_json::from_str(text(&row, "jobResult")).ok();
        if text(&row, "state") == LongJobState::Succeeded.as_str() {
            return Ok(result);
        }
        return result.and_then(error_of).map_or(Ok(None), Err);
    }
    Ok(None)
}
