//! TLS, and what is said in the clear.

use crate::server::{ADMIN, PASSWORD, Server, text};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion};
use serde_json::{Value, json};
use sha2::{Digest, Sha512};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::Arc;

/// A server whose settings may be replaced by flags.
fn command(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_imprint"));
    command.arg("serve").arg("--data").arg(data).stdin(Stdio::null());
    command.env("IMPRINT_LISTEN", "127.0.0.1:0").env("IMPRINT_ADMIN_PASSWORD", PASSWORD);
    command
}

/// A certificate of `localhost`, and the files that hold it and its key.
struct Pair {
    cert: PathBuf,
    key: PathBuf,
}

impl Pair {
    fn in_folder(folder: &Path) -> Self {
        let pair = Self { cert: folder.join("cert.pem"), key: folder.join("key.pem") };
        pair.renew();
        pair
    }

    /// Puts a new certificate and a new key in their place.
    fn renew(&self) {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        std::fs::write(&self.cert, made.cert.pem()).unwrap();
        std::fs::write(&self.key, made.signing_key.serialize_pem()).unwrap();
    }

    fn certificate(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_file(&self.cert).unwrap()
    }
}

/// A server that is spoken to over TLS.
struct TlsServer {
    child: Child,
    address: String,
    log: BufReader<ChildStderr>,
}

impl TlsServer {
    fn start(data: &Path, pair: &Pair) -> Self {
        let arguments = ["--tls-cert", pair.cert.to_str().unwrap(), "--tls-key", pair.key.to_str().unwrap()];
        let mut child = command(data).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on https://").expect(&line).to_owned();
        let log = BufReader::new(child.stderr.take().unwrap());
        Self { child, address, log }
    }

    fn connect(
        &self,
        trusted: &CertificateDer<'static>,
        version: &'static SupportedProtocolVersion,
    ) -> std::io::Result<TlsClient> {
        let mut roots = RootCertStore::empty();
        roots.add(trusted.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connection = ClientConnection::new(Arc::new(config), ServerName::try_from("localhost").unwrap()).unwrap();
        let mut stream = StreamOwned::new(connection, TcpStream::connect(&self.address)?);
        stream.flush()?;
        Ok(TlsClient(BufReader::new(stream)))
    }

    /// Tells it that its files have changed, and waits until it says what came of that.
    fn reload(&mut self, said: &str) -> String {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGHUP).unwrap();
        loop {
            let mut line = String::new();
            assert_ne!(self.log.read_line(&mut line).unwrap(), 0, "the log ended without '{said}'");
            if line.contains(said) {
                return line;
            }
        }
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A connection that is kept open.
struct TlsClient(BufReader<StreamOwned<ClientConnection, TcpStream>>);

impl TlsClient {
    fn call(&mut self, method: &str, path: &str, headers: &str, body: &str) -> (u16, Value) {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost:1234\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.0.get_mut().write_all(request.as_bytes()).unwrap();
        let (mut status, mut len) = (0, 0);
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            if let Some(rest) = line.strip_prefix("HTTP/1.1 ") {
                status = rest[..3].parse().unwrap();
            }
            if let Some(rest) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                len = rest.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; len];
        self.0.read_exact(&mut body).unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    fn log_in(&mut self) -> String {
        let digest = hex::encode(Sha512::digest(PASSWORD));
        let body = json!({"logInByAccount": {"accountName": "admin", "password": digest}}).to_string();
        let (status, reply) = self.call("PUT", "/zstack/v1/accounts/login", "", &body);
        assert_eq!((status, &reply["inventory"]["accountUuid"]), (200, &json!(ADMIN)));
        text(&reply["inventory"]["uuid"])
    }
}

#[test]
fn both_versions_of_tls_are_spoken_and_locations_are_https() {
    let temp = tempfile::tempdir().unwrap();
    let pair = Pair::in_folder(temp.path());
    let server = TlsServer::start(&temp.path().join("data"), &pair);
    for (version, digit) in [(&rustls::version::TLS12, "2"), (&rustls::version::TLS13, "3")] {
        let mut client = server.connect(&pair.certificate(), version).unwrap();
        let session = client.log_in();
        let headers = format!("Authorization: OAuth {session}\r\nX-Job-UUID: {}\r\n", digit.repeat(32));
        let (status, reply) = client.call("POST", "/zstack/v1/volumes/data", &headers, "{}");
        assert_eq!(status, 202, "{reply}");
        let location = text(&reply["location"]);
        assert!(location.starts_with("https://localhost:1234/zstack/v1/api-jobs/"), "{location}");
    }
    // Whoever speaks plain HTTP is told so, and nobody else suffers.
    let mut plain = TcpStream::connect(&server.address).unwrap();
    plain.write_all(b"GET /zstack/v1/zones HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut answer = String::new();
    plain.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400") && answer.ends_with("https URL"), "{answer}");
    server.connect(&pair.certificate(), &rustls::version::TLS13).unwrap().log_in();
}

#[test]
fn a_new_certificate_is_taken_at_sighup_and_a_bad_one_is_not() {
    let temp = tempfile::tempdir().unwrap();
    let pair = Pair::in_folder(temp.path());
    let mut server = TlsServer::start(&temp.path().join("data"), &pair);
    let first = pair.certificate();
    let version = &rustls::version::TLS13;
    let mut open = server.connect(&first, version).unwrap();
    open.log_in();
    pair.renew();
    let second = pair.certificate();
    server.reload("new connections are met with the certificate");
    // Connections that were open go on.
    open.log_in();
    server.connect(&second, version).unwrap().log_in();
    assert!(server.connect(&first, version).is_err());
    // A key that belongs to another certificate.
    pair.renew();
    let key = std::fs::read(&pair.key).unwrap();
    pair.renew();
    std::fs::write(&pair.key, key).unwrap();
    let said = server.reload("the old one stays in use");
    assert!(said.contains("ERROR") && said.contains("key.pem"), "{said}");
    std::fs::remove_file(&pair.cert).unwrap();
    let said = server.reload("the old one stays in use");
    assert!(said.contains("cert.pem"), "{said}");
    open.log_in();
    server.connect(&second, version).unwrap().log_in();
}

fn refused(arguments: &[&str]) -> String {
    let temp = tempfile::tempdir().unwrap();
    let output = command(&temp.path().join("data")).args(arguments).output().unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn plain_http_beyond_this_machine_must_be_wanted() {
    for address in ["0.0.0.0:0", "[::]:0"] {
        let said = refused(&["--listen", address]);
        assert!(said.contains("--insecure-http") && said.contains("--tls-cert"), "{said}");
    }
    let temp = tempfile::tempdir().unwrap();
    let mut child =
        command(temp.path()).args(["--listen", "0.0.0.0:0", "--insecure-http"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(line.starts_with("listening on http://0.0.0.0:"), "{line}");
}

#[test]
fn certificates_that_cannot_be_used_are_refused_at_the_start() {
    let temp = tempfile::tempdir().unwrap();
    let pair = Pair::in_folder(temp.path());
    let (cert, key) = (pair.cert.to_str().unwrap(), pair.key.to_str().unwrap());
    assert!(refused(&["--tls-cert", cert]).contains("'--tls-key' is not set"));
    assert!(refused(&["--tls-key", key]).contains("'--tls-cert' is not set"));
    assert!(refused(&["--tls-cert", key, "--tls-key", key]).contains("no certificate in"));
    assert!(refused(&["--tls-cert", cert, "--tls-key", "/none.pem"]).contains("/none.pem"));
}

#[test]
fn forwarded_headers_count_from_trusted_proxies_only() {
    let location = |arguments: &[&str]| {
        let temp = tempfile::tempdir().unwrap();
        let server = Server::start_with(temp.path(), arguments);
        let request = server
            .request("POST", "/zstack/v1/volumes/data")
            .header("Authorization", format!("OAuth {}", server.session()))
            .header("X-Job-UUID", "a".repeat(32))
            .header("X-Forwarded-For", "192.0.2.1")
            .header("X-Forwarded-Proto", "https")
            .body("{}");
        text(&Server::send(request).json()["location"])
    };
    assert!(location(&[]).starts_with("http://127.0.0.1:"));
    assert!(location(&["--trusted-proxy", "10.0.0.0/8"]).starts_with("http://127.0.0.1:"));
    let trusted = ["--trusted-proxy", "10.0.0.0/8", "--trusted-proxy", "127.0.0.1"];
    assert!(location(&trusted).starts_with("https://127.0.0.1:"));
}
