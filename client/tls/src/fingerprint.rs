//! Fingerprint of a server: the SHA-256 hash of its public key, as `sha256:` and 64 hexadecimal digits.
//!
//! The key is hashed as the certificate holds it (its SubjectPublicKeyInfo in DER), so a renewed
//! certificate with the same key has the same fingerprint. The standard tools make it, too:
//! `openssl x509 -in F -noout -pubkey | openssl pkey -pubin -outform der | sha256sum`.

use std::fmt;
use std::str::FromStr;

use ring::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use rustls::pki_types::CertificateDer;
use rustls::server::ParsedCertificate;

/// The hash of a public key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; SHA256_OUTPUT_LEN]);

/// A text that is not a fingerprint.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a fingerprint; wanted sha256: and 64 hexadecimal digits")]
pub struct NotAFingerprint(String);

const KIND: &str = "sha256:";

impl Fingerprint {
    /// Returns the fingerprint of the key in a certificate.
    ///
    /// # Errors
    /// The certificate cannot be read.
    pub fn of(certificate: &CertificateDer<'_>) -> Result<Self, rustls::Error> {
        let key = ParsedCertificate::try_from(certificate)?.subject_public_key_info();
        let mut hash = [0; SHA256_OUTPUT_LEN];
        hash.copy_from_slice(digest(&SHA256, &key).as_ref());
        Ok(Self(hash))
    }
}

impl FromStr for Fingerprint {
    type Err = NotAFingerprint;

    fn from_str(text: &str) -> Result<Self, NotAFingerprint> {
        let hash = text.strip_prefix(KIND).and_then(from_hexadecimal);
        hash.map(Self).ok_or_else(|| NotAFingerprint(text.into()))
    }
}

fn from_hexadecimal(digits: &str) -> Option<[u8; SHA256_OUTPUT_LEN]> {
    let mut hash = [0; SHA256_OUTPUT_LEN];
    if digits.len() != 2 * hash.len() || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, at) in hash.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(&digits[at..at + 2], 16).ok()?;
    }
    Some(hash)
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(KIND)?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair};

    fn certificate(name: &str, key: &KeyPair) -> CertificateDer<'static> {
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        params.self_signed(key).unwrap().into()
    }

    #[test]
    fn a_renewed_certificate_has_the_fingerprint_of_its_key() {
        let (key, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let first = Fingerprint::of(&certificate("chat.lan", &key)).unwrap();
        assert_eq!(Fingerprint::of(&certificate("chat.work", &key)), Ok(first));
        assert_ne!(Fingerprint::of(&certificate("chat.lan", &other)), Ok(first));
        let hash = digest(
            &SHA256,
            &rcgen::PublicKeyData::subject_public_key_info(&key),
        );
        assert_eq!(first.0, hash.as_ref());
    }

    #[test]
    fn what_is_written_is_read_back() {
        let text = format!("sha256:{}", "0f".repeat(32));
        let read: Fingerprint = text.parse().unwrap();
        assert_eq!(read.to_string(), text);
        assert_eq!(text.to_uppercase().replace("SHA", "sha").parse(), Ok(read));
    }

    #[test]
    fn another_text_is_refused_with_what_is_wanted() {
        for text in [
            String::new(),
            "0f".repeat(32),
            format!("sha256:{}", "0f".repeat(31)),
            format!("sha256:{}", "é0".repeat(21) + "0"),
            format!("sha256:{}+f", "0f".repeat(31)),
            format!("sha1:{}", "0f".repeat(32)),
        ] {
            let error = text.parse::<Fingerprint>().unwrap_err().to_string();
            assert!(error.contains("wanted sha256: and 64"), "{error}");
        }
    }
}
