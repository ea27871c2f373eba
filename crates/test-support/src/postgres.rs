//! A PostgreSQL server of the test's own.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

use crate::{free_port, temp_dir};

/// How often a port that someone else took meanwhile is exchanged for another.
const START_ATTEMPTS: u32 = 5;

/// What the shell beside the server does. It holds the reading end of a pipe whose writing end only the test process
/// has: when that process ends, even by SIGKILL, `cat` sees the end of the pipe and the server is stopped. A `static`
/// cluster therefore needs no destructor.
///
/// Arguments: directory of the binaries, data directory, port, and the words that switch to the server's user.
const SUPERVISOR: &str = r#"
bin=$1 dir=$2 port=$3; shift 3
"$@" "$bin/pg_ctl" -s -w -D "$dir" -l "$dir/log" \
    -o "-c listen_addresses=127.0.0.1 -c max_connections=300 -p $port -k $dir" start >&2 || exit 1
echo started
cat >/dev/null
"$@" "$bin/pg_ctl" -s -D "$dir" -m immediate stop >&2
rm -rf "${dir%/data}"
"#;

/// A cluster in a temporary folder, listening on 127.0.0.1, with the superuser `imprint` and no password. Dropping it,
/// or the end of the process, stops it and removes its files. A test binary shares one in a `OnceLock`, and each test
/// takes a database of its own.
#[derive(Debug)]
pub struct PostgresCluster {
    bin: PathBuf,
    port: u16,
    databases: AtomicU32,
    /// Closed to stop the server.
    pipe: Option<ChildStdin>,
    supervisor: Child,
    /// Removed last.
    _dir: TempDir,
}

/// Why there is no cluster, or no database in it.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// The server is not installed.
    #[error("no PostgreSQL server under /usr/lib/postgresql or in PATH: apt-get install postgresql")]
    NotInstalled,
    /// A program could not be run at all.
    #[error("run {program}")]
    Run {
        /// What was to be run.
        program: String,
        /// Why it was not.
        #[source]
        source: std::io::Error,
    },
    /// A program ended with an error.
    #[error("{program} failed: {output}")]
    Failed {
        /// What was run.
        program: String,
        /// What it wrote to its standard error.
        output: String,
    },
}

impl PostgresCluster {
    /// Makes a cluster and starts it, in about a second.
    pub fn start() -> Result<Self, PostgresError> {
        let bin = find_binaries().ok_or(PostgresError::NotInstalled)?;
        let dir = temp_dir();
        let (program, arguments): (&str, &[&str]) = if nix::unistd::geteuid().is_root() {
            // The server refuses to run as root.
            run(Command::new("chown").arg("postgres").arg(dir.path()))?;
            ("runuser", &["-u", "postgres", "--"])
        } else {
            ("env", &[])
        };
        let data = dir.path().join("data");
        let mut initdb = Command::new(program);
        initdb.args(arguments).arg(bin.join("initdb")).args([
            "-A",
            "trust",
            "-U",
            "imprint",
            "-E",
            "UTF8",
            "--no-locale",
        ]);
        run(initdb.arg("-D").arg(&data).current_dir("/"))?;

        let mut attempts = 0;
        loop {
            attempts += 1;
            let port = free_port();
            match supervise(&bin, &data, port, &[&[program], arguments].concat()) {
                Ok((supervisor, pipe)) => {
                    let databases = AtomicU32::new(0);
                    return Ok(Self { bin, port, databases, pipe: Some(pipe), supervisor, _dir: dir });
                }
                Err(_) if attempts < START_ATTEMPTS => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// URL of the named database, whether it exists or not.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://imprint@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes an empty database and gives its URL.
    pub fn create_database(&self) -> Result<String, PostgresError> {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut createdb = Command::new(self.bin.join("createdb"));
        createdb.args(["-h", "127.0.0.1", "-U", "imprint", "-p", &self.port.to_string(), &name]);
        run(&mut createdb)?;
        Ok(self.url(&name))
    }
}

impl Drop for PostgresCluster {
    fn drop(&mut self) {
        drop(self.pipe.take());
        // Nothing is left to be done about a supervisor that cannot be waited for.
        let _ = self.supervisor.wait();
    }
}

/// The newest installed version's directory, else the one in PATH that has all that is needed.
fn find_binaries() -> Option<PathBuf> {
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = installed
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, bin)| has_server(bin))
        .collect();
    versions.sort();
    let newest = versions.pop().map(|(_, bin)| bin);
    newest.or_else(|| std::env::split_paths(&std::env::var_os("PATH")?).find(|bin| has_server(bin)))
}

fn has_server(bin: &Path) -> bool {
    ["initdb", "pg_ctl", "postgres", "createdb"].iter().all(|program| bin.join(program).is_file())
}

/// Starts the server and the shell that will stop it.
fn supervise(bin: &Path, data: &Path, port: u16, user: &[&str]) -> Result<(Child, ChildStdin), PostgresError> {
    let program = || "pg_ctl start".to_owned();
    let mut command = Command::new("sh");
    command.args(["-c", SUPERVISOR, "supervisor"]).arg(bin).arg(data).arg(port.to_string()).args(user);
    // A group of its own: an interrupt from the keyboard ends the tests, and the pipe then ends this.
    command.process_group(0).current_dir("/");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|source| PostgresError::Run { program: program(), source })?;
    let (pipe, stdout) = (child.stdin.take(), child.stdout.take());
    let mut said = String::new();
    if let Some(stdout) = stdout {
        let read = BufReader::new(stdout).read_line(&mut said);
        read.map_err(|source| PostgresError::Run { program: program(), source })?;
    }
    match pipe {
        Some(pipe) if said == "started\n" => Ok((child, pipe)),
        _ => {
            let mut output = String::new();
            if let Some(mut stderr) = child.stderr.take() {
                // What could be read of the reason is better than nothing.
                let _ = stderr.read_to_string(&mut output);
            }
            let _ = child.wait();
            output.push_str(&std::fs::read_to_string(data.join("log")).unwrap_or_default());
            Err(PostgresError::Failed { program: program(), output })
        }
    }
}

/// Runs a program to its end, quietly unless it fails.
fn run(command: &mut Command) -> Result<(), PostgresError> {
    let program = command.get_program().to_string_lossy().into_owned();
    match command.stdin(Stdio::null()).output() {
        Ok(done) if done.status.success() => Ok(()),
        Ok(done) => {
            let output = String::from_utf8_lossy(&done.stderr).trim().to_owned();
            Err(PostgresError::Failed { program, output })
        }
        Err(source) => Err(PostgresError::Run { program, source }),
    }
}
