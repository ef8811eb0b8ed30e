//! `wasi:http/outgoing-handler`: requests to named endpoints.
//!
//! A guest asks for `http://<endpoint>/path` or `http://<endpoint>.<variant>/path`; the scheme does not matter, the
//! endpoint decides. Permission is asked first; a refused request makes no connection and tells the guest
//! `HTTP-request-denied`.

use std::sync::Arc;

use backplane_core::grant::Denied;
use bytes::Bytes;
use http::uri::Scheme;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use crate::context::Context;
use crate::endpoint::{Failure, Gate};
use crate::meter::Meter;
use crate::metrics::Metrics;

/// Sends the requests of one instance.
pub(crate) struct Requests {
    context: Arc<Context>,
    meter: Arc<Meter>,
    metrics: Arc<Metrics>,
}

type Io = Box<dyn Future<Output = Result<(), Error>> + Send>;
type Sent = Box<dyn Future<Output = Result<(Response<WasiBody>, Io), Error>> + Send>;

impl Requests {
    pub(crate) fn new(context: Arc<Context>, meter: Arc<Meter>, metrics: Arc<Metrics>) -> Self {
        Self { context, meter, metrics }
    }

    /// The endpoint that an authority names, if this plugin may call it, and the variant.
    fn gate<'a>(&self, authority: &'a str) -> Result<(Arc<Gate>, Option<&'a str>), Denied> {
        let (name, variant) = match authority.split_once('.') {
            Some((name, variant)) => (name, Some(variant)),
            None => (authority, None),
        };
        self.context.permissions.endpoint(name)?;
        let missing = || Denied::Ungranted { what: format!("endpoint {name:?}, which is not set up,") };
        Ok((self.context.endpoints.gate(name).ok_or_else(missing)?, variant))
    }

    fn refuse(&self, denied: &Denied) -> Error {
        self.metrics.endpoint_refused();
        tracing::warn!(component = self.context.plugin, error = %denied, "request to an endpoint refused");
        Error::HttpRequestDenied
    }
}

impl WasiHttpHooks for Requests {
    fn is_supported_scheme(&mut self, scheme: &Scheme) -> bool {
        *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS
    }

    fn set_host_header(&mut self) -> bool {
        false
    }

    fn send_request(&mut self, request: Request<WasiBody>, options: Option<RequestOptions>, _: Io) -> Sent {
        if self.meter.host_call(0).is_err() {
            return Box::new(async { Err(Error::HttpRequestDenied) });
        }
        let authority = request.uri().authority().map(ToString::to_string).unwrap_or_default();
        let (gate, variant) = match self.gate(&authority) {
            Ok((gate, variant)) => (gate, variant.map(str::to_owned)),
            Err(denied) => {
                let error = self.refuse(&denied);
                return Box::new(async { Err(error) });
            }
        };
        let patience = options.and_then(|options| options.first_byte_timeout);
        let (meter, metrics) = (Arc::clone(&self.meter), Arc::clone(&self.metrics));
        Box::new(async move {
            let request = whole(request, &meter).await?;
            let answer =
                gate.send(variant.as_deref(), request, patience).await.map_err(|failure| error(failure, &metrics))?;
            let body = answer.map(|bytes| Full::new(bytes).map_err(|never| match never {}).boxed_unsync());
            Ok((body, Box::new(async { Ok(()) }) as Io))
        })
    }
}

/// The request with its whole body, which counts as output of the call.
async fn whole(request: Request<WasiBody>, meter: &Meter) -> Result<Request<Bytes>, Error> {
    let (parts, mut body) = request.into_parts();
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        if let Some(data) = frame?.data_ref() {
            meter.output(data.len()).map_err(|exceeded| Error::HttpRequestBodySize(Some(exceeded.limit)))?;
            bytes.extend_from_slice(data);
        }
    }
    Ok(Request::from_parts(parts, bytes.into()))
}

fn error(failure: Failure, metrics: &Metrics) -> Error {
    match failure {
        Failure::Nowhere => {
            metrics.endpoint_refused();
            Error::DestinationNotFound
        }
        Failure::Connect => Error::DestinationUnavailable,
        Failure::Timeout => Error::HttpResponseTimeout,
        Failure::Broken => Error::HttpResponseIncomplete,
        Failure::TooLarge(limit) => Error::HttpResponseBodySize(Some(limit)),
        Failure::Leak => Error::InternalError(Some("the answer held a credential".into())),
    }
}
