//! Long jobs: how far one has come, and what it ended with.

use crate::collections::{collection, operation};
use crate::console::Console;
use crate::layout::ErrorBox;
use crate::outcome;
use crate::texts::Texts;
use crate::visit::Visit;
use askama::Template;
use imprint_api::{ErrorCode, GetTaskProgress, Operation};
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
    pub(crate) state: String,
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
        matches!(self.state.as_str(), "Waiting" | "Running" | "Canceling")
    }

    /// How far the job of this row has come.
    ///
    /// # Errors
    /// When its progress cannot be asked for.
    pub(crate) async fn load(console: &Console, visit: &Visit, row: &Value) -> Result<Self, Box<ErrorCode>> {
        let text = |field: &str| row.get(field).and_then(Value::as_str).unwrap_or_default();
        let mut state = Self {
            texts: visit.texts,
            state: text("state").to_owned(),
            percent: 100,
            step: String::new(),
            made: None,
            error: None,
        };
        if state.runs() {
            (state.percent, state.step) = progress(console, visit, text("apiId")).await?;
            return Ok(state);
        }
        let result: Value = serde_json::from_str(text("jobResult")).unwrap_or_default();
        if state.state == "Succeeded" {
            let name = text("jobName").strip_prefix("API").and_then(|name| name.strip_suffix("Msg"));
            state.made = name.and_then(operation).and_then(|operation| outcome::place(operation, &result));
        } else {
            let error = result.get("error").cloned().unwrap_or(result);
            state.error = serde_json::from_value(error).ok().map(|error| ErrorBox::new(visit, error));
        }
        Ok(state)
    }
}

/// A job that runs.
#[derive(Clone, Debug)]
struct RunningJob {
    href: String,
    name: String,
    percent: u64,
    step: String,
}

/// The jobs that run.
#[derive(Clone, Debug, Template)]
#[template(path = "running_jobs.html")]
pub(crate) struct RunningJobs {
    texts: &'static Texts,
    jobs: Vec<RunningJob>,
}

impl RunningJobs {
    /// The newest of them that the visitor sees.
    ///
    /// # Errors
    /// When they cannot be asked for.
    pub(crate) async fn load(console: &Console, visit: &Visit) -> Result<Self, Box<ErrorCode>> {
        let mut running = Self { texts: visit.texts, jobs: Vec::new() };
        let Some(it) = collection("jobs") else { return Ok(running) };
        let asked = "q=state?=Waiting,Running,Canceling&sort=-createDate&limit=20";
        let found = console.api.query(it.query(), asked, &visit.visitor).await?;
        for row in found.inventories.unwrap_or_default() {
            let text = |field: &str| row.get(field).and_then(Value::as_str).unwrap_or_default();
            let (percent, step) = progress(console, visit, text("apiId")).await?;
            let (href, name) = (format!("/jobs/{}", text("uuid")), text("name").to_owned());
            running.jobs.push(RunningJob { href, name, percent, step });
        }
        Ok(running)
    }
}

/// How far a call has come, and what it does.
async fn progress(console: &Console, visit: &Visit, api_id: &str) -> Result<(u64, String), Box<ErrorCode>> {
    let Some(get) = operation(GetTaskProgress::NAME) else { return Ok((0, String::new())) };
    let parameters = Map::from_iter([("apiId".to_owned(), api_id.into()), ("all".to_owned(), true.into())]);
    let reply = console.api.call(get, parameters, &visit.visitor).await?;
    let at = |pointer: &str| reply.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let step = at("/inventories/0/subTasks/0/content").to_owned();
    Ok((at("/inventories/0/content").parse().unwrap_or(0), step))
}

/// The reply of a job that succeeds at once; `None` when it goes on.
///
/// # Errors
/// What it failed with.
pub(crate) async fn ended_soon(console: &Console, visit: &Visit, uuid: &str) -> Result<Option<Value>, Box<ErrorCode>> {
    for wait in LOOKS {
        tokio::time::sleep(wait).await;
        let Some(row) = console.row("jobs", uuid, visit).await? else { return Ok(None) };
        let text = |field: &str| row.get(field).and_then(Value::as_str).unwrap_or_default();
        match text("state") {
            "Succeeded" => return Ok(serde_json::from_str(text("jobResult")).ok()),
            "Failed" | "Canceled" => {
                let result: Value = serde_json::from_str(text("jobResult")).unwrap_or_default();
                let error = result.get("error").cloned().unwrap_or(result);
                return serde_json::from_value(error).map_or(Ok(None), Err);
            }
            _ => {}
        }
    }
    Ok(None)
}
