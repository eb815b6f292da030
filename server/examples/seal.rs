//! Seal: the least that TLS costs for each line, by the number of lines in a record: AES-128-GCM of ring, and nothing else.
//!
//! Prints a JSON list of pairs: lines in a record, and nanoseconds for each line.

use std::hint::black_box;
use std::io::{self, Write};
use std::time::Instant;

use ring::aead::{AES_128_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

/// The lines of a run of `scripts/bench`: 64 bytes of text, a name and the line's end.
const LINE_BYTES: usize = 75;
const LINES_IN_A_RECORD: [usize; 4] = [1, 16, 64, 200];
/// Lines sealed for each figure.
const LINES: usize = 2_000_000;
const HEADER_BYTES: usize = 5;

fn main() -> io::Result<()> {
    let key = UnboundKey::new(&AES_128_GCM, &[7; 16]).map_err(|_| io::Error::other("no key"))?;
    let key = LessSafeKey::new(key);
    let mut figures = Vec::new();
    for lines in LINES_IN_A_RECORD {
        let mut record = vec![b'x'; lines * LINE_BYTES];
        let begun = Instant::now();
        for number in 0..LINES / lines {
            let mut nonce = [0; NONCE_LEN];
            nonce[..8].copy_from_slice(&(number as u64).to_be_bytes());
            let nonce = Nonce::assume_unique_for_key(nonce);
            let aad = Aad::from([0; HEADER_BYTES]);
            let tag = key.seal_in_place_separate_tag(nonce, aad, black_box(&mut record));
            let tag = tag.map_err(|_| io::Error::other("not sealed"))?;
            let _ = black_box(tag);
        }
        let nanos = begun.elapsed().as_nanos() as f64 / (LINES / lines * lines) as f64;
        figures.push(format!("[{lines}, {nanos:.2}]"));
    }
    writeln!(io::stdout(), "[{}]", figures.join(", "))
}
