//! The file of settings. Its values become the defaults of the flags: the parser of flags then checks them, and flags and
//! variables win over them as over any default.

use crate::ServerConfig;
use clap::{Arg, ArgMatches, Args, Command};
use std::ffi::OsString;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Why a file of settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigFileError {
    /// It cannot be read.
    #[error("read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// It is not TOML.
    #[error("{} is not TOML", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// What is wrong in it.
        #[source]
        source: toml::de::Error,
    },
    /// It has a key that is no setting.
    #[error("{}: there is no setting '{key}'", path.display())]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
    },
    /// A value is neither a text, a number, true, false nor a list of them.
    #[error("{}: the setting '{key}' must be a text, a number, true, false or a list", path.display())]
    WrongValue {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
    },
    /// A value, or the command line, is not as it must be; the text says how.
    #[error(transparent)]
    Arguments(#[from] clap::Error),
}

/// The matches of a command line whose subcommand takes a [`ServerConfig`], the settings in the file that its `--config`
/// names included.
///
/// # Errors
/// When the command line or the file is not as it must be, or when only help was asked for (a `clap::Error`, too).
pub fn matches_with_file(
    command: Command,
    subcommand: &str,
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<ArgMatches, ConfigFileError> {
    let arguments: Vec<_> = arguments.into_iter().collect();
    let matches = command.clone().try_get_matches_from(&arguments)?;
    let file = matches.subcommand_matches(subcommand).and_then(|it| it.try_get_one::<PathBuf>("config").ok()?.cloned());
    let Some(path) = file else { return Ok(matches) };
    let settings = read_settings(&path)?;
    let with_file = command.mut_subcommand(subcommand, |mut command| {
        for (key, values) in settings {
            command = command.mut_arg(key.replace('-', "_"), |argument| argument.default_values(values));
        }
        command
    });
    Ok(with_file.try_get_matches_from(&arguments)?)
}

/// The settings of a file: known keys, and their values as text.
fn read_settings(path: &Path) -> Result<Vec<(String, Vec<String>)>, ConfigFileError> {
    let path_buf = || path.to_owned();
    let text = std::fs::read_to_string(path).map_err(|source| ConfigFileError::Read { path: path_buf(), source })?;
    let table: toml::Table =
        toml::from_str(&text).map_err(|source| ConfigFileError::Parse { path: path_buf(), source })?;
    let known: Vec<_> = settings().iter().filter_map(|it| it.get_long().map(str::to_owned)).collect();
    let mut settings = Vec::new();
    for (key, value) in table {
        if !known.contains(&key) {
            return Err(ConfigFileError::UnknownKey { path: path_buf(), key });
        }
        let Some(values) = texts(value) else { return Err(ConfigFileError::WrongValue { path: path_buf(), key }) };
        settings.push((key, values));
    }
    Ok(settings)
}

fn texts(value: toml::Value) -> Option<Vec<String>> {
    match value {
        toml::Value::String(text) => Some(vec![text]),
        toml::Value::Integer(number) => Some(vec![number.to_string()]),
        toml::Value::Boolean(flag) => Some(vec![flag.to_string()]),
        toml::Value::Array(elements) => {
            let lists: Option<Vec<_>> = elements.into_iter().map(texts).collect();
            lists.map(|lists| lists.concat())
        }
        _ => None,
    }
}

/// The settings that a file may hold: all but the file's own name.
fn settings() -> Vec<Arg> {
    let command = ServerConfig::augment_args(Command::new("imprint"));
    command.get_arguments().filter(|it| it.get_id() != "config").cloned().collect()
}

/// A setting that a server runs with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingInForce {
    /// Its key in the file, and its flag.
    pub key: String,
    /// Its value as text; stars, where it may hold a secret.
    pub value: String,
    /// What it is for.
    pub meaning: String,
}

/// The settings of a command line that [`matches_with_file`] has read, for those who look after the server.
pub fn settings_in_force(matches: &ArgMatches) -> Vec<SettingInForce> {
    let in_force = |setting: Arg| {
        let values = matches.try_get_raw(setting.get_id().as_str()).ok().flatten();
        let values: Vec<_> = values.into_iter().flatten().map(|value| value.to_string_lossy().into_owned()).collect();
        let is_secret = setting.is_hide_env_values_set() && !values.is_empty();
        SettingInForce {
            key: setting.get_long().unwrap_or_default().to_owned(),
            value: if is_secret { "***".to_owned() } else { values.join(", ") },
            meaning: setting.get_help().map(ToString::to_string).unwrap_or_default(),
        }
    };
    settings().into_iter().map(in_force).collect()
}

/// The reference of all settings, as a page.
pub fn reference() -> String {
    let mut page = String::from(
        "# Settings of the server\n\n\
         Made from `crates/server/src/config.rs`; do not edit.\n\n\
         `imprint serve` takes each setting as a flag, as a variable of its environment, and as a key of the TOML file that \
         `--config` (or `IMPRINT_CONFIG`) names. A flag wins over a variable, a variable over the file, the file over the \
         default. A key that is no setting is refused. `IMPRINT_ADMIN_PASSWORD` is a variable only: the administrator's \
         password, used when the account is made.\n\n\
         | key, and flag with `--` | variable | default | meaning |\n|---|---|---|---|\n",
    );
    for setting in settings() {
        let key = setting.get_long().unwrap_or_default();
        let variable = setting.get_env().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
        let default: Vec<_> = setting.get_default_values().iter().map(|it| it.to_string_lossy().into_owned()).collect();
        let default = if default.is_empty() { String::new() } else { format!("`{}`", default.join(":")) };
        let meaning = setting.get_help().map(ToString::to_string).unwrap_or_default();
        let end = if meaning.ends_with('.') { "" } else { "." };
        // Writing to a String cannot fail.
        let _ = writeln!(page, "| `{key}` | `{variable}` | {default} | {meaning}{end} |");
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_in_force_hold_no_secret() {
        let command = Command::new("imprint").subcommand(ServerConfig::augment_args(Command::new("serve")));
        let line =
            ["imprint", "serve", "--data", "/srv", "--database", "postgres://u:secret@host/db", "--sync-wait", "7s"];
        let matches = command.try_get_matches_from(line).unwrap();
        let settings = settings_in_force(matches.subcommand_matches("serve").unwrap());
        let value = |key: &str| settings.iter().find(|it| it.key == key).map(|it| it.value.as_str());
        assert_eq!((value("sync-wait"), value("digests")), (Some("7s"), Some("auto")));
        assert_eq!((value("database"), value("config")), (Some("***"), None));
        assert!(settings.iter().all(|it| !it.meaning.is_empty()));
    }

    use clap::FromArgMatches;
    use std::time::Duration;

    fn resolve(file: &str, flags: &[&str]) -> Result<ServerConfig, ConfigFileError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("imprint.toml");
        std::fs::write(&path, file).unwrap();
        let serve = ServerConfig::augment_args(Command::new("serve"));
        // The variables of whoever runs the tests must not count.
        let serve = serve.mut_args(|argument| argument.env(None::<&str>));
        let command = Command::new("imprint").subcommand(serve);
        let arguments = ["imprint", "serve", "--config", path.to_str().unwrap()];
        let arguments = arguments.iter().chain(flags).map(OsString::from);
        let matches = matches_with_file(command, "serve", arguments)?;
        Ok(ServerConfig::from_arg_matches(matches.subcommand_matches("serve").unwrap())?)
    }

    #[test]
    fn the_file_wins_over_defaults_and_flags_over_the_file() {
        let file = "listen = \"0.0.0.0:80\"\nsync-wait = \"1s\"\nmax-calls = 7\nallow-private-web-hooks = true\n\
                    allow-dir = [\"/a\", \"/b\"]\ntime-zone = \"Asia/Shanghai\"";
        let config = resolve(file, &["--sync-wait", "2s"]).unwrap();
        assert_eq!(config.listen.to_string(), "0.0.0.0:80");
        assert_eq!(config.sync_wait, Duration::from_secs(2));
        assert_eq!(config.max_calls, 7);
        assert!(config.allow_private_web_hooks);
        assert_eq!(config.allow_dir, [PathBuf::from("/a"), PathBuf::from("/b")]);
        assert_eq!(config.export_lifetime, Duration::from_hours(24));
    }

    #[test]
    fn unknown_keys_and_wrong_values_are_refused_by_name() {
        let refused = |file: &str| resolve(file, &[]).unwrap_err().to_string();
        assert!(refused("listne = \"x\"").contains("no setting 'listne'"));
        assert!(refused("config = \"x\"").contains("no setting 'config'"));
        assert!(refused("[listen]\nport = 1").contains("'listen' must be"));
        assert!(refused("listen = \"x\"").contains("--listen"));
        assert!(refused("max-calls = 0").contains("--max-calls"));
        assert!(refused("sync-wait = 5").contains("--sync-wait"));
        assert!(refused("data = ").contains("not TOML"));
    }

    #[test]
    fn the_page_that_is_checked_in_is_up_to_date() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
        let made = reference();
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &made).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap();
        assert!(found == made, "docs/configuration.md is out of date: run UPDATE=1 cargo test -p imprint-server");
    }

    #[test]
    fn every_setting_has_a_variable_named_like_its_flag() {
        for setting in settings() {
            let flag = setting.get_long().unwrap().to_ascii_uppercase().replace('-', "_");
            assert_eq!(setting.get_env().unwrap().to_str().unwrap(), format!("IMPRINT_{flag}"));
            assert!(setting.get_help().is_some(), "{flag}");
        }
    }
}
