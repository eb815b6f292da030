//! Credentials for the brokers of a cluster: what this server proves itself with.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// How a file begins that `nsc` has made, or a part of it.
const CREDS: &str = "-----BEGIN";
/// What a file may hold, for an error.
const EXPECTED: &str =
    "expected one line, user:password or a token, or a user's JWT and seed as `nsc` makes them";

/// A file with credentials, read at the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Its absolute path.
    pub file: PathBuf,
    /// What it holds.
    pub proof: Proof,
}

/// What brokers know a server by. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub enum Proof {
    /// A user's JWT and the seed of its NKey: the text of a `.creds` file.
    Jwt(String),
    /// A user, with a password.
    Password {
        /// The user.
        user: String,
        /// The password.
        password: String,
    },
    /// A token.
    Token(String),
}

impl FromStr for Proof {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.contains(CREDS) {
            // NATS's client overlooks a last line without an end.
            let text = format!("{text}\n");
            return match is_jwt_with_seed(&text) {
                true => Ok(Self::Jwt(text)),
                false => Err("it holds no JWT of a user followed by its seed, as `nsc` makes them"),
            };
        }
        let text = text.trim_end_matches(['\r', '\n']);
        match text.split_once(':') {
            _ if text.contains(['\r', '\n']) => Err(EXPECTED),
            Some((user, password)) if !user.is_empty() && !password.is_empty() => {
                Ok(Self::Password {
                    user: user.to_owned(),
                    password: password.to_owned(),
                })
            }
            None if !text.is_empty() && !text.contains(char::is_whitespace) => {
                Ok(Self::Token(text.to_owned()))
            }
            _ => Err(EXPECTED),
        }
    }
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proof")
    }
}

/// Tells whether NATS's client takes a text. A server without a cluster has none, and no use for it.
fn is_jwt_with_seed(text: &str) -> bool {
    #[cfg(feature = "cluster")]
    return async_nats::ConnectOptions::with_credentials(text).is_ok();
    #[cfg(not(feature = "cluster"))]
    return !text.is_empty();
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `nsc` makes it, with the seed of a user that nobody knows.
    #[cfg(feature = "cluster")]
    const OF_NSC: &str = "-----BEGIN NATS USER JWT-----\neyJ0.eyJq.c2ln\n------END NATS USER JWT------\n\n\
        ************************* IMPORTANT *************************\n\
        NKEY Seed printed below can be used to sign and prove identity.\n\n\
        -----BEGIN USER NKEY SEED-----\nSUANQDPB2RUOE4ETUA26CNX7FUKE5ZZKFCQIIW63OX225F2CO7UEXTM7ZY\n------END USER NKEY SEED------";

    fn password(user: &str, password: &str) -> Proof {
        Proof::Password {
            user: user.to_owned(),
            password: password.to_owned(),
        }
    }

    #[test]
    fn one_line_is_a_user_with_a_password_or_a_token() {
        for (text, proof) in [
            ("node:s3cret", password("node", "s3cret")),
            ("node:s3cret\r\n", password("node", "s3cret")),
            ("node:a b:c \n", password("node", "a b:c ")),
            ("t0ken\n", Proof::Token("t0ken".to_owned())),
        ] {
            assert_eq!(text.parse(), Ok(proof), "{text:?}");
        }
    }

    #[test]
    fn what_is_neither_is_refused() {
        for text in [
            "",
            "\n",
            ":",
            "node:",
            ":s3cret",
            "two words",
            " t0ken",
            "node:s3cret\nmore",
            "# a comment\nt0ken\n",
        ] {
            assert_eq!(text.parse::<Proof>(), Err(EXPECTED), "{text:?}");
        }
    }

    #[cfg(feature = "cluster")]
    #[test]
    fn a_file_of_nsc_is_checked() {
        for text in [
            OF_NSC,
            &format!("{OF_NSC}\n"),
            &OF_NSC.replace('\n', "\r\n"),
        ] {
            assert!(matches!(text.parse(), Ok(Proof::Jwt(_))), "{text:?}");
        }
        let (jwt, seed) = OF_NSC.split_once("***").unwrap();
        for text in [
            jwt,
            &seed[seed.find(CREDS).unwrap()..],
            &OF_NSC.replace("SUAN", "SUAA"),
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
        ] {
            let error = text.parse::<Proof>().unwrap_err();
            assert!(error.contains("no JWT"), "{text:?}: {error}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let credentials = Credentials {
            file: "/x".into(),
            proof: password("node", "s3cret"),
        };
        assert!(!format!("{credentials:?}").contains("s3cret"));
    }
}
