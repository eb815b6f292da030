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

pub use self::fingerprint::{Fingerprint, NotAFingerprint};
pub use self::verifier::{AuthoritiesError, Trust, Untrusted, client_config};

/// The port of a server that speaks TLS, unless told otherwise. The plain one is 4700.
pub const DEFAULT_PORT: u16 = 4701;
