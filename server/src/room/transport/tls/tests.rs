//! TLS over a socket that the test holds the other end of.

use std::collections::VecDeque;
use std::io::{Read, Write};

use rcgen::{CertificateParams, KeyPair};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, ConnectionTrafficSecrets};
use wac_tls::Trust;

use super::*;

/// The type of a record, and of what is in it, that holds text, or a message of a handshake.
const TEXT: u8 = 23;
const HANDSHAKE: u8 = 22;
/// Half of a KeyUpdate.
const HALF_A_MESSAGE: [u8; 2] = [24, 0];

/// A socket that takes everything, and gives what it was given.
#[derive(Debug, Default)]
struct Pipe {
    to_server: VecDeque<u8>,
    from_server: Vec<u8>,
}

impl Transport for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Input> {
        match self.to_server.read(buffer)? {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            bytes => Ok(Input::of(bytes, buffer)),
        }
    }

    fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<Taken> {
        let bytes = self.from_server.write_vectored(slices)?;
        Ok(Taken::of(bytes, slices))
    }

    fn shut_down(&mut self) {}

    fn is_delivered(&self) -> bool {
        true
    }
}

fn server_config() -> Arc<ServerConfig> {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth();
    Arc::new(
        config
            .with_single_cert(vec![certificate.into()], key.into())
            .unwrap(),
    )
}

fn client_config() -> ClientConfig {
    Arc::unwrap_or_clone(wac_tls::client_config(Trust::Any))
}

/// Returns both ends of a connection after the handshake.
fn connected(client: ClientConfig) -> (TlsSocket<Pipe>, ClientConnection) {
    let name = ServerName::try_from("localhost").unwrap();
    let mut client = ClientConnection::new(Arc::new(client), name).unwrap();
    let mut server = TlsSocket::new(Pipe::default(), server_config()).unwrap();
    while server.shake_hands().unwrap() == TlsState::Handshaking {
        exchange(&mut server, &mut client);
    }
    exchange(&mut server, &mut client);
    (server, client)
}

fn exchange(server: &mut TlsSocket<Pipe>, client: &mut ClientConnection) {
    let sealed = std::mem::take(&mut server.socket.from_server);
    let mut sealed = &sealed[..];
    while !sealed.is_empty() {
        client.read_tls(&mut sealed).unwrap();
        client.process_new_packets().unwrap();
    }
    while client.wants_write() {
        client.write_tls(&mut server.socket.to_server).unwrap();
    }
}

/// Reads as a shard does: again as long as there may be more; returns the number of bytes of text.
fn read_all(server: &mut TlsSocket<Pipe>, buffer: &mut [u8]) -> usize {
    let mut all = 0;
    loop {
        match server.read(buffer) {
            Ok(Input::Bytes { text, more, .. }) => {
                all += text;
                if !more {
                    return all;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return all,
            other => panic!("{other:?}"),
        }
    }
}

/// Whoever is at the other end and has the keys, but no manners.
struct Rogue {
    key: LessSafeKey,
    iv: [u8; 12],
    records: u64,
}

impl Rogue {
    fn connected() -> (TlsSocket<Pipe>, Self) {
        let mut config = client_config();
        config.enable_secret_extraction = true;
        let (server, client) = connected(config);
        let (records, secrets) = client.dangerous_extract_secrets().unwrap().tx;
        let ConnectionTrafficSecrets::Aes256Gcm { key, iv } = secrets else {
            panic!("another cipher");
        };
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.as_ref()).unwrap());
        let iv = iv.as_ref().try_into().unwrap();
        (server, Self { key, iv, records })
    }

    /// Returns a record of TLS 1.3 (RFC 8446, 5.2).
    fn record(&mut self, kind: u8, content: &[u8]) -> Vec<u8> {
        let mut sealed = [content, &[kind]].concat();
        let length = u16::try_from(sealed.len() + AES_256_GCM.tag_len()).unwrap();
        let [high, low] = length.to_be_bytes();
        let head = [TEXT, 3, 3, high, low];
        let mut nonce = self.iv;
        for (byte, number) in nonce[4..].iter_mut().zip(self.records.to_be_bytes()) {
            *byte ^= number;
        }
        self.records += 1;
        let nonce = Nonce::assume_unique_for_key(nonce);
        let aad = Aad::from(head);
        self.key
            .seal_in_place_append_tag(nonce, aad, &mut sealed)
            .unwrap();
        [&head[..], &sealed].concat()
    }
}

#[test]
fn a_read_that_leaves_something_in_the_socket_says_that_there_is_more() {
    for buffer_bytes in [1, 512, 4096, 16 * 1024] {
        let (mut server, mut client) = connected(client_config());
        client.set_buffer_limit(None);
        client.writer().write_all(&[b'x'; 100_000]).unwrap();
        exchange(&mut server, &mut client);
        assert_eq!(read_all(&mut server, &mut vec![0; buffer_bytes]), 100_000);
    }
}

#[test]
fn half_a_message_of_a_handshake_keeps_nobody_from_sending() {
    let (mut server, mut rogue) = Rogue::connected();
    let half = rogue.record(HANDSHAKE, &HALF_A_MESSAGE);
    server.socket.to_server.extend(half);
    assert_eq!(read_all(&mut server, &mut [0; 4096]), 0);
    server.socket.from_server.clear();
    let taken = server.write(&[IoSlice::new(b"hello")]).unwrap();
    assert_eq!((taken.bytes, taken.is_full), (5, false));
    let sent = server.socket.from_server.len();
    assert!(sent > 5, "{sent} bytes were sent");
    server.shut_down();
    assert!(server.socket.from_server.len() > sent, "no goodbye");
}

#[test]
fn text_within_a_message_of_a_handshake_breaks_the_connection() {
    let (mut server, mut rogue) = Rogue::connected();
    let half = rogue.record(HANDSHAKE, &HALF_A_MESSAGE);
    let text = rogue.record(TEXT, b"hello");
    server.socket.to_server.extend([half, text].concat());
    let read = server.read(&mut [0; 4096]);
    assert_eq!(read.unwrap_err().kind(), io::ErrorKind::InvalidData);
}

#[test]
fn each_record_has_its_own_time_to_come_whole() {
    let (mut server, mut client) = connected(client_config());
    client.writer().write_all(b"one").unwrap();
    exchange(&mut server, &mut client);
    let one = std::mem::take(&mut server.socket.to_server);
    client.writer().write_all(b"two").unwrap();
    exchange(&mut server, &mut client);
    let two = std::mem::take(&mut server.socket.to_server);
    let (buffer, seconds) = (&mut [0; 4096], Duration::from_secs);
    let half = one.len() / 2;

    server.socket.to_server.extend(one.range(..half));
    assert_eq!(read_all(&mut server, buffer), 0);
    assert_eq!(server.waits_since(seconds(1)), Some(seconds(1)));
    assert_eq!(server.waits_since(seconds(2)), Some(seconds(1)));
    server.socket.to_server.extend(one.range(half..));
    server.socket.to_server.extend(two.range(..half));
    assert_eq!(read_all(&mut server, buffer), 3);
    assert_eq!(server.waits_since(seconds(3)), Some(seconds(3)));
    server.socket.to_server.extend(two.range(half..));
    assert_eq!(read_all(&mut server, buffer), 3);
    assert_eq!(server.waits_since(seconds(4)), None);
}
