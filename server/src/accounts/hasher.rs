//! Hasher: turns passwords into hashes, one after another in the same memory.

use std::io;

use argon2::password_hash::phc::{Output, PasswordHash};
use argon2::{Argon2, Block, Params, PasswordHasher};
use wac_core::password::Password;

/// A hasher for the checks of a server's life.
///
/// Its memory, 19 MiB, is taken for the first check and kept: glibc would put what other threads allocate into the gap that it
/// leaves, and the next 19 MiB elsewhere (measured: 160 MiB after 14 checks beside new connections).
#[derive(Default)]
pub(crate) struct Hasher {
    argon2: Argon2<'static>,
    memory: Vec<Block>,
    /// The number of hashes so far.
    #[cfg(test)]
    pub(super) hashes: u32,
}

impl Hasher {
    /// Tells whether a password has a hash, at the same cost for all that do not.
    pub(super) fn fits(&mut self, password: &Password, hash: &str) -> bool {
        #[cfg(test)]
        {
            self.hashes += 1;
        }
        self.compare(password, hash).unwrap_or(false)
    }

    fn compare(&mut self, password: &Password, hash: &str) -> Option<bool> {
        let PasswordHash { salt, hash, .. } = PasswordHash::new(hash).ok()?;
        let mut found = [0; Params::DEFAULT_OUTPUT_LEN];
        let blocks = self.argon2.params().block_count();
        self.memory.resize_with(blocks, Block::default);
        self.argon2
            .hash_password_into_with_memory(
                password.as_str().as_bytes(),
                &salt?,
                &mut found,
                &mut self.memory,
            )
            .ok()?;
        // Outputs are compared in a time that does not tell where they differ.
        Some(Output::new(&found).ok()? == hash?)
    }
}

/// Hashes a password, with a salt of its own.
pub(super) fn hash(password: &Password) -> io::Result<String> {
    let hashed = Argon2::default().hash_password(password.as_str().as_bytes());
    let hashed = hashed.map_err(|error| io::Error::other(error.to_string()))?;
    Ok(hashed.to_string())
}
