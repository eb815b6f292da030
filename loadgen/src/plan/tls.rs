//! TLS of a run: which server is spoken to, and what it must prove.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use wac_tls::{Fingerprint, Trust, client_config};

use super::PlanError;

/// What a server must prove, as it was typed.
#[derive(Debug, Clone)]
pub(crate) enum Proof {
    /// Nothing: a load tester tells it nothing that is not its own.
    None,
    Key(Fingerprint),
    Authorities(PathBuf),
}

/// TLS with one server.
#[derive(Debug, Clone)]
pub(crate) struct Tls {
    pub(crate) config: Arc<ClientConfig>,
    pub(crate) name: ServerName<'static>,
    /// What the server has proved, for the report.
    pub(crate) proved: &'static str,
}

impl Tls {
    /// # Errors
    /// The host is none, or the authorities can't be read.
    pub(super) fn new(target: &str, proof: &Proof) -> Result<Self, PlanError> {
        let wrong = |why: String| PlanError::Values(vec![why]);
        let (host, _) = target.rsplit_once(':').unwrap_or((target, ""));
        let host = host.trim_matches(['[', ']']).to_owned();
        let name = ServerName::try_from(host);
        let name = name.map_err(|error| wrong(format!("--tls: {target}: {error}")))?;
        let (trust, proved) = match proof {
            Proof::None => (Trust::Any, "any key"),
            Proof::Key(key) => (Trust::Key(*key), "the key of --tls-pin"),
            Proof::Authorities(path) => {
                let trust = Trust::in_authorities_of(path);
                let trust = trust.map_err(|error| wrong(format!("--tls-ca: {error}")))?;
                (trust, "a certificate by --tls-ca")
            }
        };
        Ok(Self {
            config: client_config(trust),
            name,
            proved,
        })
    }
}
