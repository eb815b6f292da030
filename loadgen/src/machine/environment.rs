//! Where a run was made.

use std::fs;
use std::thread;

use crate::result::Environment;

/// This machine. What it does not tell is empty, or 0.
pub(crate) fn environment() -> Environment {
    let file = |path| fs::read_to_string(path).unwrap_or_default();
    let line = |path| file(path).trim().to_owned();
    Environment {
        host: line("/proc/sys/kernel/hostname"),
        kernel: line("/proc/sys/kernel/osrelease"),
        cpu: field(&file("/proc/cpuinfo"), "model name").to_owned(),
        cores: thread::available_parallelism().map_or(1, |cores| cores.get() as u32),
        memory_bytes: kibibytes(field(&file("/proc/meminfo"), "MemTotal")) * 1024,
    }
}

/// The value of the first `name: value` in a file of the kernel's.
fn field<'a>(text: &'a str, name: &str) -> &'a str {
    let values = text.lines().filter_map(|line| line.strip_prefix(name));
    let mut values = values.filter_map(|rest| rest.trim_start().strip_prefix(':'));
    values.next().unwrap_or_default().trim()
}

/// `1234 kB` as a number.
fn kibibytes(value: &str) -> u64 {
    let number = value.trim_end_matches("kB").trim();
    number.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_the_kernels_files_are_found() {
        let text = "processor\t: 0\nmodel name\t: A CPU @ 2 GHz\nMemTotal:  24 kB\n";
        assert_eq!(field(text, "model name"), "A CPU @ 2 GHz");
        assert_eq!(kibibytes(field(text, "MemTotal")), 24);
        assert_eq!(field(text, "nothing"), "");
    }
}
