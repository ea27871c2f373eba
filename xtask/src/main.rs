//! What people and CI run: `cargo xtask check`, `test`, `bench`, `soak`, `fuzz`, `conformance`, `console`, `screenshots`.
#![expect(clippy::print_stdout, reason = "a command line program speaks on its standard output")]

mod bench;
mod browser;
mod check;
mod command;
mod conformance;
mod fuzz;
mod needs;
mod soak;
mod test;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask check                 fmt, clippy, doc, and cargo-deny where it is installed
cargo xtask test [ARGS…]          installs what the tests need, then cargo test --workspace ARGS…;
                                  without ARGS also the tests in a real browser
cargo xtask console [ARGS…]       the tests in a real browser alone
cargo xtask screenshots           the pictures of docs/screenshots
cargo xtask bench [--quick] [--dir DIR] [MEASURE…]
                                  the figures of docs/benchmarks.md; all measures, or those named
cargo xtask soak [MINUTES]        the tests again and again, with more generated input (60)
cargo xtask fuzz [SECONDS] [TARGET…]
                                  each fuzz target for so many seconds (60)
cargo xtask conformance [SECONDS] the API against its OpenAPI document, by independent tools (600)";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (name, rest) = match arguments.split_first() {
        Some((name, rest)) => (name.as_str(), rest),
        None => ("", &[][..]),
    };
    let done = match name {
        "check" if rest.is_empty() => check::check(),
        "test" => test::test(rest),
        "console" => browser::test(rest),
        "screenshots" if rest.is_empty() => browser::screenshots(),
        "bench" => bench::bench(rest),
        "conformance" => conformance::conformance(rest),
        "soak" => soak::soak(rest),
        "fuzz" => fuzz::fuzz(rest),
        _ => Err(anyhow::anyhow!("usage:\n{USAGE}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
