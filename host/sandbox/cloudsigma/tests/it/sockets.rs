//! What only a socket shows: broken, half and missing answers, and the end of a listener.

use std::time::Duration;

use backplane_cloudsigma_sim::{Fault, Rule, Serving};
use http::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::common::World;

async fn serve(world: &World) -> Serving {
    world.cloud.serve("127.0.0.1:0".parse().unwrap()).await.unwrap()
}

/// Sends a request and reads until the connection is closed.
async fn exchange(world: &World, serving: &Serving, method: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(serving.addr).await.unwrap();
    let head =
        format!("{method} /api/2.0{path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: {}", world.auth);
    let request = format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A reset by the other side is as good an end as a clean one.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

const SERVER: &str = r#"{"name":"s","cpu":1000,"mem":1073741824,"vnc_password":"v"}"#;

#[tokio::test]
async fn answers_break_on_demand() {
    let world = World::new(|_| {});
    let serving = serve(&world).await;
    assert!(exchange(&world, &serving, "GET", "/profile/", "").await.starts_with("HTTP/1.1 200 OK\r\n"));

    world.cloud.faults().inject(Rule::new(Method::POST, "/servers/", Fault::PerformThenDrop).times(1));
    assert_eq!(exchange(&world, &serving, "POST", "/servers/", SERVER).await, "");
    assert_eq!(world.cloud.servers().len(), 1, "it was created all the same");

    world.cloud.faults().inject(Rule::new(Method::GET, "/servers/", Fault::HalfBody).times(1));
    let half = exchange(&world, &serving, "GET", "/servers/", "").await;
    let (head, body) = half.split_once("\r\n\r\n").unwrap();
    let length =
        head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok());
    assert_eq!(length.map(|length| length / 2), Some(body.len()));
    serving.stop().await;
}

#[tokio::test]
async fn a_hanging_request_ends_with_its_listener() {
    let world = World::new(|_| {});
    let serving = serve(&world).await;
    world.cloud.faults().inject(Rule::any(Fault::Hang));
    let mut stream = TcpStream::connect(serving.addr).await.unwrap();
    stream.write_all(b"GET /api/2.0/profile/ HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    while world.cloud.requests().log.is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let addr = serving.addr;
    serving.stop().await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert_eq!(answer, b"");
    assert!(TcpStream::connect(addr).await.is_err(), "the listener is closed");
    world.cloud.stop().await;
}
