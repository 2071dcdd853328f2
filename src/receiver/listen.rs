//! The accept loop: HTTP/1.1 with a limit on how long heads may take, on how many connections stand open and for how
//! long, and with an orderly end.

use std::{pin::pin, sync::Arc, time::Duration};

use axum::{Router, extract::Request};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

use super::{DoorLimits, Peer};

/// What is read ahead of a connection, and so the largest head. With every connection open this is 16 MiB.
const READ_AHEAD_BYTES: usize = 32 * 1024;

/// Pause after a connection could not be accepted, mostly for want of file descriptors: those open will free some.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);

/// Serves `router` on `listener` within the default limits until `stop`, then lets requests under way finish.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    serve_within(DoorLimits::default(), listener, router, stop).await;
}

/// The same within other limits. Returns when no connection is left; those that do not end in time are cut off.
pub async fn serve_within(limits: DoorLimits, listener: TcpListener, router: Router, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(limits.most_connections));
    let connections = TaskTracker::new();
    let next = async || {
        // A place first: who finds none waits outside, where it costs nothing.
        let place = Arc::clone(&places).acquire_owned().await.ok()?;
        Some((place, listener.accept().await))
    };
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = next() => accepted,
        };
        let Some((place, accepted)) = accepted else {
            break;
        };
        match accepted {
            Ok((stream, peer)) => {
                let (router, stop) = (router.clone(), stop.clone());
                connections.spawn(async move {
                    converse(limits, stream, Peer(peer), router, stop).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(ACCEPT_AGAIN).await;
            }
        }
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

/// One connection from its first byte to its end.
async fn converse(limits: DoorLimits, stream: TcpStream, peer: Peer, router: Router, stop: CancellationToken) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout())
        .max_buf_size(READ_AHEAD_BYTES)
        // Who has said everything and listens no more is still answered, and his delivery made durable.
        .half_close(true);
    let told = router.map_request(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        request
    });
    let service = TowerToHyperService::new(told);
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => Ok(ended),
        () = stop.cancelled() => Err("the door closes"),
        () = sleep(limits.connection()) => Err("it has come of age"),
    };
    let ended = match ended {
        Ok(ended) => ended,
        Err(why) => {
            connection.as_mut().graceful_shutdown();
            match timeout(limits.drain(), connection).await {
                Ok(ended) => ended,
                Err(_) => {
                    return tracing::debug!(why, "a connection did not end in time and is cut off");
                }
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
