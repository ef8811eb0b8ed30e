//! Lines for the operator's log: a constant message, and facts as `key = value`.
//!
//! ```
//! use backplane_sdk::log;
//! log::info!("server created", instance.id = "4f0c", elapsed_ms = 12);
//! ```
//!
//! `error`: look now. `warn`: it healed or was refused. `info`: state changed. `debug`: a decision. `trace`: traffic. Never log
//! a whole object or a credential. Natively lines go to standard error.

/// How loud a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the five levels are told in the module's text")]
pub enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

/// Writes a line; the macros of this module are shorter.
pub fn write(level: Level, message: &str, facts: Vec<(String, String)>) {
    #[cfg(target_family = "wasm")]
    crate::guest::log(level, message, facts);
    #[cfg(not(target_family = "wasm"))]
    {
        let facts: String = facts.iter().map(|(key, value)| format!(" {key}={value}")).collect();
        eprintln!("{level:?} {message}{facts}");
    }
}

#[doc(hidden)]
#[macro_export]
macro_rules! __log {
    ($level:ident, $message:expr $(, $first:ident $(. $rest:ident)* = $value:expr)* $(,)?) => {
        $crate::log::write(
            $crate::log::Level::$level,
            $message,
            ::std::vec![$((
                ::std::string::String::from(::core::concat!(::core::stringify!($first) $(, ".", ::core::stringify!($rest))*)),
                ::std::string::ToString::to_string(&$value),
            )),*],
        )
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __trace { ($($line:tt)+) => { $crate::__log!(Trace, $($line)+) }; }
#[doc(hidden)]
#[macro_export]
macro_rules! __debug { ($($line:tt)+) => { $crate::__log!(Debug, $($line)+) }; }
#[doc(hidden)]
#[macro_export]
macro_rules! __info { ($($line:tt)+) => { $crate::__log!(Info, $($line)+) }; }
#[doc(hidden)]
#[macro_export]
macro_rules! __warn { ($($line:tt)+) => { $crate::__log!(Warn, $($line)+) }; }
#[doc(hidden)]
#[macro_export]
macro_rules! __error { ($($line:tt)+) => { $crate::__log!(Error, $($line)+) }; }

pub use crate::{__debug as debug, __error as error, __info as info, __trace as trace, __warn as warn};
