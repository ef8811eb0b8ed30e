//! Sockets: TLS or plain, HTTP/1.1 or HTTP/2, each request handed to the pipeline.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use backplane_apimachinery::Status;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::pipeline::{BODY_LIMIT, refuse};
use crate::server::{ApiServer, Body};
use crate::tls::ServingCert;

/// How long a client may take over its TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Pause after a failed accept: the usual reason is too many open files, which passes.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A listener that serves; dropping it closes the listener and every connection.
#[derive(Debug)]
pub struct Serving {
    /// Where it listens.
    pub addr: SocketAddr,
    stop: CancellationToken,
    connections: TaskTracker,
    listener: JoinHandle<()>,
}

impl Serving {
    /// Closes the listener and every connection, and waits until they are closed.
    pub async fn stop(mut self) {
        self.stop.cancel();
        // The listener task neither panics nor is aborted before this.
        let _ = (&mut self.listener).await;
        self.connections.close();
        self.connections.wait().await;
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl ApiServer {
    /// Serves on a socket until the result is dropped; over TLS if a certificate is given. Port 0 chooses a free one.
    ///
    /// # Errors
    /// If the address cannot be listened on, or the certificate cannot be served.
    pub async fn serve(&self, listen: SocketAddr, tls: Option<ServingCert>) -> std::io::Result<Serving> {
        let config = tls.map(ServingCert::server_config).transpose().map_err(std::io::Error::other)?;
        let listener = TcpListener::bind(listen).await?;
        let addr = listener.local_addr()?;
        let (stop, connections) = (CancellationToken::new(), TaskTracker::new());
        let acceptor = Acceptor {
            server: self.clone(),
            tls: config.map(|config| TlsAcceptor::from(Arc::new(config))),
            stop: stop.clone(),
            connections: connections.clone(),
        };
        Ok(Serving { addr, stop, connections, listener: tokio::spawn(acceptor.run(listener)) })
    }
}

#[derive(Clone)]
struct Acceptor {
    server: ApiServer,
    tls: Option<TlsAcceptor>,
    stop: CancellationToken,
    connections: TaskTracker,
}

impl Acceptor {
    async fn run(self, listener: TcpListener) {
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return,
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        let this = self.clone();
                        self.connections.spawn(async move {
                            tokio::select! {
                                () = this.stop.cancelled() => {}
                                () = this.connection(stream) => {}
                            }
                        });
                    }
                    Err(error) => {
                        tracing::warn!(%error, "connection not accepted");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
    }

    async fn connection(&self, stream: tokio::net::TcpStream) {
        // Answers are small and clients wait for them.
        let _ = stream.set_nodelay(true);
        match &self.tls {
            None => self.speak(stream).await,
            Some(tls) => match tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await {
                Ok(Ok(stream)) => self.speak(stream).await,
                Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
                Err(_) => tracing::debug!("TLS handshake took too long"),
            },
        }
    }

    async fn speak(&self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let server = self.server.clone();
        let service = service_fn(move |request| answer(server.clone(), request));
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new());
        builder.http2().timer(TokioTimer::new()).max_concurrent_streams(1000);
        let served = builder.serve_connection(TokioIo::new(stream), service).await;
        if let Err(error) = served {
            tracing::debug!(error, "connection ended");
        }
    }
}

async fn answer(server: ApiServer, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let (parts, body) = request.into_parts();
    Ok(match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(body) => {
            let mut request = Request::from_parts(parts, body.to_bytes());
            // Users are put among the extensions by this process only; no library may have left one there.
            request.extensions_mut().clear();
            server.handle(request).await
        }
        Err(error) if error.is::<LengthLimitError>() => refuse(&Status::too_large(BODY_LIMIT)),
        Err(_) => refuse(&Status::bad_request("request body cannot be read")),
    })
}

/// An answer whose bytes are all there.
pub(crate) async fn whole(response: Response<Body>) -> Bytes {
    match response.into_body().collect().await {
        Ok(body) => body.to_bytes(),
        Err(never) => match never {},
    }
}
