//! Peer over TLS: what is below its text.

use std::io::{Read, Write};
use std::net::Shutdown;

use rustls::{AlertDescription, Error};
use wac_tls::Fingerprint;

use crate::address::Receive;
use crate::stream::{Stream, tls_error};
use crate::{Address, Peer};

impl Peer {
    /// Connects over TLS, and sends its part of the handshake in pieces of one byte.
    ///
    /// # Panics
    ///
    /// If the server does not take it.
    #[must_use]
    #[track_caller]
    pub fn dial_byte_by_byte(address: &Address) -> Peer {
        let socket = address.connect_from(None, Receive::Usual);
        let socket = socket.expect("the server takes connections");
        Peer::on(Stream::tls_in_pieces(socket, 1).expect("the handshake succeeds"))
    }

    /// Takes a new key for sending, and asks for one of the server, which changes its own before it sends again.
    #[track_caller]
    pub fn renew_keys(&mut self) {
        let sealed = self.stream.sealed(|connection| {
            let renewed = connection.refresh_traffic_keys();
            renewed.map_err(std::io::Error::other)
        });
        self.send_sealed(&sealed);
    }

    /// Seals bytes in one record, and does not send it: [`Peer::send_sealed`] does, before anything else is sent.
    #[must_use]
    #[track_caller]
    pub fn sealed(&mut self, text: &[u8]) -> Vec<u8> {
        self.stream
            .sealed(|connection| connection.writer().write_all(text))
    }

    /// Sends bytes as they are, below TLS.
    ///
    /// # Panics
    ///
    /// If the server does not take them.
    #[track_caller]
    pub fn send_sealed(&mut self, sealed: &[u8]) {
        let mut socket = self.stream.socket();
        socket.write_all(sealed).expect("the server accepts input");
    }

    /// Ends the stream without the goodbye of TLS.
    ///
    /// # Panics
    ///
    /// If the server has closed already.
    pub fn cut_off(&mut self) {
        let socket = self.stream.socket();
        let ended = socket.shutdown(Shutdown::Write);
        ended.expect("an open connection can be half closed");
    }

    /// Reads to the end, which must be an alert; returns it.
    ///
    /// # Panics
    ///
    /// If the connection ends otherwise.
    #[must_use]
    #[track_caller]
    pub fn alert(mut self) -> AlertDescription {
        let mut buffer = [0; 4096];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => panic!("an orderly end"),
                Ok(_) => {}
                Err(error) => match tls_error(&error) {
                    Some(Error::AlertReceived(alert)) => return *alert,
                    _ => panic!("no alert: {error}"),
                },
            }
        }
    }

    /// Returns the fingerprint of the server's key.
    ///
    /// # Panics
    ///
    /// If it speaks plain text.
    #[must_use]
    #[track_caller]
    pub fn fingerprint(&self) -> String {
        let tls = self.stream.tls_state().expect("it speaks TLS");
        let session = tls.session();
        let certificate = session.certificate().expect("a server has one");
        let key = Fingerprint::of(certificate);
        key.expect("the certificate is whole").to_string()
    }
}
