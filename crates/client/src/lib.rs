//! A typed client over the declarations of `api`: one call for every operation, jobs followed to their end.

mod request;

use imprint_api::{BackupStorageInventory, ErrorCode, ErrorReply, LogInByAccount, Operation};
use request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha512};
use std::time::Duration;

/// Between two polls of a job.
const POLL_EVERY: Duration = Duration::from_millis(100);

/// Why a call was not answered as it should be.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The server cannot be spoken to.
    #[error("call the server")]
    Http(#[from] reqwest::Error),
    /// The server refused the call, or the call failed.
    #[error("{code}: {details}{advice}", code = .0.code, details = .0.details, advice = advice(.0))]
    Refused(Box<ErrorCode>),
    /// The answer is none that the API gives.
    #[error("the server answered {status}: {body}")]
    Unexpected {
        /// Its status.
        status: u16,
        /// The beginning of its body.
        body: String,
    },
    /// The parameters cannot be written as JSON.
    #[error("write the parameters")]
    Parameters(#[source] serde_json::Error),
    /// There is none that the call could use.
    #[error("the server has no backup storage named 'default'")]
    NoDefaultStorage,
}

fn advice(error: &ErrorCode) -> String {
    error.elaboration.as_ref().map_or_else(String::new, |text| format!(" ({text})"))
}

/// Speaks to one server as one account.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    session: Option<String>,
}

#[derive(Deserialize)]
struct Location {
    location: String,
}

#[derive(Deserialize)]
struct Rows<T> {
    inventories: Vec<T>,
}

impl Client {
    /// Logs in. `base` is what URLs begin with, such as `http://127.0.0.1:8080`.
    pub async fn log_in(base: &str, account: &str, password: &str) -> Result<Self, ClientError> {
        let mut client = Self { http: reqwest::Client::new(), base: base.to_owned(), session: None };
        let operation = LogInByAccount {
            account_name: account.to_owned(),
            // The plain text stays here: the protocol sends its SHA-512.
            password: hex::encode(Sha512::digest(password)),
            account_type: None,
            captcha_uuid: None,
            verify_code: None,
            client_info: None,
        };
        let session = client.call(&operation).await?.inventory;
        client.session = Some(session.uuid);
        Ok(client)
    }

    /// An operation with these parameters, by their names on the wire; those that may be left out are left out.
    pub fn operation<O: Operation>(parameters: serde_json::Value) -> Result<O, ClientError> {
        serde_json::from_value(parameters).map_err(ClientError::Parameters)
    }

    /// Calls an operation and follows its job, if it becomes one.
    pub async fn call<O: Operation>(&self, operation: &O) -> Result<O::Reply, ClientError> {
        let parts = Parts::of(operation).map_err(ClientError::Parameters)?;
        let mut request = self.http.request(parts.method(), format!("{}{}", self.base, parts.path()));
        if let Some(session) = &self.session {
            request = request.header("Authorization", format!("OAuth {session}"));
        }
        if let Some(body) = parts.body() {
            request = request.header("Content-Type", "application/json;charset=UTF-8").body(body);
        }
        let mut response = request.send().await?;
        while response.status() == 202 {
            let Location { location } = response.json().await?;
            response = self.poll(&location).await?;
        }
        decoded(response).await
    }

    /// Polls until the job has ended.
    async fn poll(&self, location: &str) -> Result<reqwest::Response, ClientError> {
        loop {
            let response = self.http.get(location).send().await?;
            if response.status() != 202 {
                return Ok(response);
            }
            tokio::time::sleep(POLL_EVERY).await;
        }
    }

    /// The curl command that makes the same call.
    pub fn curl<O: Operation>(&self, operation: &O) -> Result<String, ClientError> {
        let parts = Parts::of(operation).map_err(ClientError::Parameters)?;
        let session = self.session.as_deref().unwrap_or("SESSION");
        let body = parts.body().map_or_else(String::new, |body| format!(" -d '{}'", body.replace('\'', r"'\''")));
        Ok(format!(
            "curl -X {} '{}{}' -H 'Authorization: OAuth {session}'{body}",
            parts.method(),
            self.base,
            parts.path()
        ))
    }

    /// The backup storage that a first start makes.
    pub async fn default_backup_storage(&self) -> Result<BackupStorageInventory, ClientError> {
        let url = format!("{}/zstack/v1/backup-storage?q=name%3Ddefault", self.base);
        let session = self.session.as_deref().unwrap_or_default();
        let response = self.http.get(url).header("Authorization", format!("OAuth {session}")).send().await?;
        let rows: Rows<BackupStorageInventory> = decoded(response).await?;
        rows.inventories.into_iter().next().ok_or(ClientError::NoDefaultStorage)
    }

    /// Begins a download.
    pub async fn download(&self, url: &str) -> Result<reqwest::Response, ClientError> {
        let response = self.http.get(url).send().await?;
        if response.status() == 200 { Ok(response) } else { Err(refused(response).await?) }
    }
}

async fn decoded<T: DeserializeOwned>(response: reqwest::Response) -> Result<T, ClientError> {
    if response.status() == 200 { Ok(response.json().await?) } else { Err(refused(response).await?) }
}

/// What an answer that is no success says.
async fn refused(response: reqwest::Response) -> Result<ClientError, ClientError> {
    let status = response.status().as_u16();
    let body = response.text().await?;
    Ok(match serde_json::from_str::<ErrorReply>(&body) {
        Ok(reply) => ClientError::Refused(Box::new(reply.error)),
        Err(_) => ClientError::Unexpected { status, body: body.chars().take(500).collect() },
    })
}
