//! `cargo xtask soak`: the tests again and again, with other and more generated input each time.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::command::{cargo, run};

/// Generated inputs a property test, where an ordinary run takes 256.
const CASES: &str = "5000";

pub(crate) fn soak(arguments: &[String]) -> Result<()> {
    let minutes: u64 = match arguments {
        [] => 60,
        [minutes] => minutes.parse().context("how many minutes")?,
        _ => bail!("cargo xtask soak [MINUTES]"),
    };
    let (begin, limit) = (Instant::now(), Duration::from_secs(minutes * 60));
    let mut rounds = 0;
    while begin.elapsed() < limit {
        rounds += 1;
        println!("round {rounds}, {} minutes so far", begin.elapsed().as_secs() / 60);
        run(cargo(&["test", "--workspace"]).env("PROPTEST_CASES", CASES))?;
    }
    println!("{rounds} rounds without a failure");
    Ok(())
}
