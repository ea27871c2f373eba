//! What the headers of a call ask for besides its parameters.

use crate::refusal::{FrontRefusal, shown};
use crate::trusted_proxies::Scheme;
use hyper::header::{HOST, HeaderMap};
use std::net::SocketAddr;
use std::time::Duration;

/// The length of a job's id; what stands in it is the client's choice.
const JOB_ID_LENGTH: usize = 32;

/// What the headers of a call ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CallHeaders {
    /// The id that the client gives the job.
    pub(crate) job: Option<String>,
    /// Where the end of the job is to be told.
    pub(crate) web_hook: Option<String>,
    /// How long the call may take.
    pub(crate) timeout: Option<Duration>,
}

impl CallHeaders {
    /// Reads them.
    pub(crate) fn parse(headers: &HeaderMap) -> Result<Self, FrontRefusal> {
        let text = |name: &str| {
            let value = headers.get(name)?;
            Some(
                value
                    .to_str()
                    .map(str::trim)
                    .map_err(|_| FrontRefusal::bad_request(format!("{name} is not ASCII text"))),
            )
        };
        let job = text("X-Job-UUID").transpose()?;
        if job.is_some_and(|job| job.len() != JOB_ID_LENGTH) {
            return Err(FrontRefusal::bad_request("the header 'X-Job-UUID' must have exactly 32 characters"));
        }
        let timeout = text("X-API-Timeout").transpose()?.map(timeout).transpose()?;
        let web_hook = text("X-Web-Hook").transpose()?.filter(|url| !url.is_empty()).map(str::to_owned);
        Ok(Self { job: job.map(str::to_owned), web_hook, timeout })
    }
}

/// Seconds, which must be a number of milliseconds that clients can read.
fn timeout(seconds: &str) -> Result<Duration, FrontRefusal> {
    let refused = || {
        let seconds = shown(seconds);
        FrontRefusal::bad_request(format!("the header 'X-API-Timeout' must be a number of seconds, not '{seconds}'"))
    };
    let seconds: u64 = seconds.parse().map_err(|_| refused())?;
    seconds.checked_mul(1000).filter(|millis| i64::try_from(*millis).is_ok()).ok_or_else(refused)?;
    Ok(Duration::from_secs(seconds))
}

/// Whether the request asks for an example and must change nothing.
///
/// # Errors
/// When it says something else than yes or no: performing it could do what was not meant.
pub(crate) fn wants_mock(headers: &HeaderMap) -> Result<bool, FrontRefusal> {
    let Some(value) = headers.get("X-Imprint-Mock") else { return Ok(false) };
    match value.to_str().unwrap_or_default().trim() {
        value if value.eq_ignore_ascii_case("true") => Ok(true),
        value if value.eq_ignore_ascii_case("false") => Ok(false),
        value => {
            let text = format!("the header 'X-Imprint-Mock' must be true or false, not '{}'", shown(value));
            Err(FrontRefusal::bad_request(text))
        }
    }
}

/// Whether the reply shall carry its `schema`: the header's presence says so, whatever its value.
pub(crate) fn wants_schema(headers: &HeaderMap) -> bool {
    headers.contains_key("X-JSON-Schema")
}

/// What absolute URLs begin with: the configured URL, else the scheme and the name by which the client called.
pub(crate) fn base_url(public_url: Option<&str>, headers: &HeaderMap, scheme: Scheme, local: SocketAddr) -> String {
    if let Some(url) = public_url {
        return url.trim_end_matches('/').to_owned();
    }
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'[' | b']');
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    match host.filter(|host| !host.is_empty() && host.bytes().all(is_name)) {
        Some(host) => format!("{}://{host}", scheme.as_str()),
        None => format!("{}://{local}", scheme.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(name: &'static str, value: &'static str) -> Result<CallHeaders, FrontRefusal> {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        CallHeaders::parse(&headers)
    }

    #[test]
    fn a_job_id_has_32_characters_of_any_kind() {
        let id = "not a uuid, but thirty-two long.";
        assert_eq!(parse("x-job-uuid", id).unwrap().job.as_deref(), Some(id));
        for id in ["", "short", "c4418f02-d7aa-4d3e-a6b9-0f5e12837bd1"] {
            assert!(parse("x-job-uuid", id).unwrap_err().text.contains("X-Job-UUID"), "{id}");
        }
    }

    #[test]
    fn a_timeout_is_a_number_of_seconds() {
        assert_eq!(parse("x-api-timeout", "90").unwrap().timeout, Some(Duration::from_secs(90)));
        for seconds in ["", "1.5", "-1", "soon", "99999999999999999999", "18446744073709551615", "9223372036854775807"]
        {
            assert_eq!(parse("x-api-timeout", seconds).unwrap_err().status, 400, "{seconds}");
        }
    }

    #[test]
    fn urls_begin_with_the_configured_url_or_with_the_name_called() {
        let local = "10.1.2.3:8080".parse().unwrap();
        let mut headers = HeaderMap::new();
        assert_eq!(base_url(None, &headers, Scheme::Http, local), "http://10.1.2.3:8080");
        headers.insert(HOST, "backup.example:80".parse().unwrap());
        assert_eq!(base_url(None, &headers, Scheme::Https, local), "https://backup.example:80");
        headers.insert(HOST, "evil/path?".parse().unwrap());
        assert_eq!(base_url(None, &headers, Scheme::Http, local), "http://10.1.2.3:8080");
        assert_eq!(base_url(Some("https://b.example/"), &headers, Scheme::Http, local), "https://b.example");
    }
}
