#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| wac_core::fuzz::cluster(bytes));
