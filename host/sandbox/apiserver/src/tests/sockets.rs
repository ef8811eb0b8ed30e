use std::sync::Arc;

use http_body_util::Full;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::*;
use crate::{Authority, Serving, Token};

const ROOT: &str = "root-token";

fn world() -> World {
    let token = Token { token: ROOT.into(), user: "root".into(), groups: vec![MASTERS.into()] };
    World::with(Options { tokens: vec![token], ..Options::default() })
}

async fn listen(world: &World, authority: Option<&Authority>) -> Serving {
    let certificate = authority.map(|authority| authority.issue(&["localhost"]).unwrap());
    world.server.serve(([127, 0, 0, 1], 0).into(), certificate).await.unwrap()
}

async fn tls(serving: &Serving, authority: &Authority, protocol: &str) -> tokio_rustls::client::TlsStream<TcpStream> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.ca_pem().as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    let stream = TcpStream::connect(serving.addr).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
}

fn request(path: &str) -> Request<Full<Bytes>> {
    let bearer = format!("Bearer {ROOT}");
    Request::get(format!("https://localhost{path}")).header("authorization", bearer).body(Full::default()).unwrap()
}

#[tokio::test]
async fn a_connection_speaks_the_protocol_that_was_agreed_on() {
    let (world, authority) = (world(), Authority::new("test").unwrap());
    let serving = listen(&world, Some(&authority)).await;
    let stream = tls(&serving, &authority, "h2").await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (mut two, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    assert_eq!(two.send_request(request("/api/v1/nodes")).await.unwrap().status(), 200);
    let stream = tls(&serving, &authority, "http/1.1").await;
    let (mut one, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    assert_eq!(one.send_request(request("/api/v1/nodes")).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_body_that_is_too_big_is_refused_before_it_is_read_whole() {
    let world = world();
    let serving = listen(&world, None).await;
    let stream = TcpStream::connect(serving.addr).await.unwrap();
    let (mut client, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let big = Full::new(Bytes::from(vec![b' '; 4 * 1024 * 1024]));
    let request = Request::post(CONFIGMAPS).header("authorization", format!("Bearer {ROOT}")).body(big).unwrap();
    assert_eq!(client.send_request(request).await.unwrap().status(), 413);
}

#[tokio::test]
async fn stopping_ends_open_watches_and_frees_the_port() {
    let world = world();
    let serving = listen(&world, None).await;
    let addr = serving.addr;
    let (mut client, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(TcpStream::connect(addr).await.unwrap())).await.unwrap();
    tokio::spawn(connection);
    let watch = client.send_request(request(&format!("{CONFIGMAPS}?watch=true"))).await.unwrap();
    assert_eq!(watch.status(), 200);
    serving.stop().await;
    assert!(watch.into_body().collect().await.is_err());
    world.server.serve(addr, None).await.unwrap().stop().await;
}
