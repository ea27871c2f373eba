//! What the server asks for over HTTPS: images, and web hooks. It trusts whom its machine trusts.

use crate::added_images::respond;
use crate::server::{Server, data_with, sample_disk, template_path, text};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

/// A server of `localhost` whose certificate an authority of the test's own has signed; what it is asked for is heard.
struct HttpsServer {
    url: String,
    authority: PathBuf,
    asked: Receiver<(String, Vec<u8>)>,
}

impl HttpsServer {
    /// Answers every request with `body`.
    fn start(folder: &Path, body: Vec<u8>) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let authority = folder.join("authority.pem");
        std::fs::write(&authority, params.self_signed(&key).unwrap().pem()).unwrap();
        let issuer = Issuer::new(params, key);
        let own_key = KeyPair::generate().unwrap();
        let own = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&own_key, &issuer).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![own.der().clone()], PrivateKeyDer::try_from(own_key.serialize_der()).unwrap())
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let (sender, asked) = channel();
        let config = Arc::new(config);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut reader = BufReader::new(StreamOwned::new(connection, stream.unwrap()));
                let (mut head, mut length) = (String::new(), 0);
                // Who does not trust it goes.
                while reader.read_line(&mut head).is_ok_and(|len| len > 2) {
                    let line = head.lines().last().unwrap().to_ascii_lowercase();
                    length = line.strip_prefix("content-length: ").map_or(length, |text| text.parse().unwrap());
                }
                let mut sent = vec![0; length];
                if head.is_empty() || reader.read_exact(&mut sent).is_err() {
                    continue;
                }
                let stream = reader.get_mut();
                respond(&mut *stream, "200 OK", "", &body);
                stream.conn.send_close_notify();
                let _ = std::io::Write::flush(stream);
                sender.send((head, sent)).unwrap();
            }
        });
        Self { url, authority, asked }
    }
}

#[test]
fn an_image_is_fetched_over_https_from_whom_the_machine_trusts_alone() {
    let (temp, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let https = HttpsServer::start(folder.path(), sample_disk(3));
    let add = |server: &Server| {
        let params = json!({"name": "fetched", "url": format!("{}/disk.raw", https.url), "format": "raw",
            "backupStorageUuids": [server.backup_storage()]});
        server.finish(server.post("/zstack/v1/images", &json!({ "params": params })))
    };
    let flags = ["--allow-private-image-urls"];
    let server = Server::start_with(temp.path(), &flags);
    let refused = add(&server);
    refused.refused("SYS.1002", &[]);
    assert!(refused.text.to_ascii_lowercase().contains("certificate"), "{}", refused.text);
    server.terminate();
    let mut command = Server::command(temp.path(), &flags);
    command.env("SSL_CERT_FILE", &https.authority);
    let server = Server::try_start(command).unwrap();
    let image = add(&server).inventory();
    assert_eq!(image["url"], json!(format!("{}/disk.raw", https.url)));
    assert!(server.download(&text(&image["uuid"]), "raw") == sample_disk(3));
    assert!(https.asked.recv().unwrap().0.starts_with("GET /disk.raw "));
}

#[test]
fn a_web_hook_is_called_over_https() {
    let (temp, _) = data_with("disk.raw", &sample_disk(1));
    let folder = tempfile::tempdir().unwrap();
    let https = HttpsServer::start(folder.path(), Vec::new());
    let mut command = Server::command(temp.path(), &["--allow-private-web-hooks=true"]);
    command.env("SSL_CERT_FILE", &https.authority);
    let server = Server::try_start(command).unwrap();
    let backup = text(&server.backup(&server.volume("disk.raw", "raw"))["uuid"]);
    let body = json!({"params": {"name": "n", "backupStorageUuid": server.backup_storage()}});
    let request = server.request("POST", &template_path(&backup)).body(body.to_string());
    let request = request.header("Authorization", format!("OAuth {}", server.session()));
    let reply = Server::send(request.header("X-Web-Hook", format!("{}/hook", https.url)));
    assert_eq!(reply.status, 202, "{}", reply.text);
    let (head, sent) = https.asked.recv().unwrap();
    assert!(head.starts_with("POST /hook ") && head.to_ascii_lowercase().contains("x-job-success: true"), "{head}");
    let sent: Value = serde_json::from_slice(&sent).unwrap();
    assert_eq!(sent["inventory"]["status"], "Ready");
}
