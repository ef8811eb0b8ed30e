//! The same over `wasi:http`: one request, one answer, no connection kept (the host keeps them).

use std::time::Duration;

use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{
    ErrorCode, Fields, IncomingBody, IncomingResponse, Method as WasiMethod, OutgoingBody, OutgoingRequest,
    RequestOptions, Scheme,
};
use wasip2::io::streams::{InputStream, OutputStream, StreamError};

use super::{Error, Method, Request, Response};

/// Bytes read at a time.
const CHUNK: u64 = 64 << 10;

pub(super) fn send(request: &Request) -> Result<Response, Error> {
    let outgoing = prepare(request)?;
    let body = outgoing.body().map_err(|()| internal("the request has no body"))?;
    let answer = handle(outgoing, Some(options(request.timeout))).map_err(|code| error(&code))?;
    // A body that cannot be sent is told by the answer: the other side closed early, or the host said no.
    let sent = send_body(body, &request.body);
    answer.subscribe().block();
    match answer.get() {
        Some(Ok(Ok(response))) => receive(response, request.max_body),
        Some(Ok(Err(code))) => Err(error(&code)),
        Some(Err(())) | None => Err(sent.err().unwrap_or_else(|| internal("the answer was taken already"))),
    }
}

fn prepare(request: &Request) -> Result<OutgoingRequest, Error> {
    let (authority, path) = super::split(&request.url)?;
    let headers: Vec<_> =
        request.headers.iter().map(|(name, value)| (name.clone(), value.clone().into_bytes())).collect();
    let headers =
        Fields::from_list(&headers).map_err(|cause| Error::Denied(format!("a header is refused: {cause}")))?;
    let outgoing = OutgoingRequest::new(headers);
    let set = outgoing
        .set_method(&method(request.method))
        .and_then(|()| outgoing.set_scheme(Some(&Scheme::Http)))
        .and_then(|()| outgoing.set_authority(Some(authority)))
        .and_then(|()| outgoing.set_path_with_query(Some(path)));
    set.map(|()| outgoing).map_err(|()| Error::Other(format!("{authority}{path} is no URL")))
}

fn method(method: Method) -> WasiMethod {
    match method {
        Method::Get => WasiMethod::Get,
        Method::Post => WasiMethod::Post,
        Method::Put => WasiMethod::Put,
        Method::Patch => WasiMethod::Patch,
        Method::Delete => WasiMethod::Delete,
    }
}

/// Hosts may not know all three; the call's own deadline bounds the rest.
fn options(timeout: Duration) -> RequestOptions {
    let options = RequestOptions::new();
    let nanoseconds = u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX);
    let _ = options.set_connect_timeout(Some(nanoseconds));
    let _ = options.set_first_byte_timeout(Some(nanoseconds));
    let _ = options.set_between_bytes_timeout(Some(nanoseconds));
    options
}

fn send_body(body: OutgoingBody, bytes: &[u8]) -> Result<(), Error> {
    if !bytes.is_empty() {
        let stream = body.write().map_err(|()| internal("the body is written already"))?;
        write_all(&stream, bytes).map_err(|cause| Error::Connection(cause.to_string()))?;
    }
    OutgoingBody::finish(body, None).map_err(|code| error(&code))
}

fn write_all(stream: &OutputStream, mut bytes: &[u8]) -> Result<(), StreamError> {
    while !bytes.is_empty() {
        let room = usize::try_from(stream.check_write()?).unwrap_or(usize::MAX);
        if room == 0 {
            stream.subscribe().block();
            continue;
        }
        let (now, later) = bytes.split_at(room.min(bytes.len()));
        stream.write(now)?;
        bytes = later;
    }
    stream.blocking_flush()
}

fn receive(response: IncomingResponse, max_body: usize) -> Result<Response, Error> {
    let status = response.status();
    let text = |value: Vec<u8>| String::from_utf8_lossy(&value).into_owned();
    let headers =
        response.headers().entries().into_iter().map(|(name, value)| (name.to_lowercase(), text(value))).collect();
    let body = response.consume().map_err(|()| internal("the answer has no body"))?;
    Ok(Response { status, headers, body: read_body(&body, max_body)? })
}

fn read_body(body: &IncomingBody, max_body: usize) -> Result<Vec<u8>, Error> {
    let stream = body.stream().map_err(|()| internal("the body is read already"))?;
    read_all(&stream, max_body)
}

fn read_all(stream: &InputStream, max_body: usize) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(CHUNK) {
            Ok(chunk) => bytes.extend_from_slice(&chunk),
            Err(StreamError::Closed) => return Ok(bytes),
            Err(StreamError::LastOperationFailed(cause)) => return Err(broken(&cause)),
        }
        if bytes.len() > max_body {
            return Err(Error::TooLarge(max_body));
        }
    }
}

/// A body that breaks off: the host may know why.
fn broken(cause: &wasip2::io::error::Error) -> Error {
    match wasip2::http::types::http_error_code(cause) {
        Some(code @ (ErrorCode::HttpResponseTimeout | ErrorCode::ConnectionReadTimeout)) => error(&code),
        _ => Error::Incomplete,
    }
}

fn internal(cause: &str) -> Error {
    Error::Other(cause.to_owned())
}

/// Sorts the host's many codes by what a plugin can do about them.
fn error(code: &ErrorCode) -> Error {
    use ErrorCode as Code;
    let denied = |why: &str| Error::Denied(why.to_owned());
    let connection = |why: &str| Error::Connection(why.to_owned());
    match code {
        Code::HttpRequestDenied => denied("the host does not allow it; is the endpoint granted?"),
        // The host says so for a variant that the endpoint does not offer.
        Code::DestinationNotFound => denied("the endpoint leads nowhere with this name or variant"),
        Code::DestinationIpProhibited => denied("the host does not allow this address"),
        Code::HttpRequestUriInvalid => denied("the host does not accept this URL"),
        Code::DnsTimeout
        | Code::ConnectionTimeout
        | Code::ConnectionReadTimeout
        | Code::ConnectionWriteTimeout
        | Code::HttpResponseTimeout => Error::Timeout,
        Code::DnsError(_) => connection("its name cannot be resolved"),
        Code::DestinationUnavailable | Code::DestinationIpUnroutable => connection("it cannot be reached"),
        Code::ConnectionRefused => connection("it was refused"),
        Code::ConnectionTerminated => connection("it was broken off"),
        Code::ConnectionLimitReached => connection("there are too many already"),
        Code::TlsProtocolError | Code::TlsCertificateError | Code::TlsAlertReceived(_) => connection("TLS failed"),
        Code::HttpResponseIncomplete => Error::Incomplete,
        Code::HttpResponseBodySize(limit) => {
            Error::TooLarge(limit.and_then(|limit| limit.try_into().ok()).unwrap_or_default())
        }
        Code::HttpRequestBodySize(_) => denied("the request is longer than the host allows"),
        Code::InternalError(Some(text)) => Error::Other(text.clone()),
        other => Error::Other(other.to_string()),
    }
}
