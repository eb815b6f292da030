//! TLS of the programs that connect to a server: whether the server is the one it should be.
//!
//! ```text
//!  Trust ─▶ client_config ─▶ rustls: the handshake ─▶ a connection
//!                              │ the server's certificate ─▶ Fingerprint
//!                              └─▶ Untrusted::of(error)
//! ```
//! ring is the only provider of cryptography. Sessions are not resumed: each handshake proves the key.

mod fingerprint;
mod verifier;

use rustls::{Error, InvalidMessage};

pub use self::fingerprint::{Fingerprint, NotAFingerprint};
pub use self::verifier::{AuthoritiesError, Trust, Untrusted, client_config};

/// The port of a server that speaks TLS, unless told otherwise. The plain one is 4700.
pub const DEFAULT_PORT: u16 = 4701;

/// Returns why a handshake failed.
pub fn why(error: &Error) -> String {
    match Untrusted::of(error) {
        Some(why) => why.to_string(),
        None if is_plain_text(error) => "it speaks plain text, not TLS".to_owned(),
        None => error.to_string(),
    }
}

/// Returns whether a handshake failed because the server answered in plain text.
pub fn is_plain_text(error: &Error) -> bool {
    matches!(
        error,
        Error::InvalidMessage(InvalidMessage::InvalidContentType)
    )
}
