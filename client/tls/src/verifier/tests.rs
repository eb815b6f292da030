use std::io::Write;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::client::ClientConnection;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::ServerConnection;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, SupportedProtocolVersion};

use super::*;

/// A server of a key and a certificate.
struct Server {
    key: KeyPair,
    certificate: CertificateDer<'static>,
}

impl Server {
    /// Signs its certificate itself.
    fn new(name: &str) -> Self {
        Self::of(params(name), KeyPair::generate().unwrap())
    }

    fn of(params: CertificateParams, key: KeyPair) -> Self {
        let certificate = params.self_signed(&key).unwrap().into();
        Self { key, certificate }
    }

    fn signed_by(authority: &Issuer<'_, KeyPair>, params: CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, authority).unwrap().into();
        Self { key, certificate }
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.certificate).unwrap()
    }

    fn config(&self, version: &'static SupportedProtocolVersion) -> Arc<ServerConfig> {
        let key = PrivateKeyDer::try_from(self.key.serialize_der()).unwrap();
        let key = ring::sign::any_supported_type(&key).unwrap();
        // That the two belong together is not checked.
        let certified = CertifiedKey::new(vec![self.certificate.clone()], key);
        ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)))
            .into()
    }
}

fn params(name: &str) -> CertificateParams {
    CertificateParams::new([name.to_owned()]).unwrap()
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = params("authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn trust_in(pem: &str) -> Result<Trust, AuthoritiesError> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(pem.as_bytes()).unwrap();
    Trust::in_authorities_of(file.path())
}

/// Shakes hands by one version; the client's error, if it has one.
fn shake_by(
    version: &'static SupportedProtocolVersion,
    trust: &Trust,
    server: &Server,
) -> Result<(), Error> {
    let name = ServerName::try_from("chat.lan").unwrap();
    let mut client = ClientConnection::new(client_config(trust.clone()), name)?;
    let mut other = ServerConnection::new(server.config(version)).unwrap();
    while client.is_handshaking() {
        let mut sent = Vec::new();
        client.write_tls(&mut sent).unwrap();
        other.read_tls(&mut &*sent).unwrap();
        other.process_new_packets().unwrap();
        let mut answer = Vec::new();
        while other.wants_write() {
            other.write_tls(&mut answer).unwrap();
        }
        client.read_tls(&mut &*answer).unwrap();
        client.process_new_packets()?;
    }
    assert_eq!(client.protocol_version(), Some(version.version));
    Ok(())
}

/// Shakes hands by both versions, which must have the same end.
#[track_caller]
fn shake(trust: &Trust, server: &Server) -> Result<(), Untrusted> {
    let [older, newer] = [&TLS12, &TLS13].map(|version| {
        let shaken = shake_by(version, trust, server);
        shaken.map_err(|error| Untrusted::of(&error).expect("it is no other error").clone())
    });
    assert_eq!(older, newer);
    newer
}

#[test]
fn a_server_that_is_not_known_is_trusted_with_any_key() {
    assert_eq!(shake(&Trust::Any, &Server::new("else.where")), Ok(()));
}

#[test]
fn a_known_key_is_trusted_and_another_refused_with_both_fingerprints() {
    let (server, other) = (Server::new("chat.lan"), Server::new("chat.lan"));
    let trust = Trust::Key(server.fingerprint());
    assert_eq!(shake(&trust, &server), Ok(()));
    let (wanted, found) = (server.fingerprint(), other.fingerprint());
    let refused = Err(Untrusted::OtherKey { wanted, found });
    assert_eq!(shake(&trust, &other), refused);
    let renewed = Server::of(params("renewed"), server.key);
    assert_eq!(shake(&trust, &renewed), Ok(()));
}

/// Somebody who has copied the certificate has no key to it.
#[test]
fn a_certificate_alone_proves_nothing() {
    let (server, other) = (Server::new("chat.lan"), Server::new("chat.lan"));
    let trust = Trust::Key(server.fingerprint());
    let thief = Server {
        certificate: server.certificate,
        key: other.key,
    };
    for version in [&TLS12, &TLS13] {
        let refused = Error::InvalidCertificate(CertificateError::BadSignature);
        assert_eq!(shake_by(version, &trust, &thief), Err(refused));
    }
}

#[test]
fn an_authority_vouches_for_a_name() {
    let authority = authority();
    let trust = trust_in(&authority.as_ref().pem()).unwrap();
    let server = Server::signed_by(&authority, params("chat.lan"));
    assert_eq!(shake(&trust, &server), Ok(()));

    let elsewhere = Server::signed_by(&authority, params("else.where"));
    let error = shake(&trust, &elsewhere).unwrap_err().to_string();
    assert!(error.contains("not valid for name \"chat.lan\""), "{error}");
    assert!(
        error.contains(&elsewhere.fingerprint().to_string()),
        "{error}"
    );
}

#[test]
fn a_certificate_that_no_authority_signed_is_refused() {
    let trust = trust_in(&authority().as_ref().pem()).unwrap();
    for server in [
        Server::new("chat.lan"),
        Server::signed_by(&self::authority(), params("chat.lan")),
    ] {
        let error = shake(&trust, &server).unwrap_err().to_string();
        assert!(
            error.contains("no authority that is trusted has signed it"),
            "{error}"
        );
    }
}

#[test]
fn an_expired_certificate_is_refused() {
    let authority = authority();
    let trust = trust_in(&authority.as_ref().pem()).unwrap();
    let mut params = params("chat.lan");
    params.not_after = rcgen::date_time_ymd(2001, 1, 1);
    params.not_before = rcgen::date_time_ymd(2000, 1, 1);
    let error = shake(&trust, &Server::signed_by(&authority, params)).unwrap_err();
    assert!(error.to_string().contains("expired"), "{error}");
}

#[test]
fn a_certificate_that_openssl_made_an_authority_is_refused_with_a_way_out() {
    let mut params = params("chat.lan");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let server = Server::of(params, KeyPair::generate().unwrap());
    let mut roots = RootCertStore::empty();
    roots.add(server.certificate.clone()).unwrap();
    let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), provider());
    let trust = Trust::Authorities(verifier.build().unwrap());
    let error = shake(&trust, &server).unwrap_err();
    assert!(error.to_string().contains("--tls-pin"), "{error}");
    assert_eq!(shake(&Trust::Key(server.fingerprint()), &server), Ok(()));
}

#[test]
fn a_file_without_authorities_is_refused_by_its_name() {
    let error = |pem: &str| trust_in(pem).unwrap_err().to_string();
    assert!(error("").contains("no certificate"), "{}", error(""));
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(error(broken).contains("/tmp"), "{}", error(broken));
    let missing = Trust::in_authorities_of(Path::new("/no/such/file")).unwrap_err();
    assert!(
        missing.to_string().starts_with("/no/such/file: "),
        "{missing}"
    );
}
