//! Imprint as its users meet it: the real binary, spoken to over HTTP, on real disks.

#[cfg(test)]
mod abuse;
#[cfg(test)]
mod access_keys;
#[cfg(test)]
mod accounts;
#[cfg(test)]
mod added_images;
#[cfg(test)]
mod api_reference;
#[cfg(test)]
mod backups;
#[cfg(test)]
mod configuration;
#[cfg(test)]
mod copies;
#[cfg(test)]
mod copy_crashes;
#[cfg(test)]
mod crashes;
#[cfg(test)]
mod deletions;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod exports;
#[cfg(test)]
mod full_disk;
#[cfg(test)]
mod https_clients;
#[cfg(test)]
mod images;
#[cfg(test)]
mod images_of_volumes;
#[cfg(test)]
mod jobs;
#[cfg(test)]
mod long_jobs;
#[cfg(test)]
mod long_work;
#[cfg(test)]
mod page_bounds;
#[cfg(test)]
mod page_forms;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod pictures;
#[cfg(test)]
mod postgres;
#[cfg(test)]
mod power_cuts;
#[cfg(test)]
mod protocol;
#[cfg(test)]
mod queries;
#[cfg(test)]
mod reconciling;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod restore_crashes;
#[cfg(test)]
mod restores;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod server;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod storage_changes;
#[cfg(test)]
mod storages;
#[cfg(test)]
mod tables;
#[cfg(test)]
mod tags;
#[cfg(test)]
mod templates;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod visitor;
#[cfg(test)]
mod vm_backups;
#[cfg(test)]
mod volume_operations;
#[cfg(test)]
mod volume_power_cuts;
#[cfg(test)]
mod volumes;
#[cfg(test)]
mod waiting;
