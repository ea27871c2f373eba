//! The throw-away parts through their public API.

#[cfg(test)]
mod postgres;
#[cfg(test)]
mod power_cut;
