//! `wac`, the WAC chat client.

use std::process::ExitCode;

fn main() -> ExitCode {
    wac_client::run()
}
