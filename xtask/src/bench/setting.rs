//! Where and how large: the folder, the server in it, and the volume that most measures share.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::api::{Api, Mode};
use super::server::{PASSWORD, Server};
use super::volume::{self, Layout};

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// How much of everything.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    /// The shared volume.
    pub(crate) layout: Layout,
    /// Templates beside as many fsyncs.
    pub(crate) calls: u32,
    /// Calls a round, where rounds alternate.
    pub(crate) round_calls: u32,
    /// Alternating rounds of short measures.
    pub(crate) rounds: u32,
    /// Alternating rounds of measures that take seconds.
    pub(crate) long_rounds: u32,
    /// Incrementals between a first and a last backup.
    pub(crate) incrementals: u32,
    /// Incrementals that each scatter changes over the volume.
    pub(crate) scattered: u32,
    /// Seconds for which a rate is measured.
    pub(crate) rate_seconds: u64,
    /// Images that queries find one among.
    pub(crate) images: u32,
    /// Seconds for which clients query and make templates at once.
    pub(crate) mixed_seconds: u64,
    /// The large sparse volume, as qemu-img wants its size.
    pub(crate) sparse: &'static str,
}

impl Scale {
    pub(crate) fn full() -> Self {
        Self {
            layout: Layout { size: 10 * GIB, data: 4 * GIB, seed: 1 },
            calls: 3000,
            round_calls: 1000,
            rounds: 5,
            long_rounds: 3,
            incrementals: 500,
            scattered: 100,
            rate_seconds: 5,
            images: 100_000,
            mixed_seconds: 60,
            sparse: "16T",
        }
    }

    /// Seconds instead of minutes: to see that it works, not how fast.
    pub(crate) fn quick() -> Self {
        Self {
            layout: Layout { size: GIB, data: 400 * MIB, seed: 1 },
            calls: 300,
            round_calls: 100,
            rounds: 3,
            long_rounds: 1,
            incrementals: 20,
            scattered: 5,
            rate_seconds: 1,
            images: 5_000,
            mixed_seconds: 5,
            sparse: "1T",
        }
    }
}

/// The shared volume and what has been made of it.
#[derive(Clone, Debug)]
pub(crate) struct SharedVolume {
    /// Its file.
    pub(crate) path: PathBuf,
    /// Its uuid.
    pub(crate) uuid: String,
    /// Its first full backup.
    pub(crate) backup: String,
}

/// What measures work with.
#[derive(Debug)]
pub(crate) struct Setting {
    /// Everything lies in it.
    pub(crate) dir: PathBuf,
    pub(crate) scale: Scale,
    /// A client, logged in.
    pub(crate) api: Api,
    pub(crate) server: Server,
    shared: Option<SharedVolume>,
}

impl Setting {
    /// Empties the folder and starts a server in it.
    pub(crate) fn prepare(dir: &Path, scale: Scale) -> Result<Self> {
        if dir.exists() {
            fs::remove_dir_all(dir).with_context(|| format!("empty {}", dir.display()))?;
        }
        fs::create_dir_all(dir).with_context(|| format!("make {}", dir.display()))?;
        let server = Server::start(dir)?;
        let api = Api::log_in(server.address, PASSWORD)?;
        Ok(Self { dir: dir.to_path_buf(), scale, api, server, shared: None })
    }

    /// The directory of the default primary storage.
    pub(crate) fn volumes(&self) -> PathBuf {
        self.dir.join("data/volumes")
    }

    /// The shared volume; the first who asks makes it and its full backup.
    pub(crate) fn shared_volume(&mut self) -> Result<SharedVolume> {
        if let Some(shared) = &self.shared {
            return Ok(shared.clone());
        }
        let path = self.volumes().join("shared.raw");
        println!("makes {}", path.display());
        volume::write(&path, self.scale.layout)?;
        let uuid = self.api.create_volume("shared.raw", "raw")?;
        let (backup, _) = self.api.back_up(&uuid, Mode::Full)?;
        let shared = SharedVolume { path, uuid, backup };
        self.shared = Some(shared.clone());
        Ok(shared)
    }

    /// Ends the server and removes the folder.
    pub(crate) fn clean_up(self) -> Result<()> {
        drop(self.server);
        fs::remove_dir_all(&self.dir).with_context(|| format!("remove {}", self.dir.display()))
    }
}
