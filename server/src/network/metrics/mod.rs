//! Metrics and health over HTTP, on the acceptor's runtime: a shard never sees these clients.
//!
//! ```text
//!  GET /metrics   the figures, in Prometheus' text format
//!  GET /healthz   200 while every shard makes progress, else 503 and the shard
//!  GET /readyz    200 while the server serves, 503 while it stops, or has no room of its cluster
//! ```
//!
//! A connection has one request, a few seconds, and one of a few places; further ones wait to be accepted.

mod text_format;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use crate::config::Surroundings;
use crate::config::listen::{ListenAddr, SocketOptions};
use crate::network::listeners::{BindError, Listener, Listeners};
use crate::process::logging::LogControl;
use crate::room::figures::Figures;
use crate::room::shared::Shared;
use crate::room::stop_phase::Phase;

/// Clients of one listener at a time: a few of the descriptors that are reserved.
const PLACES: usize = 4;
/// The time that a client has to ask and to take the answer: what a scraper waits, by default.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of a request's head, at most.
const HEAD_BYTES: usize = 16 * 1024;
/// The pause after an accept that failed.
const PAUSE: Duration = Duration::from_secs(1);
/// What the text format is called.
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The error of an address for metrics that can't be bound.
#[derive(Debug, thiserror::Error)]
#[error("--metrics")]
pub struct MetricsError(#[from] BindError);

/// The bound sockets for metrics, if there are any.
#[derive(Debug)]
pub struct MetricsListeners(Listeners);

/// What the answers are made of.
#[derive(Debug, Clone)]
pub(crate) struct Watched {
    pub(crate) shared: Arc<Shared>,
    pub(crate) log: LogControl,
    pub(crate) around: Arc<Surroundings>,
}

impl MetricsListeners {
    /// Binds every address.
    ///
    /// # Errors
    /// [`MetricsError`] for the first address that can't be bound.
    pub fn bind(addresses: &[ListenAddr]) -> Result<Self, MetricsError> {
        Ok(Self(Listeners::bind(addresses, &SocketOptions::default())?))
    }

    /// Returns the real addresses.
    pub fn addresses(&self) -> impl Iterator<Item = &ListenAddr> {
        self.0.addresses()
    }

    /// Starts to answer, for as long as the runtime lives.
    pub(crate) fn open(self, watched: &Watched) -> io::Result<()> {
        for bound in self.0.into_sockets() {
            if let Listener::Tcp(socket) = bound.listener {
                let listener = TcpListener::from_std(socket)?;
                tokio::spawn(serve(listener, router(watched.clone())));
            }
        }
        Ok(())
    }
}

async fn serve(listener: TcpListener, router: Router) {
    let places = Arc::new(Semaphore::new(PLACES));
    loop {
        let place = places.clone().acquire_owned().await;
        match listener.accept().await {
            Ok((stream, _)) => {
                let router = router.clone();
                tokio::spawn(async move {
                    answer(stream, router).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a client for metrics; pausing");
                sleep(PAUSE).await;
            }
        }
    }
}

/// Answers one request.
async fn answer(stream: TcpStream, router: Router) {
    let connection = http1::Builder::new()
        .keep_alive(false)
        .half_close(true)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    // A client that is slow, or leaves, needs no answer.
    let _ = timeout(PATIENCE, connection).await;
}

fn router(watched: Watched) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(health))
        .route("/readyz", get(readiness))
        .fallback(async || {
            let there_is = "there are /metrics, /healthz and /readyz\n";
            (StatusCode::NOT_FOUND, there_is)
        })
        .with_state(watched)
}

async fn metrics(State(watched): State<Watched>) -> impl IntoResponse {
    let sandbox = &watched.around.sandbox;
    let figures = Figures::take(&watched.shared, watched.log.lost_lines(), sandbox);
    ([(CONTENT_TYPE, TEXT_FORMAT)], text_format::encode(&figures))
}

async fn health(State(watched): State<Watched>) -> impl IntoResponse {
    let inboxes = watched.shared.inboxes.iter().enumerate();
    let hung: String = inboxes
        .filter(|(_, inbox)| inbox.hangs())
        .map(|(id, _)| format!("shard {id} does not come back from its turn\n"))
        .collect();
    if hung.is_empty() {
        (StatusCode::OK, "every shard makes progress\n".to_owned())
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, hung)
    }
}

async fn readiness(State(watched): State<Watched>) -> impl IntoResponse {
    match watched.shared.phases.now() {
        Phase::Serving if !watched.shared.has_room() => {
            (StatusCode::SERVICE_UNAVAILABLE, "no room of the cluster\n")
        }
        Phase::Serving => (StatusCode::OK, "serving\n"),
        Phase::Draining | Phase::Sealed | Phase::Cut => {
            (StatusCode::SERVICE_UNAVAILABLE, "stopping\n")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_client_that_stalls_gives_its_place_back() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        for begun in [&b""[..], b"GET / HTTP/1.1\r\nHost"] {
            let client = TcpStream::connect(address).await.unwrap();
            client.try_write(begun).unwrap();
            let (stream, _) = listener.accept().await.unwrap();
            let begin = tokio::time::Instant::now();
            answer(stream, Router::new()).await;
            assert!(begin.elapsed() >= PATIENCE);
        }
    }
}
