//! Line decoder: cutting bytes into lines.

use gungraun::library_benchmark;
use wac_core::decoder::Decoder;

use crate::LINE;

/// A connection's decoder, and the bytes that each read of its socket returns.
pub struct Connection {
    decoder: Decoder,
    reads: Vec<Vec<u8>>,
}

#[library_benchmark]
#[bench::a_line_fed_whole(Connection::new([LINE.to_vec()]))]
#[bench::a_line_byte_by_byte(Connection::new(LINE.map(|byte| vec![byte])))]
#[bench::sixty_four_lines_in_one_read(Connection::new([LINE.repeat(64)]))]
#[bench::telnet_commands_in_between(Connection::new([LINE.map(after_a_command).concat()]))]
pub fn decoder_takes(mut connection: Connection) -> Connection {
    connection.decode();
    connection
}

impl Connection {
    /// Decodes the same bytes once before, so that the allocator has the blocks at hand.
    fn new(reads: impl Into<Vec<Vec<u8>>>) -> Self {
        let mut connection = Self {
            decoder: Decoder::default(),
            reads: reads.into(),
        };
        connection.decode();
        connection
    }

    /// Feeds one read after another, and consumes the lines that each completes.
    fn decode(&mut self) {
        for read in &self.reads {
            self.decoder.feed(read);
            while self.decoder.peek().is_some() {
                self.decoder.consume();
            }
        }
    }
}

/// Puts `IAC NOP`, a command that does nothing, before a byte.
fn after_a_command(byte: u8) -> [u8; 3] {
    [255, 241, byte]
}
