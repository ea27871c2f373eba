//! Imprint as its users meet it: the real binary, spoken to over HTTP, on real disks.

mod backups;
mod configuration;
mod crashes;
mod exports;
mod images;
mod jobs;
mod protocol;
mod queries;
mod server;
mod sessions;
mod storages;
mod templates;
mod volumes;
