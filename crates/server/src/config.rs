//! Every setting of the server, declared once: each field is a flag, an `IMPRINT_…` variable and a key of the file that
//! `--config` names. A flag wins over a variable, a variable over the file, the file over the default.

use crate::{HttpConfig, Tls, TlsError, TrustedProxy};
use clap::{Args, ValueEnum};
use imprint_api::{ReplyZone, UnknownZone};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// How long a new connection may take until the head of its first request has arrived.
const FIRST_HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// A JSON object a line.
    Json,
}

/// When the digests of images are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Digests {
    /// Soon after an image is made, at the lowest priority.
    Auto,
    /// When an image is exported.
    OnExport,
}

/// What deleting an image or a volume does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Deletion {
    /// It can be recovered for a while, then it is expunged.
    Delay,
    /// It is expunged at once.
    Direct,
    /// It can be recovered until somebody expunges it.
    Never,
}

/// The settings of the server.
#[derive(Args, Clone, Debug)]
pub struct ServerConfig {
    /// A TOML file with any of these settings.
    #[arg(long, env = "IMPRINT_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// The directory that everything of this server lies in. It is made when it is missing, and locked while in use.
    #[arg(long, env = "IMPRINT_DATA", value_name = "DIR", default_value = "imprint-data")]
    pub data: PathBuf,

    /// Where to listen.
    #[arg(long, env = "IMPRINT_LISTEN", value_name = "ADDR:PORT", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    /// A PEM file with the server's certificate and those that vouch for it: HTTPS is served. Read again on SIGHUP.
    #[arg(long, env = "IMPRINT_TLS_CERT", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,

    /// A PEM file with the certificate's private key. Read again on SIGHUP.
    #[arg(long, env = "IMPRINT_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,

    /// Whether plain HTTP may be served beyond this machine: passwords, sessions and data then travel in the clear.
    #[arg(
        long,
        env = "IMPRINT_INSECURE_HTTP",
        value_name = "true|false",
        default_value = "false",
        default_missing_value = "true",
        num_args = 0..=1,
        require_equals = true,
        action = clap::ArgAction::Set
    )]
    pub insecure_http: bool,

    /// The address or network of a proxy whose `Forwarded`, `X-Forwarded-For`, `X-Real-IP` and `X-Forwarded-Proto` are
    /// believed; several are parted by commas.
    #[arg(long, env = "IMPRINT_TRUSTED_PROXY", value_name = "IP[/BITS]", value_delimiter = ',')]
    pub trusted_proxy: Vec<TrustedProxy>,

    /// The database: a URL `postgres://…`, or SQLite in the data directory when absent.
    #[arg(long, env = "IMPRINT_DATABASE", value_name = "URL", hide_env_values = true)]
    pub database: Option<String>,

    /// A directory besides the data directory that storages and added images may name; several are parted by colons.
    #[arg(long, env = "IMPRINT_ALLOW_DIR", value_name = "DIR", value_delimiter = ':')]
    pub allow_dir: Vec<PathBuf>,

    /// What links in answers begin with, such as `https://backup.example`; when absent, the name that the client called.
    #[arg(long, env = "IMPRINT_PUBLIC_URL", value_name = "URL", value_parser = public_url)]
    pub public_url: Option<String>,

    /// The time zone of dates in answers, such as `Europe/Berlin`.
    #[arg(long, env = "IMPRINT_TIME_ZONE", value_name = "NAME", default_value = "UTC", value_parser = time_zone)]
    pub time_zone: ReplyZone,

    /// How the log is written to standard error.
    #[arg(long, env = "IMPRINT_LOG_FORMAT", value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,

    /// What is logged: `error`, `warn`, `info`, `debug`, `trace`, or levels of single parts such as `info,imprint_server=debug`.
    #[arg(long, env = "IMPRINT_LOG_LEVEL", value_name = "LEVEL", default_value = "info")]
    pub log_level: String,

    /// How long a client waits for a call before it is told where to poll.
    #[arg(long, env = "IMPRINT_SYNC_WAIT", value_name = "TIME", default_value = "5s", value_parser = duration)]
    pub sync_wait: Duration,

    /// How long the download link of an exported image works.
    #[arg(long, env = "IMPRINT_EXPORT_LIFETIME", value_name = "TIME", default_value = "24h", value_parser = duration)]
    pub export_lifetime: Duration,

    /// When MD5 and SHA-256 of images are computed: soon after they are made, or when they are exported.
    #[arg(long, env = "IMPRINT_DIGESTS", value_name = "WHEN", default_value = "auto")]
    pub digests: Digests,

    /// Whether a deleted image is expunged after a while, at once or never.
    #[arg(long, env = "IMPRINT_IMAGE_DELETION_POLICY", value_name = "POLICY", default_value = "delay")]
    pub image_deletion_policy: Deletion,

    /// Whether a deleted volume is expunged, and its file if it was made here, after a while, at once or never.
    #[arg(long, env = "IMPRINT_VOLUME_DELETION_POLICY", value_name = "POLICY", default_value = "delay")]
    pub volume_deletion_policy: Deletion,

    /// How long what is deleted with `delay` can be recovered.
    #[arg(long, env = "IMPRINT_EXPUNGE_PERIOD", value_name = "TIME", default_value = "3d", value_parser = duration)]
    pub expunge_period: Duration,

    /// Memory that the data of a running backup may take; two run at a time.
    #[arg(long, env = "IMPRINT_MEMORY_BUDGET", value_name = "SIZE", default_value = "128MiB")]
    pub memory_budget: ByteSize,

    /// Connections at once.
    #[arg(long, env = "IMPRINT_MAX_CONNECTIONS", value_name = "N", default_value = "1024", value_parser = limit)]
    pub max_connections: usize,

    /// Calls at once, jobs that go on after their request and long jobs included.
    #[arg(long, env = "IMPRINT_MAX_CALLS", value_name = "N", default_value = "256", value_parser = limit)]
    pub max_calls: usize,

    /// The largest file that an image is fetched from, or that is uploaded. It lies in the data directory until it is stored.
    #[arg(long, env = "IMPRINT_MAX_IMAGE_SIZE", value_name = "SIZE", default_value = "1TiB")]
    pub max_image_size: ByteSize,

    /// Whether images may be fetched from loopback, link-local and private addresses.
    #[arg(
        long,
        env = "IMPRINT_ALLOW_PRIVATE_IMAGE_URLS",
        value_name = "true|false",
        default_value = "false",
        default_missing_value = "true",
        num_args = 0..=1,
        require_equals = true,
        action = clap::ArgAction::Set
    )]
    pub allow_private_image_urls: bool,

    /// Whether web hooks may be called at loopback, link-local and private addresses.
    #[arg(
        long,
        env = "IMPRINT_ALLOW_PRIVATE_WEB_HOOKS",
        value_name = "true|false",
        default_value = "false",
        default_missing_value = "true",
        num_args = 0..=1,
        require_equals = true,
        action = clap::ArgAction::Set
    )]
    pub allow_private_web_hooks: bool,
}

impl ServerConfig {
    /// What of it concerns the answering of requests.
    pub fn http(&self) -> HttpConfig {
        HttpConfig {
            public_url: self.public_url.clone(),
            sync_wait: self.sync_wait,
            max_connections: self.max_connections,
            first_head_timeout: FIRST_HEAD_TIMEOUT,
            allow_private_web_hooks: self.allow_private_web_hooks,
            trusted_proxies: self.trusted_proxy.clone(),
            zone: self.time_zone.clone(),
        }
    }

    /// The certificate and key that connections are met with, if they are.
    ///
    /// # Errors
    /// When they cannot be used, or when only one of them is set.
    pub fn tls(&self) -> Result<Option<Tls>, TlsError> {
        match (&self.tls_cert, &self.tls_key) {
            (Some(cert), Some(key)) => Tls::load(cert.clone(), key.clone()).map(Some),
            (None, None) => Ok(None),
            (Some(_), None) => Err(TlsError::Half { missing: "--tls-key" }),
            (None, Some(_)) => Err(TlsError::Half { missing: "--tls-cert" }),
        }
    }

    /// Refuses what would send passwords in the clear by mere oversight.
    ///
    /// # Errors
    /// When plain HTTP is to be served beyond this machine and nobody has said that it may.
    pub fn check_exposure(&self) -> Result<(), ExposedHttp> {
        let is_local = self.listen.ip().to_canonical().is_loopback();
        if is_local || self.insecure_http || self.tls_cert.is_some() {
            return Ok(());
        }
        Err(ExposedHttp { listen: self.listen })
    }
}

/// Plain HTTP would be served beyond this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "plain HTTP at {listen} would carry passwords, sessions and data in the clear: give --tls-cert and --tls-key, or \
     listen at 127.0.0.1 behind a proxy that speaks TLS, or say --insecure-http where the network can be trusted"
)]
pub struct ExposedHttp {
    /// Where.
    pub listen: SocketAddr,
}

/// A number of bytes, such as `128MiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteSize(pub u64);

/// A text that is no size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a size is a whole number of bytes, or one with KiB, MiB, GiB or TiB behind it")]
pub struct InvalidSize;

impl FromStr for ByteSize {
    type Err = InvalidSize;

    fn from_str(text: &str) -> Result<Self, InvalidSize> {
        let units = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("TiB", 40), ("", 0)];
        let (number, shift) = units
            .iter()
            .find_map(|(unit, shift)| text.strip_suffix(unit).map(|number| (number.trim_end(), *shift)))
            .ok_or(InvalidSize)?;
        let number: u64 = number.parse().map_err(|_| InvalidSize)?;
        number.checked_mul(1 << shift).map(Self).ok_or(InvalidSize)
    }
}

/// A time such as `500ms`, `5s`, `10m`, `24h` or `7d`.
fn duration(text: &str) -> Result<Duration, &'static str> {
    const EXPECTED: &str = "a time is a whole number with ms, s, m, h or d behind it";
    let units = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
    let (number, millis) =
        units.iter().find_map(|(unit, millis)| Some((text.strip_suffix(unit)?, *millis))).ok_or(EXPECTED)?;
    let number: u64 = number.parse().map_err(|_| EXPECTED)?;
    // Beyond a century a time is a slip, and arithmetic on it may overflow.
    let millis = number.checked_mul(millis).filter(|millis| *millis <= 100 * 366 * 86_400_000).ok_or(EXPECTED)?;
    Ok(Duration::from_millis(millis))
}

fn time_zone(name: &str) -> Result<ReplyZone, UnknownZone> {
    ReplyZone::from_name(name)
}

fn public_url(url: &str) -> Result<String, &'static str> {
    match reqwest::Url::parse(url) {
        Ok(parsed) if matches!(parsed.scheme(), "http" | "https") && parsed.query().is_none() => Ok(url.to_owned()),
        _ => Err("it must begin with http:// or https:// and have no query"),
    }
}

fn limit(text: &str) -> Result<usize, &'static str> {
    /// What a semaphore counts at most is far beyond it.
    const MOST: usize = 1_000_000;
    text.parse().ok().filter(|limit| (1..=MOST).contains(limit)).ok_or("it must be a number from 1 to 1000000")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_their_units() {
        for (text, bytes) in [("0", 0), ("512", 512), ("4KiB", 4096), ("128 MiB", 128 << 20), ("64TiB", 64 << 40)] {
            assert_eq!(text.parse(), Ok(ByteSize(bytes)), "{text}");
        }
        for text in ["", "MiB", "-1", "1.5GiB", "1MB", "99999999TiB", "x"] {
            assert_eq!(text.parse::<ByteSize>(), Err(InvalidSize), "{text}");
        }
    }

    #[test]
    fn times_are_read_with_their_units() {
        for (text, millis) in [("500ms", 500), ("5s", 5000), ("2m", 120_000), ("24h", 86_400_000), ("1d", 86_400_000)] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "5", "s", "-1s", "1.5s", "99999999999999999999s", "99999999d"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
