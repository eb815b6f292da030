//! Tokens: what an operator of brokers says about accounts and users, signed (JWT), as `nsc` makes them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nkeys::KeyPair;
use serde_json::{Value, json};

/// An operator, with an account for the nodes.
pub(crate) struct Operator {
    key: KeyPair,
    system: KeyPair,
    nodes: KeyPair,
}

impl Operator {
    pub(crate) fn new() -> Operator {
        Operator {
            key: KeyPair::new_operator(),
            system: KeyPair::new_account(),
            nodes: KeyPair::new_account(),
        }
    }

    /// Returns the settings of a broker that knows the accounts.
    pub(crate) fn settings(&self) -> String {
        let system = self.system.public_key();
        let operator = json!({"type": "operator", "version": 2, "system_account": system});
        let operator = token(&self.key, &self.key, operator);
        let account = |account, limits| {
            let claims = json!({"type": "account", "version": 2, "limits": limits});
            token(&self.key, account, claims)
        };
        format!(
            "operator: {operator}\nsystem_account: {system}\nresolver: MEMORY\n\
             resolver_preload: {{ {system}: {}, {}: {} }}\n",
            account(&self.system, limits(0)),
            self.nodes.public_key(),
            account(&self.nodes, limits(-1)),
        )
    }

    /// Returns the text of a file with the credentials of a new user, who may publish to some subjects and subscribe to others; all, if
    /// there are none.
    pub(crate) fn credentials(&self, publish: &[&str], subscribe: &[&str]) -> String {
        let user = KeyPair::new_user();
        let claims = json!({
            "type": "user", "version": 2, "subs": -1, "data": -1, "payload": -1,
            "pub": {"allow": publish}, "sub": {"allow": subscribe},
        });
        let token = token(&self.nodes, &user, claims);
        let seed = user.seed().expect("it has a seed");
        format!(
            "-----BEGIN NATS USER JWT-----\n{token}\n------END NATS USER JWT------\n\n\
             ************************* IMPORTANT *************************\n\
             NKEY Seed printed below can be used to sign and prove identity.\n\
             NKEYs are sensitive and should be treated as secrets.\n\n\
             -----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n\n\
             *************************************************************\n"
        )
    }
}

/// The limits of an account: none but those of JetStream, in which -1 is no limit.
fn limits(jetstream: i64) -> Value {
    json!({
        "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true, "conn": -1, "leaf": -1,
        "mem_storage": jetstream, "disk_storage": jetstream, "streams": jetstream, "consumer": jetstream,
    })
}

/// Returns what an issuer says about somebody.
fn token(issuer: &KeyPair, subject: &KeyPair, claims: Value) -> String {
    let subject = subject.public_key();
    let header = json!({"typ": "JWT", "alg": "ed25519-nkey"});
    let claims = json!({
        "jti": subject, "iat": 0, "iss": issuer.public_key(), "name": "wac", "sub": subject, "nats": claims,
    });
    let encode = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let said = format!("{}.{}", encode(header), encode(claims));
    let signature = issuer.sign(said.as_bytes()).expect("it has a seed");
    format!("{said}.{}", URL_SAFE_NO_PAD.encode(signature))
}
