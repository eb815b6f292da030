//! wac-loadgen: a load tester for broadcast that can be believed.

use std::process::ExitCode;

fn main() -> ExitCode {
    wac_loadgen::main()
}
